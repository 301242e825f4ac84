// Clients of other versions, as their packages were published: socket.io-client 2 and engine.io-client 3, which speak
// Engine.IO 3, beside socket.io-client 3.1, 4.0 and the newest; and JSONP in a browser.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import * as newest from "socket.io-client";
import engine3 from "eio3";
import client2 from "sio2";
import client31 from "sio31";
import client40 from "sio40";
import { MISSING, openBrowser } from "./support/browser.mjs";
import { startBench, startOld } from "./support/target.mjs";
import { event, within } from "./support/client.mjs";

const { resolve } = createRequire(import.meta.url);
const CLIENTS = [
  { name: "socket.io-client 2.5", io: client2, old: true },
  { name: "socket.io-client 3.1", io: client31 },
  { name: "socket.io-client 4.0", io: client40.io ?? client40 },
  { name: "the newest socket.io-client", io: newest.io },
];
const WAYS = [
  { name: "polling only", transports: ["polling"] },
  { name: "websocket only", transports: ["websocket"] },
  { name: "polling, then an upgrade", transports: ["polling", "websocket"] },
];
const BYTES = Buffer.from([0, 1, 2, 255]);
const open = new Set();
let server;

before(async () => {
  server = await startOld();
});
after(async () => {
  for (const socket of open) socket.close();
  await server?.stop();
});

/** Any buffer as numbers: clients hand over Buffers or ArrayBuffers. */
const numbers = (data) => [...(data instanceof ArrayBuffer ? new Uint8Array(data) : data)];

for (const { name, io, old } of CLIENTS) {
  for (const way of WAYS) {
    describe(`${name}, ${way.name}`, () => {
      function connect(namespace = "/", { auth, ...options } = {}) {
        // Credentials of an old client are the query of its namespace.
        const query = old && auth ? `?${new URLSearchParams(auth)}` : "";
        const socket = io(server.url + namespace + query, {
          transports: way.transports, forceNew: true, reconnection: false, ...(!old && { auth }), ...options,
        });
        open.add(socket);
        return socket;
      }

      async function settled(socket) {
        const { engine } = socket.io;
        if (way.transports.length > 1 && engine.transport.name !== "websocket") await event(engine, "upgrade");
        assert.equal(engine.transport.name, way.transports.at(-1));
      }

      const answer = (socket, ...args) => within(new Promise((done) => socket.emit(...args, (...answer) => done(answer))), "the answer");

      it("connects, with the id that the server knows", async () => {
        const socket = connect();
        await event(socket, "connect");
        assert.equal(socket.io.engine.id === socket.id, Boolean(old), "an old client's id is its session's");
        assert.deepEqual(await answer(socket, "id"), [socket.id]);
        await settled(socket);
        socket.close();
      });

      it("sends and gets events, before and after an upgrade", async () => {
        const socket = connect();
        socket.emit("message", "early", { a: [true, null, 1.5] });
        assert.deepEqual(await event(socket, "message-back"), ["early", { a: [true, null, 1.5] }]);
        await settled(socket);
        socket.emit("message", "späte €uro 😀", "\u2028\u2029\\n\n");
        assert.deepEqual(await event(socket, "message-back"), ["späte €uro 😀", "\u2028\u2029\\n\n"]);
        socket.close();
      });

      it("sends and gets binary, before and after an upgrade", async () => {
        const socket = connect();
        for (const when of ["early", "late"]) {
          socket.emit("message", when, BYTES, { deep: [Buffer.alloc(0), "x"] });
          const [word, first, { deep }] = await event(socket, "message-back");
          assert.deepEqual([word, numbers(first), numbers(deep[0]), deep[1]], [when, [...BYTES], [], "x"]);
          await settled(socket);
        }
        socket.close();
      });

      it("keeps the order of many events, text and binary", async () => {
        const socket = connect();
        const got = [];
        const all = new Promise((done) => socket.on("message-back", (n, data) => {
          got.push([n, data && numbers(data)]);
          if (n === 99) done();
        }));
        for (let n = 0; n < 100; n++) {
          socket.emit("message", n, n % 10 === 0 ? Buffer.from([n]) : null);
          if (n % 20 === 0) await sleep(5);
        }
        await within(all, "all events", 5000);
        assert.deepEqual(got, Array.from({ length: 100 }, (_, n) => [n, n % 10 === 0 ? [n] : null]));
        socket.close();
      });

      it("gets and gives acknowledgements, with binary too", async () => {
        const socket = connect();
        assert.deepEqual(await answer(socket, "message-with-ack", "x", 1), ["x", 1]);
        const [data] = await answer(socket, "message-with-ack", BYTES);
        assert.deepEqual(numbers(data), [...BYTES]);
        socket.on("question", (give) => give("yes", BYTES));
        socket.emit("ask");
        const [word, bytes] = await event(socket, "answer");
        assert.deepEqual([word, numbers(bytes)], ["yes", [...BYTES]]);
        socket.close();
      });

      it("joins a namespace with credentials", async () => {
        const auth = { token: "a b&c=ü", x: "1" };
        const socket = connect("/custom", { auth });
        assert.deepEqual(await event(socket, "auth"), [auth]);
        assert.deepEqual(await answer(socket, "id"), [socket.id]);
        if (old) assert.equal(socket.id, `/custom#${socket.io.engine.id}`);
        socket.emit("message", "there", BYTES);
        assert.equal((await event(socket, "message-back"))[0], "there");
        socket.close();
      });

      it("is in several namespaces over one connection, and leaves one", async () => {
        const main = connect();
        await event(main, "connect");
        const custom = main.io.socket("/custom");
        await event(custom, "connect");
        custom.disconnect();
        main.emit("message", "still here");
        assert.deepEqual(await event(main, "message-back"), ["still here"]);
        main.close();
      });

      it("learns why it may not join", async () => {
        const refused = async (namespace, options) => {
          const socket = connect(namespace, options);
          const [error] = await event(socket, old ? "error" : "connect_error");
          return { socket, told: old ? error : { message: error.message, ...(error.data && { data: error.data }) } };
        };
        const rows = old
          ? [["/refusing", "not authorized"], ["/retry", { content: "retry" }], ["/random", { message: "Invalid namespace" }]]
          : [["/refusing", { message: "not authorized" }], ["/retry", { message: "later", data: { content: "retry" } }], ["/random", { message: "Invalid namespace" }]];
        for (const [namespace, expected] of rows) {
          const { socket, told } = await refused(namespace);
          assert.deepEqual(told, expected);
          socket.close();
        }
        // Turned away from the main namespace it may still join others.
        const { socket, told } = await refused("/", { query: { refuse: "1" } });
        assert.deepEqual(told, old ? "not authorized" : { message: "not authorized" });
        const custom = socket.io.socket("/custom");
        await event(custom, "connect");
        custom.close();
        socket.close();
      });

      it("is put out of a namespace, and off the connection", async () => {
        for (const [request, namespace] of [["leave", "/custom"], ["end", "/"]]) {
          const socket = connect(namespace);
          await event(socket, "connect");
          socket.emit(request);
          assert.equal((await event(socket, "disconnect"))[0], "io server disconnect");
          socket.close();
        }
      });

      it("stays for as long as its heartbeat beats", async () => {
        const socket = connect();
        await event(socket, "connect");
        await sleep(3300);
        assert.ok(socket.connected);
        assert.deepEqual(await answer(socket, "message-with-ack", "x"), ["x"]);
        socket.close();
      });
    });
  }
}

describe("engine.io-client 3", () => {
  const echo = (options) => {
    const socket = engine3(server.url, { path: "/engine.io", ...options });
    open.add(socket);
    return socket;
  };

  for (const way of WAYS) {
    for (const forceBase64 of [false, true]) {
      it(`gets back what it sends, ${way.name}${forceBase64 ? ", base64" : ""}`, async () => {
        const socket = echo({ transports: way.transports, forceBase64 });
        await event(socket, "open");
        for (const when of ["early", "late"]) {
          socket.send(`${when} €😀`);
          assert.deepEqual(await event(socket, "message"), [`${when} €😀`]);
          socket.send(BYTES);
          assert.deepEqual(numbers((await event(socket, "message"))[0]), [...BYTES]);
          if (way.transports.length > 1 && socket.transport.name !== "websocket") await event(socket, "upgrade");
        }
        const closed = event(socket, "close");
        socket.close();
        assert.equal((await closed)[0], "forced close");
      });
    }
  }

  it("is refused where it is not allowed", async () => {
    const bench = await startBench();
    try {
      const response = await fetch(`${bench.url}/socket.io/?EIO=3&transport=polling`);
      assert.deepEqual([response.status, await response.json()], [400, { code: 5, message: "Unsupported protocol version" }]);
    } finally {
      await bench.stop();
    }
  });
});

// In a page there are scripts for JSONP, and requests that take bytes.
describe("socket.io-client 2.5 in a browser", { skip: MISSING }, () => {
  // A page of another origin, for which JSONP was made.
  const site = createServer((_request, response) => response.setHeader("Content-Type", "text/html").end("<!doctype html><title>A page</title>"));
  let browser;
  before(async () => {
    await once(site.listen(0, "127.0.0.1"), "listening");
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    site.close();
  });

  const ways = [
    ["JSONP", { transports: ["polling"], forceJSONP: true }, "polling"],
    ["JSONP, then an upgrade", { transports: ["polling", "websocket"], forceJSONP: true }, "websocket"],
    ["requests that take bytes", { transports: ["polling"] }, "polling"],
    ["requests, then an upgrade", { transports: ["polling", "websocket"] }, "websocket"],
  ];
  for (const [name, options, last] of ways) {
    it(name, async () => {
      const page = await browser.newPage();
      const wrong = [];
      page.on("pageerror", (error) => wrong.push(error.message));
      // The refusal that the server's own origin shows is page enough.
      await page.goto(options.forceJSONP ? `http://127.0.0.1:${site.address().port}/` : `${server.url}/socket.io/`);
      await page.addScriptTag({ path: resolve("sio2/dist/socket.io.js") });
      const got = await page.evaluate(async ([url, options, last]) => {
        const socket = window.io(`${url}/custom?token=abc`, { ...options, reconnection: false });
        const next = (name, from = socket) => new Promise((done, fail) => {
          setTimeout(() => fail(new Error(`no "${name}"`)), 8000);
          from.once(name, (...args) => done(args));
        });
        const plain = (data) => Array.from(new Uint8Array(data));
        const [auth] = await next("auth");
        const talk = async (word) => {
          socket.emit("message", word, new Uint8Array([0, 1, 255]).buffer);
          const [text, data] = await next("message-back");
          return [text, plain(data)];
        };
        const isScript = document.querySelectorAll('script[src*="j="]').length > 0;
        const early = await talk("h€llo 😀 \u2028 \\n \n </script>");
        const { engine } = socket.io;
        if (engine.transport.name !== last) await next("upgrade", engine);
        const late = await talk("late");
        // Longer than a ping interval and its timeout.
        await new Promise((done) => setTimeout(done, 2500));
        const answer = await new Promise((done) => socket.emit("message-with-ack", "x", done));
        const { name } = engine.transport;
        socket.close();
        return { auth, early, late, answer, name, isScript };
      }, [server.url, options, last]);
      assert.deepEqual(got, {
        auth: { token: "abc" },
        early: ["h€llo 😀 \u2028 \\n \n </script>", [0, 1, 255]],
        late: ["late", [0, 1, 255]],
        answer: "x",
        name: last,
        isScript: Boolean(options.forceJSONP),
      });
      assert.deepEqual(wrong, []);
      await page.close();
    });
  }
});
