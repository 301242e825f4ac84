// T1xx: what the request line, the query and the header fields decide, before any session is touched.
const ENGINE = "/engine.io/";
const OPEN = "EIO=4&transport=polling";

const refusedGet = [
  ["T101", "no query at all", ""],
  ["T102", "no transport", "?EIO=4"],
  ["T103", "an unknown transport", "?EIO=4&transport=abc"],
  ["T104", "a transport named like an object's own property", "?EIO=4&transport=constructor"],
  ["T105", "a transport named __proto__", "?EIO=4&transport=__proto__"],
  ["T106", "webtransport does not come by HTTP", "?EIO=4&transport=webtransport"],
  ["T107", "an empty transport", "?EIO=4&transport="],
  ["T108", "no protocol version", "?transport=polling"],
  ["T109", "the old protocol version", "?EIO=3&transport=polling"],
  ["T110", "a protocol version that does not exist", "?EIO=5&transport=polling"],
  ["T111", "a protocol version that is no number", "?EIO=abc&transport=polling"],
  ["T112", "a protocol version with a leading zero", "?EIO=04&transport=polling"],
  ["T113", "the version's name in lower case", "?eio=4&transport=polling"],
  ["T114", "transport and version wrong: the transport decides", "?EIO=abc&transport=abc"],
  ["T115", "the last of two transports counts", "?EIO=4&transport=polling&transport=abc"],
  ["T116", "the last of two versions counts", "?EIO=4&EIO=3&transport=polling"],
  ["T117", "websocket without an upgrade", "?EIO=4&transport=websocket"],
  ["T118", "an unknown session", "?EIO=4&transport=polling&sid=unknown"],
  ["T119", "an unknown session, websocket without an upgrade", "?EIO=4&transport=websocket&sid=unknown"],
  ["T120", "a session named __proto__", "?EIO=4&transport=polling&sid=__proto__"],
].map(([id, title, query]) => ({ id, title, play: (t) => t.get("get", `${ENGINE}${query}`) }));

const openedGet = [
  ["T121", "an empty sid opens a session", `${ENGINE}?${OPEN}&sid=`],
  ["T122", "the last of two versions counts, the good one last", `${ENGINE}?EIO=3&EIO=4&transport=polling`],
  ["T123", "the query is percent-decoded", `${ENGINE}?EIO=%34&transport=poll%69ng`],
  ["T124", "unknown parameters are accepted", `${ENGINE}?${OPEN}&a=b&%26c=%3D&t=xyz`],
  ["T125", "everything below the path belongs to it", `${ENGINE}anything/?${OPEN}`],
  ["T126", "the Socket.IO path too, with something below it", `/socket.io/default/?${OPEN}`],
  ["T127", "b64 means nothing in this version", `${ENGINE}?${OPEN}&b64=1`],
].map(([id, title, path]) => ({ id, title, play: (t) => t.get("get", path) }));

const others = [
  ["T130", "without its trailing slash the path is somebody else's", `/engine.io?${OPEN}`],
  ["T131", "a longer name is somebody else's", `/engine.iox/?${OPEN}`],
  ["T132", "the path's case counts", `/ENGINE.IO/?${OPEN}`],
  ["T133", "an unknown path", "/nobody"],
].map(([id, title, path]) => ({
  id, title,
  play: async (t) => t.note("get", `status ${(await (await t.start("get", { path })).read())?.status}`),
}));

const methods = ["POST", "PUT", "PATCH", "DELETE", "HEAD"].map((method, at) => ({
  id: `T${140 + at}`,
  title: `${method} without a session`,
  play: (t) => t.request("request", { method, path: `${ENGINE}?${OPEN}`, body: method === "HEAD" ? undefined : "4x" }),
}));

// The reference answers 500; with the session unharmed on both sides.
const knownMethods = ["PUT", "DELETE", "PATCH", "HEAD"].map((method, at) => ({
  id: `T${150 + at}`,
  title: `${method} with a known session`,
  trunkline: { request: ["400 [access-control-allow-origin: *]"] },
  play: async (t) => {
    const session = await t.polling(ENGINE);
    await t.request("request", { method, path: session.url });
    await session.fate();
  },
}));

const cors = [
  {
    id: "T146", title: "OPTIONS without CORS is a method like the others", server: "bench",
    play: (t) => t.request("request", { method: "OPTIONS", path: `/socket.io/?${OPEN}` }),
  },
  {
    id: "T147", title: "a preflight is answered before anything is looked at",
    play: (t) => t.request("request", {
      method: "OPTIONS", path: ENGINE,
      headers: { Origin: "http://a.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-more" },
    }),
  },
  {
    id: "T148", title: "a preflight that asks for no header fields, with a known session",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await t.request("request", { method: "OPTIONS", path: session.url, headers: { Origin: "http://a.example" } });
      await session.fate();
    },
  },
  {
    id: "T149", title: "CORS header fields on the open packet, GET, POST and refusals",
    play: async (t) => {
      const headers = { Origin: "http://a.example" };
      const session = await t.polling(ENGINE, { headers });
      await session.post("4x", "post", headers);
      await session.poll("get", headers);
      await t.get("refused", `${ENGINE}?transport=abc`, headers);
    },
  },
];

const knownSession = [
  {
    id: "T154", title: "OPTIONS with a known session, without CORS", server: "bench",
    trunkline: { request: ["400 []"] },
    play: async (t) => {
      const session = await t.polling("/socket.io/");
      await t.request("request", { method: "OPTIONS", path: session.url });
      await session.known();
    },
  },
  ...[["T155", "missing", ""], ["T156", "the old one", "EIO=3&"], ["T157", "another", "EIO=5&"]].map(([id, what, version]) => ({
    id, title: `a known session with the protocol version ${what}`,
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await t.get("get", `${ENGINE}?${version}transport=polling&sid=${session.sid}`);
      await session.fate();
    },
  })),
  {
    id: "T158", title: "a known polling session by websocket without an upgrade",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await t.get("get", session.websocketUrl());
      await session.fate();
    },
  },
  {
    id: "T159", title: "a known polling session by an unknown transport",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await t.get("get", `${ENGINE}?EIO=4&transport=abc&sid=${session.sid}`);
      await session.fate();
    },
  },
  {
    id: "T160", title: "an unknown session by POST",
    play: (t) => t.request("post", { method: "POST", path: `${ENGINE}?${OPEN}&sid=unknown`, body: "4x" }),
  },
  {
    id: "T161", title: "a session of the other path is unknown here",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await t.get("get", `/socket.io/?${OPEN}&sid=${session.sid}`);
      await session.fate();
    },
  },
  {
    id: "T162", title: "an Origin with a control character",
    play: async (t) => t.note("get", `status ${(await (await t.start("get", { path: `${ENGINE}?${OPEN}`, headers: { Origin: "http://a\x01b" } })).read())?.status}`),
  },
  {
    id: "T163", title: "a User-Agent of old Internet Explorers",
    play: async (t) => {
      const headers = { "User-Agent": "Mozilla/4.0 (compatible;MSIE 8.0)" };
      const session = await t.polling(ENGINE, { headers });
      await session.post("4x", "post", headers);
    },
  },
  {
    id: "T164", title: "JSONP's index in this version",
    trunkline: { open: [`200 [content-type: text/plain; charset=UTF-8; cache-control: no-store; access-control-allow-origin: *] 0{"sid":"<id1>","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}`] },
    play: (t) => t.polling(ENGINE, { query: `${OPEN}&j=0` }),
  },
];

// Upgrade requests. The body of a refusal is bare text and the connection ends.
const refusal = (text) => ({ ws: [`400 [content-type: text/html; connection: close] ${text}`, "end without a close frame"] });
const upgrades = [
  ["T170", "an upgrade without a query", ENGINE, {}],
  ["T171", "an upgrade without a transport", `${ENGINE}?EIO=4`, {}],
  ["T172", "an upgrade with an unknown transport", `${ENGINE}?EIO=4&transport=abc`, {}],
  ["T173", "an upgrade with an unknown session", `${ENGINE}?EIO=4&transport=websocket&sid=unknown`, {}],
  ["T174", "an upgrade by POST", `${ENGINE}?EIO=4&transport=websocket`, { method: "POST" }],
  ["T175", "an upgrade with transport and version wrong", `${ENGINE}?EIO=abc&transport=abc`, {}],
  ["T176", "an upgrade to webtransport", `${ENGINE}?EIO=4&transport=webtransport`, {}],
].map(([id, title, path, options]) => ({ id, title, play: (t) => refusedUpgrade(t, path, options) }));

const oddUpgrades = [
  // The reference writes the 101 first and the refusal behind it.
  ...[["T177", "without a version", "?transport=websocket"], ["T178", "with the old version", "?EIO=3&transport=websocket"], ["T179", "with a version that is no number", "?EIO=abc&transport=websocket"]]
    .map(([id, what, query]) => ({
      id, title: `an upgrade ${what}`, trunkline: refusal("Unsupported protocol version"),
      play: async (t) => {
        const socket = await t.websocket("ws", `${ENGINE}${query}`);
        t.note("ws", await afterUpgrade(socket));
      },
    })),
  {
    id: "T180", title: "an upgrade of a known session with another version",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await refusedUpgrade(t, `${ENGINE}?EIO=3&transport=websocket&sid=${session.sid}`, {});
      await session.fate();
    },
  },
  {
    id: "T181", title: "an upgrade with transport=polling",
    trunkline: { ws: ["400 [content-type: text/html; connection: close] Bad request"] },
    play: async (t) => {
      const socket = await t.websocket("ws", `${ENGINE}?${OPEN}`);
      if (!socket.over) await socket.frame();
    },
  },
  ...[
    ["T182", "without a key", { "Sec-WebSocket-Key": undefined }],
    ["T183", "with a malformed key", { "Sec-WebSocket-Key": "too short" }],
    ["T184", "with another WebSocket version", { "Sec-WebSocket-Version": "12" }],
    ["T185", "without a WebSocket version", { "Sec-WebSocket-Version": undefined }],
  ].map(([id, what, headers]) => ({
    id, title: `an upgrade ${what}`,
    play: async (t) => {
      const socket = await t.websocket("x", `${ENGINE}?EIO=4&transport=websocket`, { headers });
      t.lanes.delete("x");
      t.note("ws", `status ${socket.raw.response?.status}`);
    },
  })),
  {
    id: "T186", title: "an upgrade to something that is no WebSocket",
    play: async (t) => {
      const socket = await t.websocket("x", `${ENGINE}?EIO=4&transport=websocket`, { headers: { Upgrade: "h2c" } });
      t.lanes.delete("x");
      t.note("ws", `status ${socket.raw.response?.status}`);
    },
  },
  {
    id: "T187", title: "garbage right behind an upgrade request",
    play: async (t) => {
      const socket = await t.websocket("ws", `${ENGINE}?EIO=4&transport=websocket`, { tail: Buffer.from([0x0f, 0x80, 1, 2, 3, 4, 255, 0, 255]) });
      await socket.frames(2);
      await t.polling(ENGINE);
    },
  },
  {
    id: "T188", title: "a subprotocol and compression are offered",
    play: async (t) => {
      const socket = await t.websocket("ws", `${ENGINE}?EIO=4&transport=websocket`, {
        headers: { "Sec-WebSocket-Protocol": "one, two", "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" },
      });
      await socket.frame();
      await socket.fate();
    },
  },
  {
    id: "T189", title: "an Origin on an upgrade: CORS header fields on the 101",
    play: async (t) => {
      const socket = await t.websocket("ws", `${ENGINE}?EIO=4&transport=websocket`, { headers: { Origin: "http://a.example" } });
      await socket.frame();
    },
  },
  {
    id: "T190", title: "an upgrade for a path that nobody serves",
    trunkline: { ws: ["404 [connection: close]"] },
    play: async (t) => {
      const socket = await t.websocket("ws", "/nobody/");
      if (!socket.over) await socket.frame();
    },
  },
  {
    id: "T191", title: "an upgrade with an empty sid opens a session",
    play: async (t) => {
      const socket = await t.websocket("ws", `${ENGINE}?EIO=4&transport=websocket&sid=`);
      await socket.frame();
      await socket.fate();
    },
  },
];

async function refusedUpgrade(t, path, options) {
  const socket = await t.websocket("ws", path, options);
  if (socket.raw.response?.status === 101) await socket.frame();
  else t.note("ws", await afterUpgrade(socket));
}

/** What follows the answer to an upgrade request: raw bytes, because it need not be a frame. */
async function afterUpgrade(socket) {
  if (socket.raw.response?.status !== 101) return (await bytesLeft(socket)) || "end without a close frame";
  const first = await socket.tcp.take(1, Date.now() + 1500).catch(() => undefined);
  if (first === undefined) return "silence";
  const rest = Buffer.concat([first ?? Buffer.alloc(0), Buffer.from(await bytesLeft(socket), "latin1")]);
  return rest.length === 0 ? "end without a close frame" : `then ${JSON.stringify(rest.toString("latin1").replace(/"sid":"[^"]+"/, '"sid":""'))}`;
}

async function bytesLeft(socket) {
  const rest = await socket.tcp.takeAll(Date.now() + 1500).catch(() => Buffer.from("connection stays"));
  return rest.toString("latin1");
}

export const requests = [
  ...refusedGet, ...openedGet, ...others, ...methods, ...cors, ...knownMethods, ...knownSession, ...upgrades, ...oddUpgrades,
];
