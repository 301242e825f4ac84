// The official clients against both fixtures: each way of connecting, and what the client sees of each way to part.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { io } from "socket.io-client";
import { Socket as EngineSocket } from "engine.io-client";
import { startBench, startConformance } from "./support/target.mjs";
import { event, within } from "./support/client.mjs";

const WAYS = [
  { name: "polling only", transports: ["polling"] },
  { name: "websocket only", transports: ["websocket"] },
  { name: "polling, then an upgrade", transports: ["polling", "websocket"], upgrades: true },
];
const CROWD = 200;
const open = new Set();
let server, bench;

before(async () => {
  server = await startConformance();
  bench = await startBench();
});
after(async () => {
  for (const socket of open) socket.close();
  await server?.stop();
  await bench?.stop();
});

function connect(way, namespace = "/", options = {}, at = server) {
  const socket = io(at.url + namespace, { transports: way.transports, forceNew: true, reconnection: false, ...options });
  open.add(socket);
  return socket;
}

/** Waits until an upgrading client has done so; the others are there already. */
async function settled(way, socket) {
  const { engine } = socket.io;
  if (way.upgrades && engine.transport.name !== "websocket") await event(engine, "upgrade");
  assert.equal(engine.transport.name, way.transports.at(-1));
}

for (const way of WAYS) {
  describe(`socket.io-client, ${way.name}`, () => {
    it("connects with its own id", async () => {
      const socket = connect(way);
      await event(socket, "connect");
      assert.match(socket.id, /^[\w-]{10,}$/);
      assert.notEqual(socket.id, socket.io.engine.id);
      await settled(way, socket);
      socket.close();
    });

    it("hands over auth", async () => {
      const socket = connect(way, "/", { auth: { token: "abc", n: [1, null] } });
      assert.deepEqual(await event(socket, "auth"), [{ token: "abc", n: [1, null] }]);
      socket.close();
    });

    it("sends events and gets events, before and after an upgrade", async () => {
      const socket = connect(way);
      socket.emit("message", "early", { a: [true, null, 1.5] });
      assert.deepEqual(await event(socket, "message-back"), ["early", { a: [true, null, 1.5] }]);
      await settled(way, socket);
      socket.emit("message", "late", "wörld 😀");
      assert.deepEqual(await event(socket, "message-back"), ["late", "wörld 😀"]);
      socket.close();
    });

    it("sends and gets binary", async () => {
      const socket = connect(way);
      socket.emit("message", Buffer.from([1, 2, 3]), { deep: [Buffer.from([4]), "x"] }, Buffer.alloc(0));
      const [first, { deep }, last] = await event(socket, "message-back");
      assert.deepEqual([Buffer.from(first), Buffer.from(deep[0]), deep[1], last.length ?? last.byteLength], [Buffer.from([1, 2, 3]), Buffer.from([4]), "x", 0]);
      socket.close();
    });

    it("gets acknowledgements, with binary too", async () => {
      const socket = connect(way);
      assert.equal(await within(socket.emitWithAck("message-with-ack", "x"), "the answer"), "x");
      assert.deepEqual(Buffer.from(await within(socket.emitWithAck("message-with-ack", Buffer.from([7, 8])), "the answer")), Buffer.from([7, 8]));
      socket.close();
    });

    it("gets no acknowledgement where nobody listens", async () => {
      const socket = connect(way);
      await event(socket, "connect");
      await assert.rejects(socket.timeout(100).emitWithAck("nobody listens"), /timed out/);
      socket.close();
    });

    it("keeps the order of many events", async () => {
      const socket = connect(way);
      const got = [];
      const all = new Promise((resolve) => socket.on("message-back", (n) => got.push(n) === 300 && resolve()));
      for (let n = 0; n < 300; n++) {
        socket.emit("message", n);
        if (n % 50 === 0) await sleep(5);
      }
      await within(all, "all events");
      assert.deepEqual(got, Array.from({ length: 300 }, (_, n) => n));
      socket.close();
    });

    it("sends and gets 300 kB", async () => {
      const socket = connect(way);
      const [text, bytes] = ["é".repeat(100_000), Buffer.alloc(300_000, 5)];
      assert.equal(await within(socket.emitWithAck("message-with-ack", text), "the text"), text);
      assert.ok(bytes.equals(await within(socket.emitWithAck("message-with-ack", bytes), "the bytes")));
      socket.close();
    });

    it("has several namespaces on one connection", async () => {
      const main = connect(way, "/", { auth: { who: "main" } });
      await event(main, "connect");
      const custom = main.io.socket("/custom", { auth: { who: "custom" } });
      assert.deepEqual(await event(custom, "auth"), [{ who: "custom" }]);
      assert.notEqual(main.id, custom.id);
      custom.disconnect();
      main.emit("message", "still here");
      assert.deepEqual(await event(main, "message-back"), ["still here"]);
      main.close();
    });

    it("is told that a namespace does not exist", async () => {
      const socket = connect(way, "/nobody");
      const [error] = await event(socket, "connect_error");
      assert.equal(error.message, "Invalid namespace");
      assert.equal(error.data, undefined);
      socket.close();
    });

    it("lives through many heartbeats", async () => {
      const socket = connect(way);
      await event(socket, "connect");
      const ended = event(socket, "disconnect").catch(() => "stayed");
      await sleep(1200);
      assert.equal(await within(socket.emitWithAck("message-with-ack", 1), "the answer"), 1);
      socket.close();
      assert.deepEqual((await ended)[0], "io client disconnect");
    });

    it("leaves: io client disconnect", async () => {
      const socket = connect(way);
      await event(socket, "connect");
      const ended = event(socket, "disconnect");
      socket.disconnect();
      assert.equal((await ended)[0], "io client disconnect");
    });

    it("breaks the protocol: transport close", async () => {
      const socket = connect(way);
      await event(socket, "connect");
      await settled(way, socket);
      const ended = event(socket, "disconnect");
      socket.io.engine.write("not a packet");
      assert.equal((await ended)[0], "transport close");
    });

    it("comes back after its engine closed", async () => {
      const socket = connect(way, "/", { reconnection: true, reconnectionDelay: 10 });
      await event(socket, "connect");
      const first = socket.id;
      const ended = event(socket, "disconnect");
      socket.io.engine.close();
      assert.equal((await ended)[0], "forced close");
      await event(socket, "connect");
      assert.notEqual(socket.id, first);
      socket.close();
    });
  });

  describe(`engine.io-client, ${way.name}`, () => {
    const engine = () => {
      const socket = new EngineSocket(server.url, { path: "/engine.io/", transports: way.transports });
      socket.binaryType = "nodebuffer";
      open.add(socket);
      return socket;
    };

    it("opens, echoes text and binary, upgrades", async () => {
      const socket = engine();
      await event(socket, "open");
      socket.send("héllo");
      assert.deepEqual(await event(socket, "message"), ["héllo"]);
      if (way.upgrades && socket.transport.name !== "websocket") await event(socket, "upgrade");
      socket.send(Buffer.from([1, 2, 3]));
      const [bytes] = await event(socket, "message");
      assert.deepEqual(Buffer.from(bytes), Buffer.from([1, 2, 3]));
      assert.equal(socket.transport.name, way.transports.at(-1));
      socket.close();
    });

    it("keeps the order of many messages across the upgrade", async () => {
      const socket = engine();
      const got = [];
      const all = new Promise((resolve) => socket.on("message", (text) => got.push(text) === 200 && resolve()));
      await event(socket, "open");
      for (let n = 0; n < 200; n++) {
        socket.send(`${n}`);
        if (n % 20 === 0) await sleep(5);
      }
      await within(all, "all messages");
      assert.deepEqual(got, Array.from({ length: 200 }, (_, n) => `${n}`));
      socket.close();
    });

    it("closes: forced close", async () => {
      const socket = engine();
      await event(socket, "open");
      const ended = event(socket, "close");
      socket.close();
      assert.equal((await ended)[0], "forced close");
    });

    it("lives through many heartbeats", async () => {
      const socket = engine();
      await event(socket, "open");
      await sleep(1200);
      assert.equal(socket.readyState, "open");
      socket.send("alive");
      assert.deepEqual(await event(socket, "message"), ["alive"]);
      socket.close();
    });
  });
}

describe("the server goes away", () => {
  for (const way of WAYS.slice(0, 2)) {
    it(`${way.name}: the client sees it`, async () => {
      const own = await startConformance();
      const socket = connect(way, "/", {}, own);
      await event(socket, "connect");
      const ended = event(socket, "disconnect");
      await own.stop();
      // A cut TCP connection closes a WebSocket and fails a poll.
      assert.equal((await ended)[0], way.name === "polling only" ? "transport error" : "transport close");
      socket.close();
    });
  }
});

describe("library defaults", () => {
  for (const way of WAYS) {
    it(`${way.name}: echo, ack and bin`, async () => {
      const socket = connect(way, "/", {}, bench);
      socket.emit("echo", 1, "two", { three: [] });
      assert.deepEqual(await event(socket, "echo"), [1, "two", { three: [] }]);
      assert.equal(await within(socket.emitWithAck("ack", "x"), "the answer"), "x");
      socket.emit("bin", Buffer.from([1, 2]));
      assert.deepEqual(Buffer.from((await event(socket, "bin"))[0]), Buffer.from([1, 2]));
      socket.close();
    });
  }
});

describe(`${CROWD} clients at once`, () => {
  it("each gets its own answers, and one broadcast reaches all", { timeout: 60_000 }, async () => {
    const clients = Array.from({ length: CROWD }, (_, n) => connect(WAYS[n % WAYS.length], "/", {}, bench));
    await Promise.all(clients.map((socket) => event(socket, "connect", 30_000)));
    assert.equal(new Set(clients.map(({ id }) => id)).size, CROWD);

    const answers = await Promise.all(clients.map((socket, n) => within(socket.emitWithAck("ack", n), "an answer", 30_000)));
    assert.deepEqual(answers, clients.map((_, n) => n));

    let received = 0;
    const everyone = new Promise((resolve) => {
      for (const socket of clients) socket.on("broadcast", (text) => text === "all" && ++received === CROWD && resolve());
    });
    clients[0].emit("broadcast", "all");
    await within(everyone, "the broadcast", 30_000);
    await sleep(50);
    assert.equal(received, CROWD, "nobody got it twice");
    for (const socket of clients) socket.close();
  });

  it("come and go with a heartbeat of 300 ms", { timeout: 60_000 }, async () => {
    // All of them live in this one process; who misses a pong in the crush comes back.
    const again = { reconnection: true, reconnectionDelay: 50 };
    const clients = Array.from({ length: CROWD }, (_, n) => connect(WAYS[n % WAYS.length], "/custom", again, server));
    await Promise.all(clients.map((socket) => event(socket, "connect", 30_000)));
    for (const socket of clients) socket.close();
  });
});
