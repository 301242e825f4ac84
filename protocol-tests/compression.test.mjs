// Compression of messages (permessage-deflate) with clients that do it by themselves.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { OFFLINE, TARGET, startServer } from "./support/target.mjs";
import { MISSING, openBrowser } from "./support/browser.mjs";
import { event, within } from "./support/client.mjs";

const skip = TARGET === "reference" && "the reference has no server program";
const LEAN = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
const LONG = "over and over ".repeat(700);

const start = (...flags) => startServer(["--port", "0", ...flags], OFFLINE);
const plain = (server) => server.url.replace("http", "ws") + "/";

/** Opens a raw WebSocket; the extensions that the server has answered are in `agreed`. */
async function open(server, options) {
  const socket = new WebSocket(plain(server), options);
  socket.once("upgrade", (response) => (socket.agreed = response.headers["sec-websocket-extensions"]));
  await within(once(socket, "open"));
  return socket;
}

/** Has the text echoed; how many bytes that took on the wire, both ways, and how long the answer was. */
async function echo(socket, text) {
  const { bytesRead, bytesWritten } = socket._socket;
  let size = 0;
  const done = new Promise((resolve) => {
    socket.on("message", function hear(data) {
      size += data.length;
      if (!String(data).includes("ai-message-response")) return;
      socket.off("message", hear);
      resolve(JSON.parse(data));
    });
  });
  socket.send(JSON.stringify({ event: "ai-message", data: { prompt: `echo ${text}` } }));
  const answer = await within(done);
  return {
    answer: answer.data.response,
    size,
    read: socket._socket.bytesRead - bytesRead,
    written: socket._socket.bytesWritten - bytesWritten,
  };
}

describe("compression of messages", { skip }, () => {
  const servers = [];
  let lean, keeping, off;
  before(async () => {
    [lean, keeping, off] = await Promise.all([
      start("--websocket-compression=true"),
      start("--websocket-compression=true", "--websocket-context-takeover=true", "--websocket-window-bits=12"),
      start(),
    ]);
    servers.push(lean, keeping, off);
  });
  after(() => Promise.all(servers.map((server) => server.stop())));

  it("ws: a long text goes compressed both ways, a short one as it is", async () => {
    const socket = await open(lean, { perMessageDeflate: true });
    assert.equal(socket.extensions, "permessage-deflate");
    assert.equal(socket.agreed, LEAN);
    const long = await echo(socket, LONG.trim());
    assert.match(long.answer, /over and over over and over/);
    assert.ok(long.size > 2000 && long.read < 1000 && long.written < 1000, JSON.stringify({ ...long, answer: 0 }));
    const short = await echo(socket, "short");
    assert.ok(short.read > short.size, "nothing is saved");
    socket.terminate();
  });

  it("ws: what it asks for is granted, or nothing is", async () => {
    const rows = [
      [{ serverMaxWindowBits: 10 }, `${LEAN}; server_max_window_bits=10`],
      [{ clientMaxWindowBits: 9 }, LEAN],
      [{ serverNoContextTakeover: true, clientNoContextTakeover: true }, LEAN],
      [{ serverMaxWindowBits: 8 }, undefined],
    ];
    for (const [perMessageDeflate, agreed] of rows) {
      const socket = await open(lean, { perMessageDeflate: { threshold: 0, ...perMessageDeflate } });
      assert.equal(socket.agreed, agreed);
      const { answer } = await echo(socket, LONG.trim());
      assert.match(answer, /over and over over and over/);
      socket.terminate();
    }
  });

  it("ws: with context takeover similar messages are shorter still", async () => {
    const socket = await open(keeping, { perMessageDeflate: { threshold: 0 } });
    assert.equal(socket.agreed, "permessage-deflate; server_max_window_bits=12");
    const words = Array.from({ length: 250 }, (_, at) => (at * 2654435761 % 4294967296).toString(36)).join(" ");
    const first = await echo(socket, words);
    const second = await echo(socket, words);
    assert.equal(second.answer, first.answer);
    assert.ok(second.written < first.written / 3, `${first.written} ${second.written}`);
    socket.terminate();
  });

  it("ws: nothing is agreed on while it is off", async () => {
    const socket = await open(off, { perMessageDeflate: true });
    assert.equal(socket.extensions, "");
    const long = await echo(socket, LONG.trim());
    assert.ok(long.read > long.size);
    socket.terminate();
  });

  for (const transports of [["websocket"], ["polling", "websocket"]]) {
    it(`socket.io-client, ${transports.join(" then ")}: agrees by itself`, async () => {
      const socket = io(lean.url, { transports, forceNew: true, reconnection: false });
      await event(socket, "connect");
      const { engine } = socket.io;
      if (engine.transport.name !== "websocket") await within(once(engine, "upgrade"));
      const { ws } = engine.transport;
      assert.equal(ws.extensions, "permessage-deflate");
      const { bytesRead, bytesWritten } = ws._socket;
      socket.emit("ai-message", { prompt: `echo ${LONG.trim()}` });
      const [answer] = await event(socket, "ai-message-response");
      assert.match(answer.response, /over and over over and over/);
      assert.ok(ws._socket.bytesWritten - bytesWritten < 1000);
      assert.ok(ws._socket.bytesRead - bytesRead < 1000);
      socket.close();
    });
  }

  it("Chromium: agrees by itself, and understands", { skip: MISSING }, async () => {
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(lean.url);
      const [extensions, answer] = await page.evaluate(async ([url, text]) => {
        const socket = new WebSocket(url);
        const heard = new Promise((resolve, reject) => {
          socket.onclose = reject;
          socket.onmessage = ({ data }) => data.includes("ai-message-response") && resolve(data);
        });
        await new Promise((resolve) => (socket.onopen = resolve));
        socket.send(JSON.stringify({ event: "ai-message", data: { prompt: `echo ${text}` } }));
        return [socket.extensions, await heard];
      }, [plain(lean), LONG.trim()]);
      assert.match(extensions, /^permessage-deflate\b/);
      assert.match(answer, /over and over over and over/);
    } finally {
      await browser.close();
    }
  });
});
