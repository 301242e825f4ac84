// Every client over every transport through one story against one server, and the table of it in docs/clients.md.
//
// The story stands in `story/javascript.mjs`, `python/story.py` and `rust-client`. UPDATE=1 writes the table anew.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import * as newest from "socket.io-client";
import client2 from "sio2";
import client31 from "sio31";
import client40 from "sio40";
import parser from "socket.io-msgpack-parser";
import { javascriptSteps } from "./story/javascript.mjs";
import { startProxy } from "./support/proxy.mjs";
import { startEvery, TARGET } from "./support/target.mjs";

const STEPS = [
  "connect", "events", "binary", "asks", "answers", "namespaces", "rooms", "refusal", "disconnect", "reconnect", "recovery",
  "large", "crowd",
];
const WAYS = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] };
const PROGRAM_LIMIT_MS = 120_000;
const DOCUMENT = new URL("../docs/clients.md", import.meta.url);
const MARKS = ["<!-- The table begins: written by protocol-tests/matrix.test.mjs -->\n", "<!-- The table ends -->"];
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const version = (name) => createRequire(import.meta.url)(`${name}/package.json`).version;
const text = (relative) => readFileSync(path(relative), "utf8");
const pinned = (name) => new RegExp(`^${name}(?:\\[.*\\])?==(.*)$`, "m").exec(text("python/requirements.txt"))[1];
const locked = (name) => new RegExp(`name = "${name}"\\nversion = "(.*)"`).exec(text("rust-client/Cargo.lock"))[1];

const python = findPython();
const rust = findRust();
const CLIENTS = [
  { name: `socket.io-client ${version("sio2")}`, needs: "`allow_eio3`", io: client2, old: true },
  { name: `socket.io-client ${version("sio31")}`, io: client31 },
  { name: `socket.io-client ${version("sio40")}`, io: client40.io ?? client40 },
  { name: `socket.io-client ${version("socket.io-client")}`, io: newest.io, recovers: true },
  {
    name: `socket.io-client ${version("socket.io-client")} with socket.io-msgpack-parser ${version("socket.io-msgpack-parser")}`,
    needs: "`MsgpackParser`", io: newest.io, options: { parser }, recovers: true, msgpack: true,
  },
  ...["asyncio", "threaded", "msgpack"].map((kind) => ({
    name: `python-socketio ${pinned("python-socketio")}, ${{ asyncio: "asyncio", threaded: "threads", msgpack: "asyncio, MessagePack" }[kind]}`,
    needs: kind === "msgpack" ? "`MsgpackParser`" : "", missing: python.missing, msgpack: kind === "msgpack",
    command: (way, url) => [python.program, path("python/story.py"), kind, way, url],
  })),
  { name: `rust_socketio ${locked("rust_socketio")}`, missing: rust.missing, command: (way, url) => [rust.program, way, url] },
];

/** The virtual environment with the Python client; it is made where it can be. */
function findPython() {
  const made = spawnSync(path("python/install"), { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  return made.status === 0 ? { program: made.stdout.trim() } : { missing: "the Python client is missing: python/install says why" };
}

function findRust() {
  const program = process.env.TRUNKLINE_RUST_CLIENT ?? path("rust-client/target/debug/trunkline-rust-client");
  return existsSync(program) ? { program } : { missing: "the Rust client is not built: run `cargo build` in rust-client" };
}

/** Cut off between two GETs, the reference has not seen the session's end, and so has none that could come back. */
const REFERENCE_CANNOT = TARGET === "reference" && "the reference recovers over polling only if a GET waited when it was cut";

const ours = {};
/** Results by client, transport and step. */
const told = new Map();

before(async () => {
  const flags = { plain: [], msgpack: ["--msgpack"], recovering: ["--recovery"], both: ["--msgpack", "--recovery"] };
  await Promise.all(Object.entries(flags).map(async ([name, flags]) => (ours[name] = await startEvery(flags))));
});
after(() => Promise.all(Object.values(ours).map((server) => server.stop())));

function note(client, way, step, result) {
  if (!told.has(client)) told.set(client, {});
  (told.get(client)[way] ??= {})[step] = result;
}

/** The story in this process, step by step. */
function tellHere(client, way) {
  let story, proxies;
  before(async () => {
    const servers = client.msgpack ? [ours.msgpack, ours.both] : [ours.plain, ours.recovering];
    proxies = await Promise.all(servers.map(startProxy));
    story = javascriptSteps(client, WAYS[way], ...proxies);
  });
  after(() => {
    story?.close();
    proxies?.forEach((proxy) => proxy.stop());
  });
  for (const step of STEPS) {
    const skip = step === "recovery" && client.recovers && way === "polling" && REFERENCE_CANNOT;
    it(step, { skip }, async () => {
      note(client, way, step, "failed");
      note(client, way, step, (await story.steps[step]()) ?? "yes");
    });
  }
}

/** The story in a program of its own. */
function tellElsewhere(client, way) {
  let results;
  before(async () => {
    const proxy = await startProxy(client.msgpack ? ours.msgpack : ours.plain);
    results = await run(client.command(way, proxy.url), proxy).finally(() => proxy.stop());
  });
  for (const step of STEPS) {
    it(step, () => {
      const result = results[step] ?? "failed: the program ended before";
      note(client, way, step, result);
      assert.ok(!result.startsWith("failed"), result);
    });
  }
}

/** Results by step; the proxy is cut where the program says so. */
async function run([program, ...args], proxy) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"], timeout: PROGRAM_LIMIT_MS, killSignal: "SIGKILL" });
  const results = {};
  for await (const line of createInterface({ input: child.stdout })) {
    const { cut, step, result } = JSON.parse(line);
    if (cut === true) proxy.cut();
    else if (cut === false) proxy.restore();
    else results[step] = result;
  }
  return results;
}

describe("the story", { concurrency: 4 }, () => {
  for (const client of CLIENTS) {
    for (const way of Object.keys(WAYS)) {
      const skip = !process.env.CI || process.env.CI === "false" ? client.missing : false;
      describe(`${client.name}, ${way}`, { concurrency: 1, skip }, () => {
        it("is there", () => assert.equal(client.missing, undefined));
        if (client.missing) return;
        (client.command ? tellElsewhere : tellHere)(client, way);
      });
    }
  }
});

/** How a cell is written; `why` collects what stands below the table. */
function cell(result, why) {
  if (result === "yes") return "yes";
  if (result === "-") return "–";
  const [word, reason] = result.split(/: (.*)/s);
  if (!reason || !["part", "no"].includes(word)) return "**failed**";
  if (!why.includes(reason)) why.push(reason);
  return `${word} [${why.indexOf(reason) + 1}]`;
}

/** Rows of the clients that were there; transports with the same results share one if they may. */
function rows(why, share) {
  return CLIENTS.filter((client) => told.has(client)).flatMap((client) => {
    const lines = new Map();
    for (const way of Object.keys(WAYS)) {
      const results = told.get(client)[way] ?? {};
      const cells = STEPS.map((step) => cell(results[step] ?? "failed", why)).join(" | ");
      lines.set(share ? cells : way, [...(lines.get(share ? cells : way) ?? []), [way, cells]]);
    }
    return [...lines.values()].map((same) => `| ${client.name} | ${client.needs || "–"} | ${same.map(([way]) => way).join(", ")} | ${same[0][1]} |`);
  });
}

function table(share) {
  const why = [];
  const head = ["Client", "Server option", "Transports", ...STEPS];
  const lines = [`| ${head.join(" | ")} |`, `|${head.map(() => "---").join("|")}|`, ...rows(why, share)];
  const below = why.map((reason, at) => `${at + 1}. ${reason[0].toUpperCase()}${reason.slice(1)}.`);
  return `${lines.join("\n")}\n${below.length > 0 ? `\n${below.join("\n")}\n` : ""}`;
}

describe("the table", () => {
  it("in docs/clients.md says what the clients did", { skip: TARGET === "reference" && "it is about the other server" }, (test) => {
    test.diagnostic(`\n${table(false)}`);
    const document = readFileSync(DOCUMENT, "utf8");
    const [start, end] = [document.indexOf(MARKS[0]) + MARKS[0].length, document.indexOf(MARKS[1])];
    assert.ok(start >= MARKS[0].length && end >= start, "the table's marks");
    const missing = CLIENTS.filter((client) => client.missing);
    if (missing.length > 0) {
      for (const { name, missing: why } of missing) test.diagnostic(`SKIPPED: the rows of ${name} (${why})`);
      // Numbers of notes depend on the rows before; those of clients that are there need none.
      for (const row of rows([], true)) assert.ok(document.slice(start, end).includes(row), `docs/clients.md has not:\n${row}`);
      return;
    }
    const now = `\n${table(true)}\n`;
    if (process.env.UPDATE) writeFileSync(DOCUMENT, document.slice(0, start) + now + document.slice(end));
    else assert.equal(document.slice(start, end), now, "UPDATE=1 writes the table anew");
  });
});
