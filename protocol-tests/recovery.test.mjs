// Official clients that are cut off without a close frame and come back: what they missed arrives, once and in order.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { io } from "socket.io-client";
import { startRecovery, TARGET } from "./support/target.mjs";
import { event, within } from "./support/client.mjs";

const WAYS = [
  { name: "websocket", transports: ["websocket"] },
  // The reference keeps a session that was not seen to end.
  ...(TARGET === "reference" ? [] : [{ name: "polling", transports: ["polling"] }]),
  { name: "polling, then an upgrade", transports: ["polling", "websocket"] },
];
const REFERENCE_CANNOT = TARGET === "reference" && "the reference cannot";
const open = new Set();
let server, brief;

before(async () => {
  server = await startRecovery(TARGET, { TICKS_PER_SECOND: "1" });
  brief = await startRecovery(TARGET, { MAX_DISCONNECTION_MS: "1" });
});
after(async () => {
  for (const socket of open) socket.close();
  await server?.stop();
  await brief?.stop();
});

/** A client that notes what is sent to it, and comes back only when it is told to. */
async function join(way, namespace = "/", at = server) {
  const socket = io(at.url + namespace, { transports: way.transports, forceNew: true, reconnection: false });
  open.add(socket);
  socket.sent = [];
  socket.on("sent", (text, bytes) => socket.sent.push(bytes ? [text, ...new Uint8Array(bytes)] : text));
  await event(socket, "connect");
  const { engine } = socket.io;
  if (way.transports.length > 1 && engine.transport.name !== "websocket") await event(engine, "upgrade");
  assert.equal(socket.recovered, false);
  return socket;
}

/** Cuts the connection: a WebSocket without a close frame; on polling nothing more is asked for, and the server cannot know. */
async function cut(socket) {
  const gone = event(socket, "disconnect");
  const { engine } = socket.io;
  if (engine.transport.ws) engine.transport.ws.terminate();
  else forget(engine);
  await gone;
}

/** The client takes its connection for dead and does not tell the server. */
function forget(engine) {
  engine.transport.doClose = () => {};
  engine._onClose("transport close");
}

async function comeBack(socket) {
  const connected = event(socket, "connect");
  socket.connect();
  await connected;
}

/** Until everything that was sent before has arrived. */
async function settled(socket, teller, room = "everybody") {
  const mark = `mark ${Math.random()}`;
  const arrived = within((async () => {
    while (socket.sent.at(-1) !== mark) await sleep(5);
  })(), "the mark");
  await send(teller, room, mark);
  await arrived;
  socket.sent.pop();
}

/** Has the server send something; done when it has. */
const send = (teller, room, text, bytes = null) => teller.emitWithAck("send", room, text, bytes);

for (const way of WAYS) {
  describe(`recovery, ${way.name}`, () => {
    it("sends what was missed, binary and rooms included, and again the next time", async () => {
      const [socket, teller] = [await join(way), await join(WAYS[0])];
      await socket.emitWithAck("join", "mine");
      const { id } = socket;
      await send(teller, "mine", "before");
      await settled(socket, teller, "mine");
      const expected = ["before"];
      for (const round of [1, 2, 3]) {
        await cut(socket);
        await send(teller, "everybody", `all ${round}`);
        await send(teller, "nobody", "not for it");
        await send(teller, "mine", `bytes ${round}`, Buffer.from([round, 0, 255]));
        await send(teller, id, `direct ${round}`);
        await comeBack(socket);
        assert.equal(socket.recovered, true);
        assert.equal(socket.id, id);
        await settled(socket, teller, "mine");
        expected.push(`all ${round}`, [`bytes ${round}`, round, 0, 255], `direct ${round}`);
        assert.deepEqual(socket.sent, expected);
      }
      socket.close();
      teller.close();
    });

    it("recovers a session that has got no event yet, and a quiet one", { skip: REFERENCE_CANNOT }, async () => {
      const [socket, teller] = [await join(way, "/other"), await join(WAYS[0], "/other")];
      const { id } = socket;
      await cut(socket);
      await comeBack(socket);
      assert.deepEqual([socket.recovered, socket.id, socket.sent], [true, id, []]);
      await cut(socket);
      await send(teller, "everybody", "first");
      await comeBack(socket);
      assert.deepEqual([socket.recovered, socket.id], [true, id]);
      await settled(socket, teller);
      assert.deepEqual(socket.sent, ["first"]);
      socket.close();
      teller.close();
    });

    const unnoticed = way.name === "polling" && "the server does not know that it is gone";
    it("begins anew when it is too late", { skip: unnoticed }, async () => {
      const socket = await join(way, "/", brief);
      const { id } = socket;
      await cut(socket);
      await sleep(50);
      await comeBack(socket);
      assert.equal(socket.recovered, false);
      assert.notEqual(socket.id, id);
      socket.close();
    });
  });
}

describe("recovery", () => {
  it("takes a session over from a connection that only the client knows to be dead", { skip: REFERENCE_CANNOT }, async () => {
    const [socket, teller] = [await join(WAYS[0]), await join(WAYS[0])];
    const { id } = socket;
    await send(teller, id, "one");
    await settled(socket, teller, id);
    // The server hears nothing of this.
    const dead = socket.io.engine.transport.ws;
    dead._socket.pause();
    const gone = event(socket, "disconnect");
    forget(socket.io.engine);
    await gone;
    await send(teller, id, "two");
    await comeBack(socket);
    assert.deepEqual([socket.recovered, socket.id], [true, id]);
    await settled(socket, teller, id);
    assert.deepEqual(socket.sent, ["one", "two"]);
    dead.terminate();
    socket.close();
    teller.close();
  });

  it("does not bring back who left, or was never here", async () => {
    const socket = await join(WAYS[0]);
    const { id } = socket;
    socket.disconnect();
    await comeBack(socket);
    assert.equal(socket.recovered, false);
    assert.notEqual(socket.id, id);
    socket._pid = "guess";
    await cut(socket);
    await comeBack(socket);
    assert.equal(socket.recovered, false);
    socket.close();
  });
});
