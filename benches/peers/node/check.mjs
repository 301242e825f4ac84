// Checks one server with the real client: every event of the contract, over every way to connect.
// Run it: node check.mjs URL [--floor] [--unordered] [--ways websocket,polling,upgrade]
//
// --floor leaves rooms out, which the floors do not have. --unordered is for servers that are known
// not to keep the order of answers. Exits with 1 if anything is wrong.

import assert from "node:assert/strict";
import { io } from "socket.io-client";

const PATIENCE_MS = 5_000;
const WAYS = {
  websocket: { transports: ["websocket"] },
  polling: { transports: ["polling"] },
  upgrade: { transports: ["polling", "websocket"] },
};

const [url, ...given] = process.argv.slice(2);
const isFloor = given.includes("--floor");
const isOrdered = !given.includes("--unordered");
const at = given.indexOf("--ways");
const ways = at < 0 ? Object.keys(WAYS) : given[at + 1].split(",");
if (!url || ways.some((way) => !WAYS[way])) {
  console.error("node check.mjs URL [--floor] [--unordered] [--ways websocket,polling,upgrade]");
  process.exit(2);
}

/** Refuses a promise that takes too long, and says what was waited for. */
function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Whether what came is what was sent. */
function assertCame(came, sent) {
  if (isOrdered) assert.deepEqual(came, sent);
  else assert.deepEqual(came.toSorted(), sent.toSorted());
}

/** The first `count` arguments of an event, in the order in which they come. */
function collect(socket, event, count) {
  const seen = [];
  return within(
    new Promise((resolve) => {
      socket.on(event, function note(argument) {
        seen.push(argument);
        if (seen.length < count) return;
        socket.off(event, note);
        resolve(seen);
      });
    }),
    event,
  );
}

async function connect(way) {
  const socket = io(url, { ...WAYS[way], forceNew: true, reconnection: false });
  const connected = new Promise((resolve, reject) => {
    socket.on("connect", resolve);
    socket.on("connect_error", reject);
  });
  await within(connected, "connect");
  if (way === "upgrade") {
    const { engine } = socket.io;
    if (engine.transport.name !== "websocket") {
      await within(new Promise((resolve) => engine.once("upgrade", resolve)), "upgrade");
    }
  }
  return socket;
}

const checks = {
  async echo(socket) {
    const texts = ["", "plain", 'quotes " and \\', "Grüße, 世界 \u{1f600}", "x".repeat(100_000)];
    const came = collect(socket, "echo", texts.length);
    for (const text of texts) socket.emit("echo", text);
    assertCame(await came, texts);
  },
  async ack(socket) {
    const texts = ["one", "two, with a comma", "[3]"];
    const answers = texts.map((text) => socket.timeout(PATIENCE_MS).emitWithAck("ack", text));
    assert.deepEqual(await Promise.all(answers), texts);
  },
  async bin(socket) {
    const bytes = Buffer.from(Array.from({ length: 1024 }, (_, i) => i & 255));
    const came = collect(socket, "bin", 2);
    socket.emit("bin", bytes);
    socket.emit("bin", Buffer.alloc(0));
    const [first, second] = await came;
    assertCame([first, second].map((one) => Buffer.from(one).toString("hex")), [bytes.toString("hex"), ""]);
  },
  async broadcast(socket, way) {
    const other = await connect(way);
    const came = [socket, other].map((one) => collect(one, "broadcast", 2));
    socket.emit("broadcast", "to all");
    socket.emit("broadcast", "again");
    for (const texts of await Promise.all(came)) assertCame(texts, ["to all", "again"]);
    other.disconnect();
  },
  async chat(socket, way) {
    const [member, stranger] = [await connect(way), await connect(way)];
    const join = (one, room) => one.timeout(PATIENCE_MS).emitWithAck("join", room);
    await Promise.all([join(socket, "in"), join(member, "in"), join(stranger, "out")]);
    stranger.on("chat", (message) => assert.equal(message, "elsewhere"));
    const came = [socket, member].map((one) => collect(one, "chat", 2));
    socket.emit("chat", "in", "first");
    socket.emit("chat", "in", "second");
    for (const texts of await Promise.all(came)) assertCame(texts, ["first", "second"]);
    const apart = collect(stranger, "chat", 1);
    stranger.emit("chat", "out", "elsewhere");
    await apart;
    member.disconnect();
    stranger.disconnect();
  },
};
if (isFloor) delete checks.chat;

/** What was wrong, without the long texts that were sent. */
function brief(error) {
  return error.message.replace(/x{50,}/g, "x…x").replace(/(?:[0-9a-f]{2}){50,}/g, "…").split("\n").filter(Boolean).join(" ");
}

let failures = 0;
for (const way of ways) {
  for (const [name, check] of Object.entries(checks)) {
    try {
      const socket = await connect(way);
      await check(socket, way);
      socket.disconnect();
    } catch (error) {
      failures += 1;
      console.error(`FAILED ${way} ${name}: ${brief(error)}`);
    }
  }
  console.log(`${way}: ${Object.keys(checks).join(", ")}`);
}
console.log(failures === 0 ? "all as agreed" : `${failures} failed`);
process.exit(failures === 0 ? 0 : 1);
