// T3xx: sessions that start on a WebSocket: packets, frames, limits.
import { OPCODE, frameBytes } from "../support/frames.mjs";

const ENGINE = "/engine.io/";
const OPEN = `${ENGINE}?EIO=4&transport=websocket`;
const LIMIT = 1_000_000;

/** A transcript that opens a session on a WebSocket, does something and looks whether the session lives. */
function onWebSocket(id, title, act, more = {}) {
  return {
    id, title, ...more,
    play: async (t) => {
      const socket = await t.websocket("ws", OPEN);
      await socket.frame();
      await act(socket, t);
      await socket.fate();
    },
  };
}

const packets = [
  ["T301", "a text message", "4hello"],
  ["T302", "an empty message", "4"],
  ["T303", "base64 in a text frame", "bAQIDBA=="],
  ["T304", "empty base64 in a text frame", "b"],
  ["T305", "base64 garbage in a text frame", "b!!"],
  ["T306", "an unrequested pong", "3"],
  ["T307", "a pong with data", "3probe"],
  ["T308", "an open packet from the client", "0{}"],
  ["T309", "an upgrade packet on the one WebSocket", "5"],
  ["T310", "a noop from the client", "6"],
  ["T311", "a ping from the client", "2"],
  ["T312", "a probe on the one WebSocket", "2probe"],
  ["T313", "an unknown packet type", "abc"],
  ["T314", "a packet type out of range", "7"],
  ["T315", "an empty frame", ""],
  ["T316", "a separator does not separate here", "4a\x1e4b"],
].map(([id, title, text]) => onWebSocket(id, title, (socket) => socket.send(text)));

const frames = [
  onWebSocket("T320", "a binary message", (socket) => socket.sendBinary(Buffer.from([1, 2, 3, 4]))),
  onWebSocket("T321", "an empty binary message", (socket) => socket.sendBinary(Buffer.alloc(0))),
  onWebSocket("T322", "a message of three fragments", (socket) => {
    socket.sendFrame(OPCODE.text, "4he", { fin: false });
    socket.sendFrame(OPCODE.continuation, "ll", { fin: false });
    socket.sendFrame(OPCODE.continuation, "o");
  }),
  onWebSocket("T323", "a control frame between two fragments", async (socket) => {
    socket.sendFrame(OPCODE.text, "4he", { fin: false });
    socket.sendFrame(OPCODE.ping, "between");
    await socket.frame();
    socket.sendFrame(OPCODE.continuation, "llo");
  }),
  onWebSocket("T324", "a ping frame", async (socket) => {
    socket.sendFrame(OPCODE.ping, "are you there");
    await socket.frame();
  }),
  onWebSocket("T325", "an unrequested pong frame", (socket) => socket.sendFrame(OPCODE.pong, "x")),
  onWebSocket("T326", "a close frame with a code", (socket) => closeFrame(socket, [0x03, 0xe8])),
  onWebSocket("T327", "a close frame with a code of the application", (socket) => closeFrame(socket, [0x0f, 0xa0, 0x62, 0x79, 0x65])),
  onWebSocket("T328", "a close frame without a code", (socket) => closeFrame(socket, [])),
  onWebSocket("T329", "a message of exactly the limit", async (socket) => {
    socket.send(`4${"x".repeat(LIMIT - 1)}`);
    await socket.frame();
  }),
  onWebSocket("T330", "a message of one byte more", (socket) => socket.send(`4${"x".repeat(LIMIT)}`)),
  onWebSocket("T331", "a binary message of one byte more", (socket) => socket.sendBinary(Buffer.alloc(LIMIT + 1))),
  onWebSocket("T332", "fragments that are too much together", (socket) => {
    socket.sendFrame(OPCODE.text, `4${"x".repeat(LIMIT / 2)}`, { fin: false });
    socket.sendFrame(OPCODE.continuation, "x".repeat(LIMIT / 2));
  }),
  onWebSocket("T333", "a frame without a mask", (socket) => socket.sendFrame(OPCODE.text, "4hello", { masked: false })),
  onWebSocket("T334", "a frame with a reserved bit", (socket) => socket.sendFrame(OPCODE.text, "4hello", { rsv: 0x40 })),
  onWebSocket("T335", "a frame with an unknown opcode", (socket) => socket.sendFrame(3, "4hello")),
  onWebSocket("T336", "a continuation of nothing", (socket) => socket.sendFrame(OPCODE.continuation, "4hello")),
  onWebSocket("T337", "text that is not UTF-8", (socket) => socket.sendFrame(OPCODE.text, Buffer.from([0x34, 0xff, 0xfe]))),
  onWebSocket("T338", "a control frame that is too long", (socket) => socket.sendFrame(OPCODE.ping, "x".repeat(126))),
  onWebSocket("T339", "a control frame in fragments", (socket) => socket.sendFrame(OPCODE.ping, "x", { fin: false })),
  onWebSocket("T340", "a close frame with half a code", (socket) => closeFrame(socket, [0x03])),
  onWebSocket("T341", "a close frame with a code that must not be sent", (socket) => closeFrame(socket, [0x03, 0xed]), {
    trunkline: { ws: ["101 [access-control-allow-origin: *]", `text ${openPacket()}`, 'close 1002 "Protocol violation"'] },
  }),
];

const sessions = [
  {
    id: "T350", title: "a close packet on a WebSocket",
    trunkline: { ws: ["101 [access-control-allow-origin: *]", `text ${openPacket()}`, "close without a code"] },
    play: async (t) => {
      const socket = await t.websocket("ws", OPEN);
      await socket.frame();
      socket.send("1");
      await socket.fate();
    },
  },
  {
    id: "T351", title: "polling with the session of a WebSocket",
    play: async (t) => {
      const { socket, sid } = await opened(t);
      await t.get("get", `${ENGINE}?EIO=4&transport=polling&sid=${sid}`);
      await t.request("post", { method: "POST", path: `${ENGINE}?EIO=4&transport=polling&sid=${sid}`, body: "4x" });
      await socket.fate();
    },
  },
  {
    id: "T352", title: "a second WebSocket for a session that started on one",
    trunkline: { second: ["101 [access-control-allow-origin: *]", "close without a code"] },
    play: async (t) => {
      const { socket, sid } = await opened(t);
      const second = await t.websocket("second", `${OPEN}&sid=${sid}`);
      second.send("2probe");
      await second.frame();
      await socket.fate();
    },
  },
  {
    id: "T353", title: "the client cuts TCP",
    play: async (t) => {
      const { socket, sid } = await opened(t);
      socket.cut();
      await t.settle(60);
      await t.get("after", `${ENGINE}?EIO=4&transport=polling&sid=${sid}`);
    },
  },
  {
    id: "T354", title: "messages right behind the upgrade request",
    play: async (t) => {
      const socket = await t.websocket("ws", OPEN, { tail: behind("4early") });
      await socket.frame();
      await socket.fate();
    },
  },
  {
    id: "T355", title: "b64 asks for base64 in text frames",
    trunkline: { ws: ["101 [access-control-allow-origin: *]", `text ${openPacket()}`, "binary <01020304>", "text 4alive?"] },
    play: async (t) => {
      const socket = await t.websocket("ws", `${OPEN}&b64=1`);
      await socket.frame();
      socket.sendBinary(Buffer.from([1, 2, 3, 4]));
      await socket.fate();
    },
  },
  {
    id: "T356", title: "a hundred messages in one write come back in order",
    play: async (t) => {
      const { socket } = await opened(t);
      const all = Array.from({ length: 100 }, (_, i) => `4message ${i}`);
      socket.send(...all);
      await socket.through(`text ${all.at(-1)}`);
    },
  },
];


function behind(text) {
  return frameBytes(OPCODE.text, text);
}

function openPacket() {
  return '0{"sid":"<id1>","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}';
}

async function opened(t) {
  const socket = await t.websocket("ws", OPEN);
  const sid = /"sid":"([^"]+)"/.exec(await socket.frame())?.[1];
  return { socket, sid };
}

async function closeFrame(socket, payload) {
  socket.sendFrame(OPCODE.close, Buffer.from(payload));
  await socket.frame();
}

export const websocket = [...packets, ...frames, ...sessions];
