// Seeds faults into a copy of the server, one at a time, and sees that the transcripts notice each of them.
//
//   node faults.mjs [name …]
//
// Each row: a file, what stands there, what it becomes, and transcripts that must then differ from the reference. A row
// whose text is no longer there fails, so that the table follows the code. Builds in `.cache/faults`.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { faults } from "./fixtures/faults.mjs";
import { variableOf } from "./support/target.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const COPY = `${ROOT}.cache/faults/`;
const TARGET = `${COPY}target`;
const PARTS = ["Cargo.toml", "Cargo.lock", "src", "examples", "benches", "trunkline-macros", "README.md", "tests"];
const EXAMPLES = ["conformance_server", "bench_server", "blackbox_server", "options_server", "client_suite_server",
  "engine_suite_server", "old_clients_server"];
const ENV = Object.fromEntries(EXAMPLES.map((example) => [variableOf(example), `${TARGET}/debug/examples/${example}`]));

const chosen = process.argv.slice(2);
const todo = faults.filter(({ name }) => chosen.length === 0 || chosen.includes(name));
copy();
run("the unharmed copy", "cargo", build(), COPY, true);
let unnoticed = 0;
for (const [at, fault] of todo.entries()) {
  const verdict = seed(fault);
  if (verdict !== "noticed") unnoticed += 1;
  console.log(`${String(at + 1).padStart(2)}/${todo.length}  ${verdict.padEnd(10)} ${fault.name}  (${fault.transcripts.join(", ")})`);
}
console.log(`faults: ${todo.length}, noticed ${todo.length - unnoticed}`);
process.exitCode = unnoticed === 0 ? 0 : 1;

/** Breaks one place, builds, plays the fault's transcripts, mends the place. */
function seed({ file, from, to, transcripts }) {
  const path = `${COPY}${file}`;
  const source = readFileSync(path, "utf8");
  if (source.split(from).length !== 2) return "STALE";
  writeFileSync(path, source.replace(from, () => to));
  try {
    if (!run("build", "cargo", build(), COPY)) return "NO BUILD";
    const played = spawnSync(process.execPath, ["transcripts/run.mjs", ...transcripts], {
      cwd: `${ROOT}protocol-tests`, env: { ...process.env, ...ENV, TARGET: "trunkline" }, encoding: "utf8",
    });
    const missed = transcripts.filter((id) => !new RegExp(`^${id}  (DIFFERS|STALE)`, "m").test(played.stdout));
    return missed.length === 0 ? "noticed" : "UNNOTICED";
  } finally {
    writeFileSync(path, source);
  }
}

function build() {
  return ["build", "--quiet", "--target-dir", TARGET, ...EXAMPLES.flatMap((example) => ["--example", example])];
}

function copy() {
  mkdirSync(COPY, { recursive: true });
  for (const part of PARTS) {
    rmSync(`${COPY}${part}`, { recursive: true, force: true });
    // What the build makes beside its sources is not wanted.
    cpSync(`${ROOT}${part}`, `${COPY}${part}`, {
      recursive: true, preserveTimestamps: true, filter: (path) => !/\/(target|node_modules)$/.test(path),
    });
  }
}

function run(what, command, args, cwd, mustSucceed = false) {
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0 && mustSucceed) throw new Error(`${what}: ${stderr}`);
  return status === 0;
}
