// The story as the JavaScript clients tell it; `python/story.py` and `rust-client` tell the same one.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { event, within } from "../support/client.mjs";

const PATIENCE_MS = 10_000;
const BYTES = Buffer.from([0, 1, 2, 253, 254, 255]);
const VALUES = [
  null, true, false, 0, -7, 1.5, 2 ** 53 - 1, "", "späte €uro 😀", "\u2028\u2029\\n\n\"", [], {}, [[[1]]], { a: { b: [{}, null] } },
];
const EVENTS = 100;
const LARGE = 300_000;
const CROWD = 20;

const next = (emitter, name) => event(emitter, name, PATIENCE_MS);
const numbers = (data) => [...(data instanceof ArrayBuffer ? new Uint8Array(data) : data)];
const answer = (socket, ...args) => within(new Promise((done) => socket.emit(...args, (...answer) => done(answer))), `the answer to "${args[0]}"`, PATIENCE_MS);
let rooms = 0;
const newRoom = () => `room ${process.pid} ${rooms++}`;

/**
 * The steps of one client over one transport. `client` has `io`, `options`, and perhaps `old` (Socket.IO 2) and
 * `recovers`; `proxy` has a `url`, `cut()` and `restore()`; `recovering` is a proxy before a server that keeps sessions.
 */
export function javascriptSteps(client, transports, proxy, recovering) {
  const { io, old } = client;
  const open = new Set();

  function connect(namespace = "/", { auth, at = proxy, ...options } = {}) {
    // Credentials of an old client are the query of its namespace.
    const query = old && auth ? `?${new URLSearchParams(auth)}` : "";
    const socket = io(at.url + namespace + query, {
      transports, forceNew: true, reconnection: false, ...client.options, ...(!old && { auth }), ...options,
    });
    open.add(socket);
    return socket;
  }

  async function connected(...args) {
    const socket = connect(...args);
    await next(socket, "connect");
    await settled(socket);
    return socket;
  }

  async function settled(socket) {
    const { engine } = socket.io;
    if (transports.length > 1 && engine.transport.name !== "websocket") await next(engine, "upgrade");
    assert.equal(engine.transport.name, transports.at(-1));
  }

  async function echoed(socket, ...args) {
    socket.emit("echo", ...args);
    return next(socket, "echo");
  }

  /** Cuts the connection without a close frame; the client comes back by itself. */
  async function cutOff(socket, at) {
    const gone = next(socket, "disconnect");
    at.cut();
    await gone;
    at.restore();
    await next(socket, "connect");
  }

  return {
    close: () => open.forEach((socket) => socket.close()),
    steps: {
      async connect() {
        const auth = { token: "a b&c=ü", x: "1" };
        const socket = connect(old ? "/custom" : "/", { auth });
        assert.deepEqual(await next(socket, "auth"), [auth]);
        assert.deepEqual(await answer(socket, "id"), [socket.id]);
        await settled(socket);
      },
      async events() {
        const socket = await connected();
        assert.deepEqual(await echoed(socket, ...VALUES), VALUES);
        const got = [];
        const all = new Promise((done) => socket.on("echo", (n) => got.push(n) === EVENTS && done()));
        for (let n = 0; n < EVENTS; n++) socket.emit("echo", n);
        await within(all, "all events", PATIENCE_MS);
        assert.deepEqual(got, Array.from({ length: EVENTS }, (_, n) => n));
      },
      async binary() {
        const socket = await connected();
        const [first, { deep }] = await echoed(socket, BYTES, { deep: [BYTES, "x", Buffer.alloc(0)] });
        assert.deepEqual([numbers(first), numbers(deep[0]), deep[1], numbers(deep[2])], [[...BYTES], [...BYTES], "x", []]);
      },
      async asks() {
        const socket = await connected();
        const [text, data] = await answer(socket, "answer", "x", BYTES);
        assert.deepEqual([text, numbers(data)], ["x", [...BYTES]]);
      },
      async answers() {
        const socket = await connected();
        socket.on("question", (text, data, give) => give(`${text}!`, data));
        socket.emit("ask", "why", BYTES);
        const [text, data] = await next(socket, "answered");
        assert.deepEqual([text, numbers(data)], ["why!", [...BYTES]]);
      },
      async namespaces() {
        const main = await connected();
        const custom = main.io.socket("/custom");
        await next(custom, "connect");
        assert.deepEqual(await echoed(custom, 1), [1]);
        custom.disconnect();
        assert.deepEqual(await echoed(main, 2), [2]);
      },
      async rooms() {
        const [inside, outside] = [await connected(), await connected()];
        const [room, heard] = [newRoom(), []];
        inside.on("told", (text) => heard.push(text));
        outside.on("told", (text) => heard.push(`outside: ${text}`));
        await answer(inside, "join", room);
        await answer(outside, "tell", room, "first");
        await answer(inside, "leave", room);
        await answer(outside, "tell", room, "second");
        await Promise.all([echoed(inside, "end"), echoed(outside, "end")]);
        assert.deepEqual(heard, ["first"]);
      },
      async refusal() {
        const refused = async (namespace) => {
          const [error] = await next(connect(namespace), old ? "error" : "connect_error");
          return old ? error : { message: error.message, ...(error.data && { data: error.data }) };
        };
        const data = { after: [8, 1.5] };
        // An old client is told the data alone.
        assert.deepEqual(await refused("/closed"), old ? data : { message: "not today", data });
        assert.deepEqual(await refused("/nobody"), { message: "Invalid namespace" });
      },
      async disconnect() {
        const [leaver, watcher] = [await connected(), await connected()];
        const room = newRoom();
        await answer(leaver, "join", room);
        assert.deepEqual(await answer(watcher, "members", room), [1]);
        const left = next(leaver, "disconnect");
        leaver.disconnect();
        assert.equal((await left)[0], "io client disconnect");
        const gone = async () => {
          while ((await answer(watcher, "members", room))[0] > 0) await sleep(5);
        };
        await within(gone(), "the server to see it go", PATIENCE_MS);
        for (const request of ["go", "end"]) {
          const socket = await connected();
          socket.emit(request);
          assert.equal((await next(socket, "disconnect"))[0], "io server disconnect");
        }
      },
      async reconnect() {
        const socket = await connected("/", { reconnection: true, reconnectionDelay: 10 });
        const before = socket.id;
        await cutOff(socket, proxy);
        assert.notEqual(socket.id, before);
        assert.deepEqual(await echoed(socket, "back", BYTES).then(([text, data]) => [text, numbers(data)]), ["back", [...BYTES]]);
        await settled(socket);
      },
      async recovery() {
        if (!client.recovers) return "-";
        const socket = await connected("/", { reconnection: true, reconnectionDelay: 300, at: recovering });
        const teller = await connected("/", { at: { url: recovering.direct } });
        const [room, heard, id] = [newRoom(), [], socket.id];
        socket.on("told", (text) => heard.push(text));
        await answer(socket, "join", room);
        await answer(teller, "tell", room, 1);
        const [gone, back] = [next(socket, "disconnect"), next(socket, "connect")];
        recovering.cut();
        await gone;
        recovering.restore();
        await answer(teller, "tell", room, 2);
        await back;
        assert.deepEqual([socket.recovered, socket.id], [true, id]);
        await answer(teller, "tell", room, 3);
        await answer(socket, "id");
        assert.deepEqual(heard, [1, 2, 3]);
      },
      async large() {
        const socket = await connected();
        const [text, data] = ["ä".repeat(LARGE / 2), Buffer.alloc(LARGE, 7)];
        const [gotText, gotData] = await echoed(socket, text, data);
        assert.ok(gotText === text && data.equals(Buffer.from(gotData)));
      },
      async crowd() {
        const crowd = await Promise.all(Array.from({ length: CROWD }, () => connected()));
        const room = newRoom();
        await Promise.all(crowd.map((socket) => answer(socket, "join", room)));
        const heard = Promise.all(crowd.map((socket) => next(socket, "told")));
        await answer(crowd[0], "tell", room, "all");
        assert.deepEqual(await heard, crowd.map(() => ["all"]));
      },
    },
  };
}
