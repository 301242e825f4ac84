// Starts the server under test and learns its port.
//
// TARGET=trunkline (default): the built programs, newest of target/{release,debug};
//   TRUNKLINE_CONFORMANCE, TRUNKLINE_BENCH, TRUNKLINE_MSGPACK, TRUNKLINE_TYPED_EVENTS, TRUNKLINE_RECOVERY, TRUNKLINE_OLD and TRUNKLINE_SERVER name other
//   paths.
// TARGET=reference: the same fixtures on the npm reference server.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const TARGET = process.env.TARGET ?? "trunkline";
if (!["trunkline", "reference"].includes(TARGET)) {
  throw new Error(`TARGET is "${TARGET}"; expected "trunkline" or "reference"`);
}

const HERE = fileURLToPath(new URL(".", import.meta.url));
const START_LIMIT_MS = 15_000;
const children = new Set();
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));

/** Fixtures A (Engine.IO) and B (Socket.IO) on one port. */
export function startConformance(target = TARGET) {
  return start(fixtureCommand(target, "conformance", "conformance_server", "TRUNKLINE_CONFORMANCE"));
}

/** The fixture with library defaults and the echo, ack, bin and broadcast events. */
export function startBench(target = TARGET, env = {}) {
  return start(fixtureCommand(target, "bench", "bench_server", "TRUNKLINE_BENCH"), env);
}

/** The example whose clients come back to their session; on the reference server a fixture that does the same. */
export function startRecovery(target = TARGET, env = {}) {
  return start(fixtureCommand(target, "recovery", "recovery", "TRUNKLINE_RECOVERY"), env);
}

/** The fixture whose clients speak MessagePack. */
export function startMsgpack(target = TARGET) {
  return start(fixtureCommand(target, "msgpack", "msgpack", "TRUNKLINE_MSGPACK"));
/** The fixture for clients of Socket.IO 2 beside those of today. */
export function startOld(target = TARGET) {
  return start(fixtureCommand(target, "old", "old_clients_server", "TRUNKLINE_OLD"));
}

/** An environment in which the server program has its defaults and asks nobody, whatever the machine has configured. */
export const OFFLINE = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => /^(HOST|PORT)$|^AI_|_API_KEY$|^TRUNKLINE_(?!SERVER|BENCH|CONFORMANCE|OLD)/.test(name))
    .map((name) => [name, undefined]),
);

/** The server program itself; waits until it says where it listens. */
export function startServer(flags = ["--port", "0"], env = {}) {
  return start([serverProgram(), ...flags], env);
}

/** Runs the server program to its end: for flags and mistakes. */
export function runServer(flags, env = {}, limitMs = START_LIMIT_MS) {
  return finish([serverProgram(), ...flags], env, limitMs);
}

async function finish(command, env = {}, limitMs = START_LIMIT_MS) {
  const child = launch(command, env);
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
  const [code, signal] = await child.ended;
  clearTimeout(timer);
  return { code, signal, stdout: child.output.stdout, stderr: child.output.stderr };
}

/** The example of typed events, on a free port. */
export function startTypedEvents() {
  return start([typedEventsProgram(), "--port", "0"]);
}

/** Runs the example of typed events to its end. */
export function runTypedEvents(flags) {
  return finish([typedEventsProgram(), ...flags]);
}

function typedEventsProgram() {
  return program("TRUNKLINE_TYPED_EVENTS", "examples/typed_events");
}

export function serverProgram() {
  return program("TRUNKLINE_SERVER", "trunkline");
}

function fixtureCommand(target, kind, example, variable) {
  return target === "reference"
    ? [process.execPath, `${HERE}../fixtures/reference.mjs`, kind, "--port", "0"]
    : [program(variable, `examples/${example}`), "--port", "0"];
}

function program(variable, name) {
  if (process.env[variable]) return process.env[variable];
  const built = ["release", "debug"]
    .map((profile) => `${HERE}../../target/${profile}/${name}`)
    .map((path) => ({ path, at: statSync(path, { throwIfNoEntry: false })?.mtimeMs }))
    .filter(({ at }) => at !== undefined)
    .sort((left, right) => right.at - left.at);
  if (built.length === 0) {
    throw new Error(`${name} is not built: run \`cargo build --release --bins --examples --features typescript\`, or set ${variable}`);
  }
  return built[0].path;
}

function launch([command, ...args], env) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  child.output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) {
    child[name].setEncoding("utf8").on("data", (text) => (child.output[name] += text));
  }
  child.ended = once(child, "close").finally(() => children.delete(child));
  return child;
}

async function start(command, env = {}) {
  const child = launch(command, env);
  const port = await new Promise((resolve, reject) => {
    const fail = (why) => {
      child.kill("SIGKILL");
      reject(new Error(`${command[0]} ${why}\n${child.output.stdout}${child.output.stderr}`));
    };
    const timer = setTimeout(() => fail("did not say where it listens"), START_LIMIT_MS);
    const look = () => {
      const found = /(?:127\.0\.0\.1|localhost|\[::1\]):(\d+)/.exec(child.output.stdout + child.output.stderr);
      if (!found) return;
      clearTimeout(timer);
      resolve(Number(found[1]));
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.ended.then(
      ([code]) => (clearTimeout(timer), fail(`ended early with ${code}`)),
      (error) => (clearTimeout(timer), reject(error)),
    );
  });
  return {
    port,
    pid: child.pid,
    url: `http://127.0.0.1:${port}`,
    output: child.output,
    signal: (name) => child.kill(name),
    /** [exit code, signal] once the program is over. */
    ended: child.ended,
    async stop() {
      child.kill("SIGKILL");
      await child.ended;
    },
  };
}
