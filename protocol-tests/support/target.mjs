// Starts the server under test and learns its port.
//
// TARGET=trunkline (default): the built programs, newest of target/{release,debug};
//   TRUNKLINE_SERVER names another program, TRUNKLINE_CONFORMANCE_SERVER and the like another example.
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

/** Each fixture: how it is started on the reference server, and the example of ours that is the same. */
const FIXTURE = {
  // Fixtures A (Engine.IO) and B (Socket.IO) on one port.
  conformance: { reference: "reference.mjs conformance", example: "conformance_server" },
  // Library defaults and the echo, ack, bin and broadcast events.
  bench: { reference: "reference.mjs bench", example: "bench_server" },
  // Clients of Socket.IO 2 beside those of today.
  old: { reference: "reference.mjs old", example: "old_clients_server" },
  // Clients of every kind, for one story.
  every: { reference: "reference.mjs every", example: "every_client_server" },
  // Clients that speak MessagePack.
  msgpack: { reference: "reference.mjs msgpack", example: "msgpack" },
  // Clients that come back to their session.
  comeback: { reference: "reference.mjs recovery", example: "recovery" },
  // Rooms, broadcasts, acknowledgements, leaving, listeners, dynamic namespaces; with and without recovery.
  blackbox: { reference: "blackbox.mjs", example: "blackbox_server" },
  recovery: { reference: "blackbox.mjs", example: "blackbox_server", flags: ["--recovery"] },
  // Engine.IO with other options, each under a path of its own.
  options: { reference: "options.mjs", example: "options_server" },
  // The servers of the official client suites.
  client: { reference: "suites.mjs client", example: "client_suite_server" },
  engine: { reference: "suites.mjs engine", example: "engine_suite_server" },
};

export const FIXTURES = Object.keys(FIXTURE);

/** The variable that names another program for an example. */
export function variableOf(example) {
  return `TRUNKLINE_${example.toUpperCase()}`;
}

/** Starts a fixture by its name. */
export function startFixture(name, target = TARGET, env = {}, more = []) {
  const { reference, example, flags = [] } = FIXTURE[name];
  const [file, ...kind] = reference.split(" ");
  const command = target === "reference"
    ? [process.execPath, `${HERE}../fixtures/${file}`, ...kind]
    : [program(variableOf(example), `examples/${example}`)];
  return start([...command, "--port", "0", ...flags, ...more], env);
}

export const startConformance = (target) => startFixture("conformance", target);
export const startBench = (target, env) => startFixture("bench", target, env);
export const startRecovery = (target, env) => startFixture("comeback", target, env);
export const startMsgpack = (target) => startFixture("msgpack", target);
/** Flags: `--msgpack`, `--recovery`. */
export const startEvery = (flags, target) => startFixture("every", target, {}, flags);
export const startOld = (target) => startFixture("old", target);

/** An environment in which the server program has its defaults and asks nobody, whatever the machine has configured. */
export const OFFLINE = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => /^(HOST|PORT)$|^AI_|_API_KEY$|^TRUNKLINE_/.test(name))
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

/** An example for readers, on a free port. */
export function startExample(name, env = {}) {
  const path = program(variableOf(name), `examples/${name}`);
  return start([path], { ...OFFLINE, CLIENT: undefined, PORT: "0", ...env });
}

function typedEventsProgram() {
  return program(variableOf("typed_events"), "examples/typed_events");
}

export function serverProgram() {
  return program("TRUNKLINE_SERVER", "trunkline");
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
