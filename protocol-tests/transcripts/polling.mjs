// T2xx: long-polling: bodies, limits, methods and requests that overlap.
import { randomBytes } from "node:crypto";
import { requestBytes } from "../support/tcp.mjs";

const ENGINE = "/engine.io/";
const LIMIT = 1_000_000;
const SEPARATOR = "\x1e";

// Bodies that are answered and echoed.
const echoed = [
  ["T201", "a text message", "4hello", 1],
  ["T202", "several packets in one body", "4hello␞4wörld␞bAQIDBA==", 3],
  ["T203", "an empty message", "4", 1],
  ["T204", "an empty binary message", "b", 1],
  ["T205", "base64 without padding", "bAQ", 1],
  ["T206", "base64 of the URL alphabet", "bAQID_-", 1],
  ["T207", "base64 that is garbage", "b!!", 1],
  ["T208", "text beyond the basic plane", "4€é😀\u{1d306}ﬀ", 1],
  ["T209", "a message that looks like a packet", "44", 1],
  ["T210", "an unrequested pong", "3␞4x", 1],
  ["T211", "a pong with data", "3probe␞4x", 1],
  ["T212", "an open packet from the client", "0{}␞4x", 1],
  ["T213", "an upgrade packet by polling", "5␞4x", 1],
  ["T214", "a noop from the client", "6␞4x", 1],
].map(([id, title, body, count]) => ({
  id, title,
  play: async (t) => {
    const session = await t.polling(ENGINE);
    await session.post(body.replaceAll("␞", SEPARATOR));
    await session.collect(count);
  },
}));

// Bodies that end the session. The reference answers 200 because it closes before it knows better.
const MALFORMED = { post: ["400 [access-control-allow-origin: *]"] };
const malformed = [
  ["T220", "an unknown packet type", "abc"],
  ["T221", "a packet type out of range", "7"],
  ["T222", "an empty body", ""],
  ["T223", "a trailing separator", "4a␞"],
  ["T224", "a leading separator", "␞4a"],
  ["T225", "a separator alone", "␞"],
  ["T226", "two separators in a row", "4a␞␞4b"],
].map(([id, title, body]) => ({
  id, title, trunkline: MALFORMED,
  play: async (t) => {
    const session = await t.polling(ENGINE);
    await session.post(body.replaceAll("␞", SEPARATOR));
    await session.known();
  },
}));

const others = [
  ["T227", "the old payload format reads as a noop", "6:4hello"],
  ["T228", "a ping from the client", "2"],
  ["T229", "a probe by polling", "2probe"],
].map(([id, title, body]) => ({
  id, title,
  play: async (t) => {
    const session = await t.polling(ENGINE);
    await session.post(body);
    await session.known();
  },
}));

const bodies = [
  {
    id: "T230", title: "packets before a malformed one count, those behind it do not",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      const parked = await session.park();
      await session.post(["4a", "4b", "x", "4c"].join(SEPARATOR), "x");
      t.lanes.delete("x");
      const response = await parked.answer();
      t.lanes.delete("get");
      t.note("get", `echoed ${response?.body.toString().split(SEPARATOR)[0]}`);
      await session.known();
    },
  },
  {
    id: "T231", title: "a body of exactly the limit",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await session.post(`4${"x".repeat(LIMIT - 1)}`);
      await session.collect(1);
    },
  },
  {
    id: "T232", title: "a body of one byte more",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await session.post(`4${"x".repeat(LIMIT)}`);
      await session.fate();
    },
  },
  {
    id: "T233", title: "the limit counts bytes, not characters",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await session.post(`4${"€".repeat(LIMIT / 2)}`);
      await session.fate();
    },
  },
  {
    id: "T234", title: "a chunked body",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await session.post("3\r\n4he\r\n3\r\nllo\r\n0\r\n\r\n", "post", { "Transfer-Encoding": "chunked" });
      await session.collect(1);
    },
  },
  {
    id: "T235", title: "a chunked body beyond the limit",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      const chunk = `${(LIMIT / 2 + 1).toString(16)}\r\n${"4".repeat(LIMIT / 2 + 1)}\r\n`;
      await session.post(`${chunk}${chunk}0\r\n\r\n`, "post", { "Transfer-Encoding": "chunked" });
      await session.fate();
    },
  },
  {
    id: "T236", title: "a body in many pieces",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      const bytes = requestBytes({ method: "POST", path: session.url, body: "4€ello", port: t.port });
      const exchange = await t.start("post", { path: ENGINE });
      await exchange.answer();
      t.lanes.delete("post");
      for (const byte of bytes) exchange.tcp.write(Buffer.from([byte]));
      await exchange.answer();
      await session.collect(1);
    },
  },
  {
    id: "T237", title: "the content type of the old binary payload",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await session.post("4hello", "post", { "Content-Type": "application/octet-stream" });
      await session.known();
    },
  },
  {
    id: "T238", title: "that content type with a parameter is any other",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await session.post("4hello", "post", { "Content-Type": "application/octet-stream;a=b" });
      await session.collect(1);
    },
  },
  {
    id: "T239", title: "no content type",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await session.post("4hello", "post", {});
      await session.collect(1);
    },
  },
  {
    id: "T240", title: "a body that is not UTF-8",
    trunkline: { post: ["400 [access-control-allow-origin: *]"], get: ['400 [content-type: application/json; access-control-allow-origin: *] {"code":1,"message":"Session ID unknown"}'] },
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await session.post(Buffer.from([0x34, 0xff, 0xfe]));
      await session.collect(1);
    },
  },
  {
    id: "T241", title: "a close packet with a GET waiting",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      const parked = await session.park();
      await session.post("1");
      await parked.answer();
      await session.known();
    },
  },
  {
    id: "T242", title: "a close packet without a GET",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await session.post("1");
      await session.known();
    },
  },
  {
    id: "T243", title: "packets behind a close packet are dropped",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await session.post(["4a", "1", "4b"].join(SEPARATOR));
      await session.known();
    },
  },
  {
    id: "T244", title: "a malformed packet with a GET waiting",
    trunkline: MALFORMED,
    play: async (t) => {
      const session = await t.polling(ENGINE);
      const parked = await session.park();
      await session.post("abc");
      await parked.answer();
      await session.known();
    },
  },
  {
    id: "T245", title: "a GET on the handshake's connection, and one more on it",
    play: async (t) => {
      const exchange = await t.start("same", { path: `${ENGINE}?EIO=4&transport=polling` });
      const sid = /"sid":"([^"]+)"/.exec((await exchange.answer()).body)[1];
      const path = `${ENGINE}?EIO=4&transport=polling&sid=${sid}`;
      for (const request of [{ method: "POST", path, body: "4one" }, { path }, { method: "POST", path, body: "4two" }, { path }]) {
        exchange.tcp.write(requestBytes({ ...request, port: t.port }));
        await exchange.answer();
      }
    },
  },
  {
    id: "T246", title: "two requests in one write",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      const post = requestBytes({ method: "POST", path: session.url, body: "4both", port: t.port });
      const exchange = await t.start("same", { path: ENGINE });
      await exchange.answer();
      t.lanes.delete("same");
      exchange.tcp.write(Buffer.concat([post, requestBytes({ path: session.url, port: t.port })]));
      await exchange.answer();
      await exchange.answer();
    },
  },
  {
    id: "T247", title: "Connection: close on a request does not close the session",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      const exchange = await t.start("post", { method: "POST", path: session.url, body: "4x", headers: { Connection: "close" } });
      await exchange.answer();
      await exchange.end();
      await session.fate();
    },
  },
];

const overlaps = [
  {
    id: "T250", title: "a second GET while one waits",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      const parked = await session.park("first");
      await session.poll("second");
      await parked.answer();
      await session.known();
    },
  },
  {
    id: "T251", title: "a second POST while the first still comes",
    trunkline: { first: ["400 [access-control-allow-origin: *; connection: close]"] },
    play: async (t) => {
      const session = await t.polling(ENGINE);
      const first = await t.start("first", { method: "POST", path: session.url, headers: { "Content-Length": 100 }, body: "4half" });
      await t.settle();
      await session.post("4second", "second");
      await first.answer();
      await session.known();
    },
  },
  {
    id: "T252", title: "the client drops the waiting GET",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      (await session.park("dropped")).cut();
      await t.settle(60);
      await session.known();
    },
  },
  {
    id: "T253", title: "the client drops a POST in the middle",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      const post = await t.start("dropped", { method: "POST", path: session.url, headers: { "Content-Length": 100 }, body: "4half" });
      await t.settle();
      post.tcp.cut();
      await t.settle(60);
      await session.known();
    },
  },
  {
    id: "T254", title: "one GET and one POST together",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      const parked = await session.park();
      await session.post("4together");
      await parked.answer();
      await session.fate();
    },
  },
  {
    id: "T255", title: "the client drops the waiting GET while a POST comes",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      const parked = await session.park("dropped");
      const post = await t.start("post", { method: "POST", path: session.url, headers: { "Content-Length": 100 }, body: "4half" });
      await t.settle();
      parked.cut();
      await t.settle(60);
      post.tcp.cut();
      await session.known();
    },
  },
  {
    id: "T256", title: "a malformed second GET leaves the first one waiting",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      const parked = await session.park("first");
      await t.get("second", `${ENGINE}?EIO=3&transport=polling&sid=${session.sid}`);
      await session.post("4still there");
      await parked.answer();
    },
  },
];

// Compression of GET answers; the record shows the decoded body.
const big = `4${"a long line of text; ".repeat(60)}`;
const compression = [
  ["T260", "gzip", { "Accept-Encoding": "gzip" }, big],
  ["T261", "deflate", { "Accept-Encoding": "deflate" }, big],
  ["T262", "deflate named before gzip", { "Accept-Encoding": "br, deflate, gzip" }, big],
  ["T263", "Brotli alone", { "Accept-Encoding": "br" }, big],
  ["T264", "gzip refused by its weight", { "Accept-Encoding": "gzip;q=0, deflate" }, big],
  ["T265", "below the threshold", { "Accept-Encoding": "gzip" }, `4${"x".repeat(1022)}`],
  ["T266", "at the threshold", { "Accept-Encoding": "gzip" }, `4${"x".repeat(1023)}`],
  ["T267", "no Accept-Encoding", {}, big],
  ["T268", "anything goes", { "Accept-Encoding": "*" }, big],
].map(([id, what, headers, body]) => ({
  id, title: `a compressed answer: ${what}`,
  play: async (t) => {
    const session = await t.polling(ENGINE);
    await session.post(body);
    await session.poll("get", headers);
  },
}));

const noise = randomBytes(20_000).toString("base64");
const large = [
  {
    id: "T270", title: "many messages in one answer",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await session.post(Array.from({ length: 500 }, (_, i) => `4message ${i}`).join(SEPARATOR));
      await session.poll();
    },
  },
  {
    id: "T271", title: "answers have no limit of their own",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      // Two bodies of more than half of the limit come back in one answer.
      for (const post of ["one", "two"]) await session.post(`4${post}${"x".repeat(LIMIT * 0.6)}`, post);
      const response = await session.poll("x");
      t.lanes.delete("x");
      t.note("get", `${response?.status}, ${response?.body.length} bytes`);
    },
  },
  {
    id: "T272", title: "binary that does not compress",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await session.post(`b${Buffer.from(noise.slice(0, 3000)).toString("base64")}`);
      await session.poll();
    },
  },
];

export const polling = [...echoed, ...malformed, ...others, ...bodies, ...overlaps, ...compression, ...large];
