// Engine.IO protocol version 4, sentence by sentence, against the echo fixture on /engine.io/.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { startConformance } from "./support/target.mjs";
import { Frames, openPolling } from "./support/client.mjs";

const PATH = "/engine.io/";
const PING_INTERVAL = 300;
const PING_TIMEOUT = 200;
// For timers that run late because the machine is busy.
const SLACK = 100;
let server, url, wsUrl;

before(async () => {
  server = await startConformance();
  url = server.url;
  wsUrl = url.replace("http", "ws");
});
after(() => server?.stop());

const polling = () => openPolling(url, PATH);
const webSocket = () => Frames.open(`${wsUrl}${PATH}?EIO=4&transport=websocket`);
const checkOpen = (packet, upgrades) => {
  assert.equal(packet[0], "0");
  const { sid, ...rest } = JSON.parse(packet.slice(1));
  assert.match(sid, /^[\w-]+$/);
  assert.deepEqual(rest, { upgrades, pingInterval: PING_INTERVAL, pingTimeout: PING_TIMEOUT, maxPayload: 1_000_000 });
  return sid;
};

describe("handshake by long-polling", () => {
  it("a session opens with the five values", async () => {
    const response = await fetch(`${url}${PATH}?EIO=4&transport=polling`);
    assert.equal(response.status, 200);
    checkOpen(await response.text(), ["websocket"]);
  });

  for (const [what, query] of [["missing", "transport=polling"], ["not 4", "EIO=abc&transport=polling"]]) {
    it(`a protocol version that is ${what} is refused`, async () => {
      assert.equal((await fetch(`${url}${PATH}?${query}`)).status, 400);
    });
  }

  it("a transport that is missing or unknown is refused", async () => {
    for (const query of ["EIO=4", "EIO=4&transport=abc"]) {
      assert.equal((await fetch(`${url}${PATH}?${query}`)).status, 400, query);
    }
  });

  it("methods other than GET are refused", async () => {
    for (const method of ["POST", "PUT", "DELETE"]) {
      assert.equal((await fetch(`${url}${PATH}?EIO=4&transport=polling`, { method })).status, 400, method);
    }
  });
});

describe("handshake by WebSocket", () => {
  it("a session opens with the five values and offers no upgrade", async () => {
    const socket = await webSocket();
    checkOpen(await socket.next(), []);
    socket.close();
  });

  for (const [what, query] of [
    ["without a protocol version", "transport=websocket"], ["with a wrong protocol version", "EIO=abc&transport=websocket"],
    ["without a transport", "EIO=4"], ["with an unknown transport", "EIO=4&transport=abc"],
  ]) {
    it(`${what} no packet comes`, async () => {
      const socket = new Frames(`${wsUrl}${PATH}?${query}`);
      await assert.rejects(socket.next(), /closed/);
    });
  }
});

describe("messages by long-polling", () => {
  it("a packet comes back", async () => {
    const session = await polling();
    const response = await session.post("4hello");
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "ok");
    assert.equal(await session.poll(), "4hello");
  });

  it("several packets go and come in one payload", async () => {
    const session = await polling();
    await session.post("4one\x1e4two\x1e4three");
    assert.equal(await session.poll(), "4one\x1e4two\x1e4three");
  });

  it("binary goes and comes as base64", async () => {
    const session = await polling();
    await session.post("4text\x1ebAQIDBA==");
    assert.equal(await session.poll(), "4text\x1ebAQIDBA==");
  });

  it("a malformed packet closes the session", async () => {
    const session = await polling();
    await session.post("abc");
    assert.equal((await session.get()).status, 400);
  });

  it("a second GET closes the session", async () => {
    const session = await polling();
    const first = session.get();
    await sleep(5);
    const second = session.get();
    const statuses = [(await first).status, (await second).status].sort();
    assert.deepEqual(statuses, [200, 400]);
    assert.equal((await session.get()).status, 400);
  });

  it("a cancelled GET closes the session", async () => {
    const session = await polling();
    const controller = new AbortController();
    const cancelled = session.get({ signal: controller.signal }).catch(() => {});
    await sleep(30);
    controller.abort();
    await cancelled;
    await sleep(30);
    const response = await session.get();
    assert.equal(response.status, 400);
    assert.deepEqual(await response.json(), { code: 1, message: "Session ID unknown" });
  });
});

describe("messages by WebSocket", () => {
  it("text comes back", async () => {
    const socket = await webSocket();
    await socket.next();
    socket.send("4hello");
    assert.equal(await socket.next(), "4hello");
    socket.close();
  });

  it("binary comes back as it is", async () => {
    const socket = await webSocket();
    await socket.next();
    socket.send(Buffer.from([1, 2, 3, 4]));
    assert.deepEqual(await socket.next(), Buffer.from([1, 2, 3, 4]));
    socket.close();
  });

  it("a malformed packet closes the session", async () => {
    const socket = await webSocket();
    await socket.next();
    socket.send("abc");
    await socket.end();
  });
});

describe("heartbeat", () => {
  it("by long-polling: pings come, pongs keep the session", async () => {
    const session = await polling();
    for (let i = 0; i < 3; i++) {
      assert.equal(await session.poll(), "2");
      assert.equal((await session.post("3")).status, 200);
    }
  });

  it("by long-polling: silence ends the session", async () => {
    const session = await polling();
    await sleep(PING_INTERVAL + PING_TIMEOUT + SLACK);
    assert.equal((await session.get()).status, 400);
  });

  it("by WebSocket: pings come, pongs keep the session", async () => {
    const socket = await webSocket();
    await socket.next();
    for (let i = 0; i < 3; i++) {
      assert.equal(await socket.next(), "2");
      socket.send("3");
    }
    socket.close();
  });

  it("by WebSocket: silence ends the session", async () => {
    const socket = await webSocket();
    const started = performance.now();
    await socket.end();
    assert.ok(performance.now() - started > PING_INTERVAL, "not before the ping was due");
  });
});

describe("closing", () => {
  it("by long-polling: a close packet releases the GET and ends the session", async () => {
    const session = await polling();
    const [waiting] = await Promise.all([session.poll(), sleep(20).then(() => session.post("1"))]);
    assert.equal(waiting, "6");
    assert.equal((await session.get()).status, 400);
  });

  it("by WebSocket: a close packet ends the session", async () => {
    const socket = await webSocket();
    await socket.next();
    socket.send("1");
    await socket.end();
  });
});

describe("upgrade", () => {
  async function upgrade(session) {
    const socket = await Frames.open(session.websocketUrl);
    socket.send("2probe");
    assert.equal(await socket.next(), "3probe");
    socket.send("5");
    return socket;
  }

  it("a session goes on over the WebSocket", async () => {
    const session = await polling();
    const socket = await upgrade(session);
    socket.send("4hello");
    assert.equal(await socket.next(), "4hello");
    socket.close();
  });

  it("then requests by polling are refused and do no harm", async () => {
    const session = await polling();
    const socket = await upgrade(session);
    socket.send("4first");
    assert.equal(await socket.next(), "4first");
    assert.equal((await session.get()).status, 400);
    socket.send("4hello");
    assert.equal(await socket.next(), "4hello");
    socket.close();
  });

  it("then another WebSocket is closed and does no harm", async () => {
    const session = await polling();
    const socket = await upgrade(session);
    socket.send("4first");
    assert.equal(await socket.next(), "4first");
    const second = new Frames(session.websocketUrl);
    await second.end();
    socket.send("4hello");
    assert.equal(await socket.next(), "4hello");
    socket.close();
  });
});
