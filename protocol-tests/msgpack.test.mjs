// Clients with socket.io-msgpack-parser: every kind of value, both directions, and the very bytes.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { io } from "socket.io-client";
import parser from "socket.io-msgpack-parser";
import { TARGET, startMsgpack } from "./support/target.mjs";
import { Frames, event, within } from "./support/client.mjs";

const WAYS = [
  { name: "polling only", transports: ["polling"] },
  { name: "websocket only", transports: ["websocket"] },
  { name: "polling, then an upgrade", transports: ["polling", "websocket"] },
];
const ROUNDS = 40;
const VALUES_PER_ROUND = 100;
const CROWD = 30;
const ours = { skip: TARGET === "reference" ? "the reference differs here" : false };
const open = new Set();
let server;

before(async () => {
  server = await startMsgpack();
});
after(async () => {
  for (const socket of open) socket.close();
  await server?.stop();
});

function connect(way, namespace = "/", options = {}) {
  const socket = io(server.url + namespace, { parser, transports: way.transports, forceNew: true, reconnection: false, ...options });
  open.add(socket);
  return socket;
}

const encode = (packet) => new parser.Encoder().encode(packet)[0];

function decode(bytes) {
  const decoder = new parser.Decoder();
  let packet;
  decoder.on("decoded", (decoded) => (packet = decoded));
  decoder.add(bytes);
  return packet;
}

/** A repeatable source of numbers below 1 (mulberry32). */
function source(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ALPHABETS = ["abc XYZ_09", "äß€漢", '"\\\n\t\u0001', "😀𝒳"];

/** Any value that survives JSON. */
function anything(random, depth = 0) {
  const below = (limit) => Math.floor(random() * limit);
  const many = (make) => Array.from({ length: random() < 0.1 ? 16 + below(20) : below(5) }, make);
  switch (below(depth > 3 ? 7 : 9)) {
    case 0:
      return [null, true, false][below(3)];
    case 1:
      return Math.floor(2 ** below(54) * random()) * (below(2) ? 1 : -1) + 0;
    case 2:
      return [127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, -32, -33, -128, -129, -32768, -32769, -(2 ** 31), -(2 ** 31) - 1, -(2 ** 53) + 1][below(18)];
    case 3:
      return (random() - 0.5) * 10 ** (below(600) - 300) + 0.1;
    case 4: {
      const alphabet = [...ALPHABETS[below(ALPHABETS.length)]];
      const length = [below(8), 30 + below(4), 250 + below(12)][below(depth > 1 ? 2 : 3)];
      return Array.from({ length }, () => alphabet[below(alphabet.length)]).join("");
    }
    case 5:
      return random() < 0.05 ? "x".repeat(65530 + below(12)) : `${below(10)}`;
    case 6:
      return Buffer.from(Array.from({ length: [0, 1, below(50), 250 + below(12)][below(4)] }, () => below(256)));
    case 7:
      return many(() => anything(random, depth + 1));
    default:
      return Object.fromEntries(many(() => anything(random, depth + 1)).map((value, at) => [`k${at}`, value]));
  }
}

/** At most as many binary values as a packet of ours may have. */
function within10(value) {
  let count = 0;
  const look = (value) => {
    if (Buffer.isBuffer(value)) count += 1;
    else if (value && typeof value === "object") Object.values(value).forEach(look);
  };
  look(value);
  return count <= 10;
}

function* values(seed, count) {
  const random = source(seed);
  while (count > 0) {
    const value = anything(random);
    // A whole number beyond 64 bits has no form in the JavaScript parser.
    if (!within10(value) || (typeof value === "number" && Math.abs(value) > 2 ** 53)) continue;
    count -= 1;
    yield value;
  }
}

/** Large floats are whole numbers, for which the JavaScript parser has no form: the row is left out. */
function hasForm(value) {
  if (typeof value === "number") return !Number.isInteger(value) || Math.abs(value) < 2 ** 53;
  if (Buffer.isBuffer(value) || !value || typeof value !== "object") return true;
  return Object.values(value).every(hasForm);
}

for (const way of WAYS) {
  describe(`socket.io-msgpack-parser, ${way.name}`, () => {
    it("connects, hands over credentials, leaves", async () => {
      const socket = connect(way, "/", { auth: { token: "abc", list: [1, null, -7.5], deep: { "ä": true } } });
      const [credentials] = await event(socket, "credentials");
      assert.deepEqual(JSON.parse(credentials), { token: "abc", list: [1, null, -7.5], deep: { "ä": true } });
      const ended = event(socket, "disconnect");
      socket.disconnect();
      assert.equal((await ended)[0], "io client disconnect");
    });

    it("sends and gets events with every kind of value", async () => {
      const socket = connect(way);
      const sent = [1, -1, 2 ** 53 - 1, -(2 ** 53) + 1, 4294967296, 0.1, -1e-300, "", "wörld 😀", "x".repeat(70_000), null, true, [], {}, [[[]]], { a: { b: [{}] } }];
      socket.emit("echo", ...sent);
      assert.deepEqual(await event(socket, "echo"), sent);
      const many = Array.from({ length: 70_000 }, (_, n) => n % 3);
      socket.emit("echo", many, Object.fromEntries(many.slice(0, 300).map((n, at) => [`k${at}`, n])));
      const [list, object] = await event(socket, "echo");
      assert.deepEqual([list, Object.keys(object).length], [many, 300]);
      socket.close();
    });

    it("sends and gets binary values wherever they stand", async () => {
      const socket = connect(way);
      const big = Buffer.alloc(100_000, 7);
      socket.emit("echo", Buffer.from([1]), { deep: [Buffer.from([2]), "x", { b: Buffer.alloc(0) }] }, big);
      const [first, { deep }, last] = await event(socket, "echo");
      assert.deepEqual([Buffer.from(first), Buffer.from(deep[0]), deep[1], deep[2].b.length], [Buffer.from([1]), Buffer.from([2]), "x", 0]);
      assert.ok(big.equals(last));
      assert.deepEqual(Buffer.from(await within(socket.emitWithAck("reverse", Buffer.from([1, 2, 3])), "the answer")), Buffer.from([3, 2, 1]));
      // Node sends these as extensions.
      assert.deepEqual(Buffer.from(await within(socket.emitWithAck("reverse", new Uint8Array([4, 5]).buffer), "the answer")), Buffer.from([5, 4]));
      assert.deepEqual(Buffer.from(await within(socket.emitWithAck("reverse", new Uint8Array([6, 7])), "the answer")), Buffer.from([7, 6]));
      socket.close();
    });

    it("gives values that JSON has not what JSON makes of them", ours, async () => {
      const socket = connect(way);
      const date = new Date(1795253153123);
      const sent = [undefined, [undefined, 1], { a: undefined, b: 1 }, date, { at: [new Date(-1)] }, NaN, [Infinity, -Infinity], new Date(8.64e15)];
      socket.emit("echo", ...sent);
      assert.deepEqual(await event(socket, "echo"), JSON.parse(JSON.stringify(sent)));
      socket.close();
    });

    it("acknowledges in both directions", async () => {
      const socket = connect(way);
      assert.equal(await within(socket.emitWithAck("sum", [1, 2.5, -3, 1000]), "the answer"), 1000.5);
      assert.deepEqual(await within(socket.emitWithAck("answer", { a: [1] }), "the answer"), { a: [1] });
      socket.on("question", (...args) => args.pop()(`${args.length} arguments`));
      socket.emit("ask", 1, Buffer.from([2]));
      assert.deepEqual(await event(socket, "answered"), ["2 arguments"]);
      await assert.rejects(socket.timeout(100).emitWithAck("nobody listens"), /timed out/);
      socket.close();
    });

    it("has several namespaces on one connection", async () => {
      const main = connect(way);
      await event(main, "connect");
      const other = main.io.socket("/other");
      assert.equal(await within(other.emitWithAck("where"), "the answer"), "/other");
      assert.notEqual(main.id, other.id);
      other.disconnect();
      assert.equal(await within(main.emitWithAck("answer", 1), "the answer"), 1);
      main.close();
    });

    it("is told why it may not join", async () => {
      const closed = connect(way, "/closed");
      const [error] = await event(closed, "connect_error");
      assert.deepEqual([error.message, error.data], ["not today", { after: [8, 1.5] }]);
      const nobody = connect(way, "/nobody");
      assert.equal((await event(nobody, "connect_error"))[0].message, "Invalid namespace");
      closed.close();
      nobody.close();
    });
  });
}

describe("one broadcast", () => {
  it(`reaches ${CROWD} clients of all transports`, { timeout: 30_000 }, async () => {
    const clients = Array.from({ length: CROWD }, (_, n) => connect(WAYS[n % WAYS.length]));
    await Promise.all(clients.map((socket) => event(socket, "connect", 20_000)));
    const heard = Promise.all(clients.map((socket) => event(socket, "broadcast", 20_000)));
    clients[0].emit("broadcast", "all", { n: [1, Buffer.from([9, 8])] });
    for (const [text, { n }] of await heard) {
      assert.deepEqual([text, n[0], Buffer.from(n[1])], ["all", 1, Buffer.from([9, 8])]);
    }
    for (const socket of clients) socket.close();
  });
});

describe(`${ROUNDS * VALUES_PER_ROUND} random values`, () => {
  it("come back as they were, in the bytes that the JavaScript parser writes", { timeout: 120_000 }, async () => {
    const frames = await Frames.open(`${server.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
    await frames.next();
    frames.send(encode({ type: 0, data: undefined, nsp: "/" }));
    assert.equal(decode(await frames.next()).type, 0);
    assert.equal(decode(await frames.next()).data[0], "credentials");
    let left = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const sent = [...values(round + 1, VALUES_PER_ROUND)].filter(hasForm);
      left += sent.length;
      for (const value of sent) frames.send(encode({ type: 2, data: ["echo", value], options: { compress: true }, nsp: "/" }));
      for (const value of sent) {
        const expected = encode({ type: 2, data: ["echo", value], nsp: "/" });
        let heard = await frames.next();
        while (heard === "2") {
          frames.send("3");
          heard = await frames.next();
        }
        if (!expected.equals(heard)) assert.deepEqual(decode(heard).data, ["echo", value]);
        assert.ok(expected.equals(heard), `round ${round}: ${expected.toString("hex").slice(0, 400)}\n${heard.toString("hex").slice(0, 400)}`);
      }
    }
    assert.ok(left > (ROUNDS * VALUES_PER_ROUND) / 2, `${left} values were compared`);
    frames.close();
  });
});

describe("a message that is no packet", () => {
  const hex = (text) => Buffer.from(text.replaceAll(" ", ""), "hex");
  const rows = {
    "text": "2[\"echo\"]",
    "nothing": Buffer.alloc(0),
    "no map": hex("93 02 00 01"),
    "an unknown type": encode({ type: 5, data: ["echo"], nsp: "/" }),
    "a nil id": encode({ type: 2, data: ["echo"], id: null, nsp: "/" }),
    "no namespace": encode({ type: 2, data: ["echo"] }),
    "an object for an event": encode({ type: 2, data: {}, nsp: "/" }),
    "data in a disconnect": encode({ type: 1, data: null, nsp: "/" }),
    "bytes behind the packet": Buffer.concat([encode({ type: 2, data: ["echo"], nsp: "/" }), Buffer.of(0)]),
    "a map of four billion members": hex("df ffffffff a474797065"),
    "an event for a namespace not joined": encode({ type: 2, data: ["echo"], nsp: "/other" }),
    "a second CONNECT": encode({ type: 0, data: undefined, nsp: "/" }),
    "a CONNECT_ERROR": encode({ type: 4, data: "x", nsp: "/" }),
  };
  for (const [name, message] of Object.entries(rows)) {
    it(`${name}: the connection is closed`, async () => {
      const frames = await Frames.open(`${server.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
      await frames.next();
      frames.send(encode({ type: 0, data: undefined, nsp: "/" }));
      await frames.next();
      await frames.next();
      frames.send(message);
      await frames.end();
    });
  }
});
