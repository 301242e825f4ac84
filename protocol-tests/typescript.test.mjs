// The declaration that examples/typed_events.rs writes of its events: the real compiler takes it together with the
// types of socket.io-client, refuses what is wrong, and a program that compiles finds at run time what it was promised.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { TARGET, runTypedEvents, startTypedEvents } from "./support/target.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const TSC = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
const OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  // Else nobody looks into the declaration, nor into the client's.
  skipLibCheck: false,
  module: "nodenext",
  target: "es2022",
  lib: ["es2022", "dom"],
  types: ["node"],
  rootDir: ".",
  outDir: "built",
};
const LIMIT_MS = 120_000;
const skip = TARGET === "reference" && "the reference writes no types";
let folder;

/** Runs Node in the folder: its exit code and all it said. */
async function node(...args) {
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"], timeout: LIMIT_MS });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  const [code] = await once(child, "close");
  return { code, said };
}

/** Compiles files of the folder. */
async function compile(...files) {
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: OPTIONS, files }));
  return node(TSC, "--project", "tsconfig.json", "--pretty", "false");
}

describe("the types of declared events", { skip }, () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "trunkline-typescript-"));
    await symlink(join(HERE, "node_modules"), join(folder, "node_modules"), "dir");
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    for (const name of ["board.ts", "board-wrong.ts"]) await copyFile(join(HERE, "fixtures", name), join(folder, name));
    const { code, stderr } = await runTypedEvents(["--typescript", join(folder, "events.d.ts")]);
    assert.equal(code, 0, stderr);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("a client compiles with the declaration, and is told the truth", async () => {
    const { code, said } = await compile("board.ts");
    assert.equal(code, 0, said);
    const server = await startTypedEvents();
    try {
      assert.deepEqual(await node("built/board.js", server.url), { code: 0, said: "the types are true\n" });
    } finally {
      await server.stop();
    }
  });

  it("every wrong use is refused", async () => {
    const { code, said } = await compile("board-wrong.ts");
    assert.equal(code, 0, said);
    // The same without the expectations: each becomes an error.
    const text = await readFile(join(folder, "board-wrong.ts"), "utf8");
    const expected = text.match(/@ts-expect-error/g).length;
    await writeFile(join(folder, "unexpected.ts"), text.replaceAll("@ts-expect-error", ""));
    const unexpected = await compile("unexpected.ts");
    assert.notEqual(unexpected.code, 0);
    const lines = new Set(unexpected.said.match(/^unexpected\.ts\(\d+,/gm));
    assert.equal(lines.size, expected, unexpected.said);
  });
});
