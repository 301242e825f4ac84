// T15xx and T16xx: Engine.IO protocol 3 (long-polling, JSONP, WebSocket, upgrade) and clients of Socket.IO 2 over it.

const ENGINE = "/engine.io/";
const SOCKET = "/socket.io/";
const BINARY = { "Content-Type": "application/octet-stream" };
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const bytes = (...values) => Buffer.from(values);
const alive = "7:4alive?";

/** A long-polling session of protocol 3. */
class Old {
  static async open(t, path = ENGINE, extra = "", protocol = "EIO=3&") {
    const response = await t.get("open", `${path}?${protocol}transport=polling${extra}`);
    const sid = /"sid\\?":\\?"([\w-]+)/.exec(response?.body.toString() ?? "")?.[1];
    return Object.assign(new Old(), { t, path, sid, url: `${path}?${protocol}transport=polling&sid=${sid}`, jsonp: /&j=/.test(extra) });
  }

  get(lane = "get", extra = "") {
    return this.t.get(lane, this.url + extra);
  }

  async park(lane = "get") {
    const exchange = await this.t.start(lane, { path: this.url });
    await this.t.settle();
    return exchange;
  }

  post(body, headers = { "Content-Type": "text/plain;charset=UTF-8" }, lane = "post") {
    return this.t.request(lane, { method: "POST", path: this.url, headers, body });
  }

  upgrade(extra = "", protocol = "EIO=3") {
    return this.t.websocket("ws", `${this.path}?${protocol}&transport=websocket&sid=${this.sid}${extra}`);
  }

  /** Whether the session still echoes. */
  async fate() {
    const response = await this.post(this.jsonp ? `d=${alive}` : alive, this.jsonp ? FORM : undefined, "fate");
    if (response?.status === 200) await this.get("fate");
  }
}

/** Opens a session, acts, and looks whether it lives. */
const polling = (id, title, act, { extra, protocol, path, ...more } = {}) => ({
  id, title, server: "old", ...more,
  play: async (t) => {
    const session = await Old.open(t, path, extra, protocol);
    await act(session, t);
  },
});

const handshakes = [
  ["T1501", "a handshake", "EIO=3&", ""],
  ["T1502", "a handshake without a version", "", ""],
  ["T1503", "a handshake of a version that does not exist", "EIO=5&", ""],
  ["T1504", "a handshake that takes no bytes", "EIO=3&", "&b64=1"],
  ["T1505", "a handshake of JSONP", "EIO=3&", "&b64=1&j=3"],
  ["T1506", "a function with more than digits in its name", "EIO=3&", "&b64=1&j=1a2%22);alert(3"],
].map(([id, title, protocol, extra]) => polling(id, title, (session) => session.fate(), { protocol, extra }));

const versions = [
  polling("T1510", "protocol 4 continues a session of protocol 3", async (session, t) => {
    await t.get("other", `${ENGINE}?EIO=4&transport=polling&sid=${session.sid}`);
    await t.request("other", { method: "POST", path: `${ENGINE}?EIO=4&transport=polling&sid=${session.sid}`, body: "4x" });
    await session.upgrade("", "EIO=4");
    await session.fate();
  }),
  {
    id: "T1511", title: "protocol 3 continues a session of protocol 4", server: "old",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await t.get("other", `${ENGINE}?EIO=3&transport=polling&sid=${session.sid}`);
      await t.get("other", `${ENGINE}?transport=polling&sid=${session.sid}`);
      await t.websocket("ws", `${ENGINE}?EIO=3&transport=websocket&sid=${session.sid}`);
      await session.fate();
    },
  },
  {
    id: "T1512", title: "a body of bytes for a session of protocol 4", server: "old",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await session.post(bytes(0, 2, 255, 0x34, 0x61), "post", BINARY);
      await session.known();
    },
  },
];

// Bodies that are answered and echoed.
const echoed = [
  ["T1520", "two packets, counted in UTF-16", "6:4hello2:4€"],
  ["T1521", "a character of two units", "3:4😀"],
  ["T1522", "base64 in text", "10:b4AQIDBA==6:4hello"],
  ["T1523", "an empty packet is skipped", "0:2:4a0:2:4b"],
  ["T1524", "a length with a leading zero", "02:4a"],
  ["T1525", "a ping", "1:2"],
  ["T1526", "a ping with data", "6:2probe"],
  ["T1527", "a ping as base64", "6:b2AQID2:4a"],
  ["T1528", "base64 of a type that does not exist", "6:b9AQID2:4a"],
  ["T1529", "packets that mean nothing here", "3:0{}1:51:62:4a"],
  ["T1530", "an empty message", "1:4"],
  ["T1531", "a colon in a message", "4:4:1:"],
].map(([id, title, body]) => polling(id, title, async (session) => {
  await session.post(body);
  await session.get();
}));

// Bodies that end the session.
const REFUSED = { trunkline: { post: ["400 [access-control-allow-origin: *]"] } };
const malformed = [
  ["T1540", "an empty body", ""],
  ["T1541", "a body without a length", "4hello"],
  ["T1542", "a length that is no number", "x:4a"],
  ["T1543", "a length past the end", "9:4a"],
  ["T1544", "digits without a packet", "2:4a12"],
  ["T1545", "a colon alone", ":"],
  ["T1546", "a type that does not exist", "2:7a"],
  ["T1547", "the payload of protocol 4", "4a\x1e4b"],
  ["T1548", "a negative length", "-2:4a"],
].map(([id, title, body]) => polling(id, title, async (session) => {
  await session.post(body);
  await session.get("after");
}, REFUSED));

const pings = [
  polling("T1532", "several pings in one body", async (session) => {
    await session.post("1:21:21:22:4a");
    await session.get();
  }, { trunkline: { get: ["200 [content-type: text/plain; charset=UTF-8; cache-control: no-store; access-control-allow-origin: *] 1:32:4a"] } }),
];

const binary = [
  ["T1560", "text as bytes", bytes(0, 6, 255, ...Buffer.from("4hello"))],
  ["T1561", "bytes", bytes(1, 5, 255, 4, 1, 2, 3, 4)],
  ["T1562", "a length of two digits", bytes(0, 1, 1, 255, ...Buffer.from("4€é😀x"))],
  ["T1563", "bytes and text", Buffer.concat([bytes(1, 5, 255, 4, 1, 2, 3, 4, 0, 6, 255), Buffer.from("4hello")])],
  ["T1564", "an unknown type of bytes is ignored", bytes(1, 2, 255, 9, 1, 0, 2, 255, 0x34, 0x61)],
  ["T1565", "no bytes at all are ignored", bytes(1, 0, 255, 0, 2, 255, 0x34, 0x61)],
  ["T1566", "a kind that does not exist", bytes(7, 2, 255, 4, 1)],
  ["T1567", "a ping as bytes", bytes(1, 2, 255, 2, 9)],
].map(([id, title, body]) => polling(id, title, async (session) => {
  await session.post(body, BINARY);
  await session.get();
}));

const badBinary = [
  ["T1570", "more digits than a number has", Buffer.concat([bytes(0), Buffer.alloc(400, 1), bytes(255, 0x34)])],
  ["T1571", "a length without an end", bytes(0, 2)],
  ["T1572", "an unknown type of text", bytes(0, 1, 255, 0x39)],
].map(([id, title, body]) => polling(id, title, async (session) => {
  await session.post(body, BINARY);
  await session.get("after");
}, REFUSED));

const lengths = [
  polling("T1573", "a length past the end of the bytes", async (session) => {
    await session.post(bytes(0, 9, 255, 0x34, 0x61), BINARY);
    await session.get();
  }, { trunkline: { post: REFUSED.trunkline.post, get: [UNKNOWN()] } }),
  polling("T1574", "a body of bytes that holds nothing", async (session) => {
    await session.post(Buffer.alloc(0), BINARY);
    await session.fate();
  }),
  polling("T1575", "a number in JavaScript's spelling", async (session) => {
    await session.post("2.0:4a");
    await session.get();
  }, { trunkline: { post: REFUSED.trunkline.post, get: [UNKNOWN()] } }),
];

function UNKNOWN() {
  return '400 [content-type: application/json; access-control-allow-origin: *] {"code":1,"message":"Session ID unknown"}';
}

const base64 = [
  polling("T1580", "who takes no bytes gets base64", async (session) => {
    await session.post("10:b4AQIDBA==6:4hello");
    await session.get();
  }, { extra: "&b64=1" }),
  polling("T1581", "b64 on a later poll changes nothing", async (session) => {
    await session.post("10:b4AQIDBA==");
    await session.get("get", "&b64=1");
  }),
  polling("T1582", "bytes from who takes none", async (session) => {
    await session.post(bytes(1, 5, 255, 4, 1, 2, 3, 4), BINARY);
    await session.get();
  }, { extra: "&b64=1" }),
];

const jsonp = [
  ["T1590", "a form", "d=6%3A4hello"],
  ["T1591", "a line end", String.raw`d=5:4he\nl`],
  ["T1592", "what only looks like a line end", String.raw`d=5:4a\\nb`],
  ["T1593", "three backslashes before an n", String.raw`d=5:4a\\\n`],
  ["T1594", "base64", "d=10%3Ab4AQIDBA%3D%3D6%3A4hello"],
  ["T1595", "line separators, quotes and a script's end", `d=${encodeURIComponent('19:4\u2028\u2029"</script>\\x<!--')}`],
  ["T1596", "more fields", "x=1&d=2:4a&y"],
  ["T1597", "a plus", "d=4:4a+b"],
].map(([id, title, body]) => polling(id, title, async (session) => {
  await session.post(body, FORM);
  await session.get("get", "&j=7");
}, { extra: "&b64=1&j=3" }));

const forms = [
  ["T1600", "no field d", "x=1"],
  ["T1601", "nothing at all", ""],
  ["T1602", "two fields d", "d=2:4a&d=2:4b"],
].map(([id, title, body]) => polling(id, title, async (session) => {
  await session.post(body, FORM);
  await session.fate();
}, { extra: "&b64=1&j=3" }));

const jsonpEnds = [
  polling("T1603", "a malformed payload in a form", async (session) => {
    await session.post("d=4hello", FORM);
    await session.get("after");
  }, { extra: "&b64=1&j=3", ...REFUSED }),
  polling("T1604", "a client of JSONP leaves", async (session) => {
    const parked = await session.park();
    await session.post("d=1:1", FORM);
    await parked.answer();
    await session.get("after");
  }, { extra: "&b64=1&j=3" }),
  polling("T1605", "a second poll of JSONP", async (session) => {
    const parked = await session.park();
    await session.get("second");
    await parked.answer();
  }, { extra: "&b64=1&j=3" }),
];

const limits = [
  polling("T1610", "a body at the limit", async (session) => {
    await session.post(`999993:4${"x".repeat(999_992)}`);
    await session.get();
  }),
  polling("T1611", "a body over the limit", async (session) => {
    await session.post(`999994:4${"x".repeat(999_993)}`);
    await session.fate();
  }),
];

const ends = [
  polling("T1620", "a pong from the client", async (session) => {
    await session.post("1:3");
    await session.get("after");
  }),
  polling("T1621", "a client leaves", async (session) => {
    const parked = await session.park();
    await session.post("1:1");
    await parked.answer();
    await session.get("after");
  }),
  polling("T1622", "a second poll", async (session) => {
    const parked = await session.park();
    await session.get("second");
    await parked.answer();
    await session.get("after");
  }),
  polling("T1623", "a client that does not ping is gone after interval and timeout", async (session, t) => {
    const parked = await session.park();
    await session.post("2:4a");
    await parked.answer();
    const again = await session.park("last");
    await t.settle(1500);
    await session.post("2:4b", undefined, "late");
    await again.answer();
    await session.get("end");
    await session.get("after");
  }),
  polling("T1624", "a ping is all that keeps it", async (session, t) => {
    await t.settle(1400);
    await session.post("1:2");
    await session.get();
    await t.settle(1400);
    await session.fate();
  }),
];

const websocket = (id, title, act, { query = "", ...more } = {}) => ({
  id, title, server: "old", ...more,
  play: async (t) => {
    const socket = await t.websocket("ws", `${ENGINE}?EIO=3&transport=websocket${query}`, { heartbeat: true });
    await socket.frame();
    await act(socket, t);
    await socket.fate();
  },
});

const websockets = [
  websocket("T1630", "text and bytes", async (socket) => {
    socket.send("4hello", "b4AQID");
    socket.sendBinary(bytes(4, 1, 2, 3), bytes(4));
    await socket.frames(4);
  }),
  websocket("T1631", "bytes as base64", async (socket) => {
    socket.sendBinary(bytes(4, 1, 2, 3));
    socket.send("b4AQID");
    await socket.frames(2);
  }, { query: "&b64=1" }),
  websocket("T1632", "a ping, with data and without", async (socket) => {
    socket.send("2", "2x", "2probe");
    await socket.frames(3);
  }),
  websocket("T1633", "bytes of other types", async (socket) => {
    socket.sendBinary(bytes(9, 1), bytes(), bytes(5), bytes(6), bytes(0x34, 1), bytes(2));
    await socket.frame();
  }),
  websocket("T1634", "a pong", (socket) => socket.send("3")),
  websocket("T1635", "an unknown type", (socket) => socket.send("9")),
  websocket("T1636", "an empty text", (socket) => socket.send("")),
  websocket("T1637", "base64 without a type", (socket) => socket.send("b")),
];

const upgrades = [
  ["T1640", "an upgrade", "", ""],
  ["T1641", "an upgrade to who takes bytes now", "&b64=1", ""],
  ["T1642", "an upgrade to who takes none now", "", "&b64=1"],
  ["T1643", "an upgrade from JSONP", "&b64=1&j=0", ""],
].map(([id, title, extra, query]) => polling(id, title, async (session) => {
  const parked = await session.park();
  const socket = await session.upgrade(query);
  socket.send("2probe");
  await socket.frame();
  await parked.answer();
  socket.send("5");
  socket.sendBinary(bytes(4, 1, 2));
  await socket.frame();
  await socket.fate();
  await session.get("after");
}, { extra }));

const upgradeEnds = [
  polling("T1644", "a candidate that says something else", async (session) => {
    const socket = await session.upgrade();
    socket.sendBinary(bytes(4, 1));
    await socket.frame();
    await session.fate();
  }),
  polling("T1645", "messages that wait go over the WebSocket", async (session) => {
    const socket = await session.upgrade();
    socket.send("2probe");
    await socket.frame();
    await session.post("2:4a10:b4AQIDBA==");
    socket.send("5");
    await socket.frames(2);
  }),
];

/** A WebSocket of a Socket.IO 2 client that has been let into `/`. */
const client = (id, title, act, { query = "", ...more } = {}) => ({
  id, title, server: "old", ...more,
  play: async (t) => {
    const socket = await t.websocket("ws", `${SOCKET}?EIO=3&transport=websocket${query}`);
    await socket.frames(query ? 2 : 3);
    await act(socket, t);
    await socket.fate("40/alive,", '44/alive,{"message":"Invalid namespace"}');
  },
});

const LET_IN = [
  "101 [access-control-allow-origin: *]",
  'text 0{"sid":"<id1>","upgrades":[],"pingInterval":1000,"pingTimeout":1000,"maxPayload":1000000}',
  "text 40", 'text 42["auth",{}]',
];
const ALIVE = 'text 44/alive,{"message":"Invalid namespace"}';

const clients = [
  client("T1650", "the main namespace is joined at once", async (socket) => {
    socket.send('42["message","a",1]', '420["message-with-ack","x"]', '421["id"]');
    await socket.frames(3);
  }),
  client("T1651", "a namespace with a query", async (socket) => {
    socket.send("40/custom?token=abc&x=1,");
    await socket.frames(2);
    socket.send('42/custom?token=abc,["message","a"]', '42/custom,3["id"]');
    await socket.frames(2);
  }),
  client("T1652", "a namespace without a query", async (socket) => {
    socket.send("40/custom");
    await socket.frames(2);
  }),
  client("T1653", "a query that needs decoding", async (socket) => {
    socket.send("40/custom?a=%C3%A9+b&a=2&%22=%2C,");
    await socket.frames(2);
  }),
  client("T1654", "a payload in CONNECT is not looked at", async (socket) => {
    socket.send('40/custom,{"token":"abc"}');
    await socket.frames(2);
  }),
  client("T1655", "namespaces that refuse", async (socket) => {
    for (const packet of ["40/refusing,", "40/retry,", "40/random,", "40/random?x=1,"]) {
      socket.send(packet);
      await socket.frame();
    }
  }),
  client("T1656", "a refused main namespace leaves the connection", async (socket) => {
    socket.send("40/custom,");
    await socket.frames(2);
    socket.send("40");
    await socket.frame();
  }, { query: "&refuse=1" }),
  client("T1657", "CONNECT to a joined main namespace", (socket) => socket.send("40")),
  client("T1658", "leaving one namespace, then the main one", async (socket) => {
    socket.send("40/custom,");
    await socket.frames(2);
    socket.send("41/custom,");
    socket.send('42["message","a"]');
    await socket.frame();
    socket.send("41");
  }),
  client("T1659", "binary both ways", async (socket) => {
    socket.send('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
    socket.sendBinary(bytes(4, 1, 2), bytes(4));
    await socket.frames(3);
    socket.send('451-5["message-with-ack",{"_placeholder":true,"num":0}]');
    socket.sendBinary(bytes(4, 9));
    await socket.frames(2);
  }),
  client("T1660", "the server asks", async (socket) => {
    socket.send('42["ask"]');
    await socket.frame();
    socket.send('430["yes",2]');
    await socket.frame();
  }),
  client("T1661", "the server puts the client out of a namespace", async (socket) => {
    socket.send('42["leave"]');
    await socket.frame();
  }),
  client("T1662", "the server ends the connection", async (socket) => {
    socket.send('42["end"]');
    await socket.frames(2);
  }),
  client("T1663", "binary by base64 text", async (socket) => {
    socket.send('451-["message",{"_placeholder":true,"num":0}]', "b4AQI=");
    await socket.frames(2);
  }),
  client("T1664", "an error from the client", (socket) => socket.send('44"no"')),
  client("T1666", "a namespace that is a path with steps", async (socket) => {
    socket.send("40/x/../custom,");
    await socket.frame();
  }, { trunkline: { ws: [...LET_IN, 'text 44/x/../custom,{"message":"Invalid namespace"}', ALIVE] } }),
  {
    id: "T1665", title: "a client by polling, its first answers", server: "old",
    play: async (t) => {
      const session = await Old.open(t, SOCKET);
      await session.get("get");
      await t.settle();
      await session.post('21:42["message","h€llo"]');
      await session.get("event");
    },
  },
];

export const eio3 = [
  ...handshakes, ...versions, ...echoed, ...pings, ...malformed, ...binary, ...badBinary, ...lengths, ...base64, ...jsonp, ...forms,
  ...jsonpEnds, ...limits, ...ends, ...websockets, ...upgrades, ...upgradeEnds, ...clients,
];
