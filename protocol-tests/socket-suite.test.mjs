// Socket.IO protocol version 5, sentence by sentence, against the fixture on /socket.io/.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { startConformance } from "./support/target.mjs";
import { Frames, openPolling } from "./support/client.mjs";

const PATH = "/socket.io/";
let server, url, wsUrl;

before(async () => {
  server = await startConformance();
  url = server.url;
  wsUrl = url.replace("http", "ws");
});
after(() => server?.stop());

const polling = () => openPolling(url, PATH);

/** A WebSocket session whose open packet was read. */
async function open() {
  const socket = await Frames.open(`${wsUrl}${PATH}?EIO=4&transport=websocket`);
  assert.equal((await socket.next())[0], "0");
  return socket;
}

/** The same, joined to `/`. */
async function connected() {
  const socket = await open();
  socket.send("40");
  await socket.next();
  await socket.next();
  return socket;
}

/** Checks a CONNECT reply: the key sid and no other. */
function checkConnect(packet, prefix) {
  assert.equal(packet.slice(0, prefix.length), prefix);
  const payload = JSON.parse(packet.slice(prefix.length));
  assert.deepEqual(Object.keys(payload), ["sid"]);
  assert.match(payload.sid, /^[\w-]+$/);
  return payload.sid;
}

describe("the transport below", () => {
  it("opens by long-polling", async () => {
    const response = await fetch(`${url}${PATH}?EIO=4&transport=polling`);
    assert.equal(response.status, 200);
    const { sid, ...rest } = JSON.parse((await response.text()).slice(1));
    assert.equal(typeof sid, "string");
    assert.deepEqual(rest, { upgrades: ["websocket"], pingInterval: 300, pingTimeout: 200, maxPayload: 1_000_000 });
  });

  it("opens by WebSocket", async () => {
    (await open()).close();
  });

  it("refuses a wrong protocol version", async () => {
    for (const query of ["transport=polling", "EIO=abc&transport=polling"]) {
      assert.equal((await fetch(`${url}${PATH}?${query}`)).status, 400, query);
    }
    await new Frames(`${wsUrl}${PATH}?EIO=abc&transport=websocket`).end();
  });

  it("refuses a wrong transport", async () => {
    for (const query of ["EIO=4", "EIO=4&transport=abc"]) {
      assert.equal((await fetch(`${url}${PATH}?${query}`)).status, 400, query);
    }
    await new Frames(`${wsUrl}${PATH}?EIO=4&transport=abc`).end();
  });

  it("refuses other methods", async () => {
    for (const method of ["POST", "PUT"]) {
      assert.equal((await fetch(`${url}${PATH}?EIO=4&transport=polling`, { method })).status, 400, method);
    }
  });

  it("pings by long-polling", async () => {
    const session = await polling();
    for (let i = 0; i < 2; i++) {
      assert.equal(await session.poll(), "2");
      await session.post("3");
    }
  });

  it("ends a silent polling session", async () => {
    const session = await polling();
    await sleep(600);
    assert.equal((await session.get()).status, 400);
  });

  it("pings by WebSocket", async () => {
    const socket = await open();
    for (let i = 0; i < 2; i++) {
      assert.equal(await socket.next(), "2");
      socket.send("3");
    }
    socket.close();
  });

  it("ends a silent WebSocket session", async () => {
    await (await open()).end();
  });

  it("ends a polling session that says so", async () => {
    const session = await polling();
    const [waiting] = await Promise.all([session.poll(), sleep(20).then(() => session.post("1"))]);
    assert.equal(waiting, "6");
    assert.equal((await session.get()).status, 400);
  });

  it("ends a WebSocket session that says so", async () => {
    const socket = await open();
    socket.send("1");
    await socket.end();
  });

  it("upgrades, then refuses polling and another WebSocket", async () => {
    const session = await polling();
    const socket = await Frames.open(session.websocketUrl);
    socket.send("2probe");
    assert.equal(await socket.next(), "3probe");
    socket.send("5", "40");
    checkConnect(await socket.next(), "40");
    assert.equal((await session.get()).status, 400);
    await new Frames(session.websocketUrl).end();
    assert.equal(await socket.next(), '42["auth",{}]');
    socket.close();
  });
});

describe("connecting", () => {
  it("to the main namespace", async () => {
    const socket = await open();
    socket.send("40");
    checkConnect(await socket.next(), "40");
    assert.equal(await socket.next(), '42["auth",{}]');
    socket.close();
  });

  it("to the main namespace with a payload", async () => {
    const socket = await open();
    socket.send('40{"token":"123"}');
    checkConnect(await socket.next(), "40");
    assert.equal(await socket.next(), '42["auth",{"token":"123"}]');
    socket.close();
  });

  it("to a custom namespace", async () => {
    const socket = await open();
    socket.send("40/custom,");
    checkConnect(await socket.next(), "40/custom,");
    assert.equal(await socket.next(), '42/custom,["auth",{}]');
    socket.close();
  });

  it("to a custom namespace with a payload", async () => {
    const socket = await open();
    socket.send('40/custom,{"token":"abc"}');
    checkConnect(await socket.next(), "40/custom,");
    assert.equal(await socket.next(), '42/custom,["auth",{"token":"abc"}]');
    socket.close();
  });

  it("to two namespaces gives two ids, none of them the session's", async () => {
    const session = await polling();
    await session.post("40\x1e40/custom,");
    const packets = [];
    while (packets.length < 4) packets.push(...(await session.poll()).split("\x1e"));
    const main = checkConnect(packets.find((packet) => packet.startsWith("40{")), "40");
    const custom = checkConnect(packets.find((packet) => packet.startsWith("40/custom,")), "40/custom,");
    assert.equal(new Set([session.sid, main, custom]).size, 3);
  });

  it("to an unknown namespace is refused, the connection stays", async () => {
    const socket = await open();
    socket.send("40/random");
    assert.equal(await socket.next(), '44/random,{"message":"Invalid namespace"}');
    socket.send("40");
    checkConnect(await socket.next(), "40");
    socket.close();
  });

  it("with a malformed packet closes", async () => {
    const socket = await open();
    socket.send("4abc");
    await socket.end();
  });

  it("does not happen by itself: an event first closes", async () => {
    const socket = await open();
    socket.send('42["message"]');
    await socket.end();
  });

  it("has a time limit", async () => {
    const socket = await open();
    const started = performance.now();
    const pong = (async () => {
      for (;;) if ((await socket.next()) === "2") socket.send("3");
    })().catch(() => {});
    await socket.end();
    await pong;
    const took = performance.now() - started;
    assert.ok(took > 900 && took < 1600, `${took} ms`);
  });
});

describe("disconnecting", () => {
  it("from the main namespace leaves the connection open", async () => {
    const socket = await connected();
    socket.send("41");
    assert.equal(await socket.next(), "2");
    socket.close();
  });

  it("from a custom namespace leaves the main one", async () => {
    const socket = await connected();
    socket.send("40/custom,");
    checkConnect(await socket.next(), "40/custom,");
    await socket.next();
    socket.send("41/custom,", '42["message","still here"]');
    assert.equal(await socket.next(), '42["message-back","still here"]');
    socket.close();
  });

  it("and connecting again gives a new socket", async () => {
    const socket = await connected();
    socket.send("41", "40/none,");
    await socket.next();
    socket.send("40");
    checkConnect(await socket.next(), "40");
    assert.equal(await socket.next(), '42["auth",{}]');
    socket.close();
  });
});

describe("messages", () => {
  it("text comes back with its arguments", async () => {
    const socket = await connected();
    socket.send('42["message",1,"2",{"3":[true,null]}]');
    assert.equal(await socket.next(), '42["message-back",1,"2",{"3":[true,null]}]');
    socket.close();
  });

  it("a message with an acknowledgement is acknowledged", async () => {
    const socket = await connected();
    socket.send('42456["message-with-ack",1,"2",{"3":[false]}]');
    assert.equal(await socket.next(), '43456[1,"2",{"3":[false]}]');
    socket.close();
  });

  it("binary comes back with its arguments", async () => {
    const socket = await connected();
    socket.send('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6]));
    assert.equal(await socket.next(), '452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
    assert.deepEqual(await socket.next(), Buffer.from([1, 2, 3]));
    assert.deepEqual(await socket.next(), Buffer.from([4, 5, 6]));
    socket.close();
  });

  it("binary with an acknowledgement is acknowledged with binary", async () => {
    const socket = await connected();
    socket.send('452-789["message-with-ack",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6]));
    assert.equal(await socket.next(), '462-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
    assert.deepEqual(await socket.next(), Buffer.from([1, 2, 3]));
    assert.deepEqual(await socket.next(), Buffer.from([4, 5, 6]));
    socket.close();
  });

  it("an event in a namespace that does not handle it is ignored", async () => {
    const socket = await connected();
    socket.send("40/custom,");
    await socket.next();
    await socket.next();
    socket.send('42/custom,["message",1]', '42["message",2]');
    assert.equal(await socket.next(), '42["message-back",2]');
    socket.close();
  });

  for (const [what, packet] of [["an unknown packet type", "4abc"], ["a payload that is no array", "42{}"], ["an acknowledgement id that is no number", '42abc["message-with-ack",1]']]) {
    it(`${what} closes the connection`, async () => {
      const socket = await connected();
      socket.send(packet);
      await socket.end();
    });
  }
});
