// T9xx: several packets, several namespaces, long-polling.
import { fresh, joined } from "./socketio-text.mjs";

const OPEN = "/socket.io/?EIO=4&transport=websocket";
const SOCKETIO = "/socket.io/";
const HANDSHAKE = [
  "101 [access-control-allow-origin: *]",
  'text 0{"sid":"<id1>","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}',
];
const CONNECTED = ['text 40{"sid":"<id2>"}', 'text 42["auth",{}]'];
const CLOSE = "close without a code";

const both = (id, title, packet) => joined(id, title, async (socket) => {
  await socket.join("40/custom,");
  socket.send(packet);
});

const namespaces = [
  joined("T901", "two namespaces on one connection", (socket) => socket.join('40/custom,{"token":"x"}')),
  both("T902", "an event that nobody handles in the other namespace", '42/custom,["x"]'),
  both("T903", "an event with an ack id that nobody handles there", '42/custom,1["x"]'),
  both("T904", "leaving one namespace does not touch the other", "41/custom,"),
  both("T905", "the comma may be missing when leaving", "41/custom"),
  both("T906", "a violation in one namespace ends all", '42/custom,{}'),
  both("T907", "a second CONNECT to one namespace ends all", "40/custom,"),
  both("T908", "an unknown packet type ends all", "48"),
  joined("T909", "leaving and joining again gives a new id", async (socket) => {
    await socket.join("40/custom,");
    socket.send("41/custom,", "40/left,");
    await socket.frame();
    await socket.join("40/custom,");
  }),
  joined("T910", "a refused namespace does not touch the joined one", async (socket) => {
    socket.send("40/nobody,");
    await socket.frame();
  }),
  joined("T911", "an event for a refused namespace", async (socket) => {
    socket.send("40/nobody,");
    await socket.frame();
    socket.send('42/nobody,["x"]');
  }),
  joined("T912", "twenty refused CONNECTs", async (socket) => {
    for (let i = 0; i < 20; i++) socket.send(`40/n${i},`);
    await socket.frames(20);
  }),
];

// The reference joins a tick after CONNECT; what comes in between meets a connection that has not joined.
const pending = [
  fresh("T920", "an event right behind CONNECT", async (socket) => {
    socket.send("40", '42["message","early"]');
    await socket.frames(3);
  }, { trunkline: { ws: [...HANDSHAKE, ...CONNECTED, 'text 42["message-back","early"]', 'text 44/alive,{"message":"Invalid namespace"}'] } }),
  fresh("T921", "a second CONNECT right behind the first", async (socket) => {
    socket.send("40", "40");
    await socket.frames(4);
  }),
  fresh("T922", "a disconnect right behind CONNECT", async (socket) => {
    socket.send("40", "41", "40/asked,");
    await socket.through('text 44/asked,{"message":"Invalid namespace"}');
  }),
  fresh("T923", "two namespaces in one write", async (socket) => {
    socket.send("40", "40/custom,");
    await socket.frames(4);
  }),
  {
    id: "T924", title: "an event right behind CONNECT in one long-polling body",
    trunkline: {
      get: ['packet 40{"sid":"<id2>"}', 'packet 42["auth",{}]', 'packet 42["message-back","early"]'],
      after: ['400 [content-type: application/json; access-control-allow-origin: *] {"code":3,"message":"Bad request"}'],
    },
    play: async (t) => {
      const session = await t.polling(SOCKETIO);
      await session.post('40\x1e42["message","early"]');
      await session.collect(3);
      await session.known();
    },
  },
  joined("T925", "an event right behind a disconnect", async (socket) => {
    socket.send("41", '42["message","late"]', "40/asked,");
    await socket.frame();
  }, { trunkline: { ws: [...HANDSHAKE, ...CONNECTED, CLOSE] } }),
];

const order = [
  joined("T930", "two hundred events in one write come back in order", async (socket) => {
    const all = Array.from({ length: 200 }, (_, i) => i);
    socket.send(...all.map((i) => `42["message",${i}]`));
    await socket.through('text 42["message-back",199]');
  }),
  joined("T931", "events and acknowledgements keep their order", async (socket) => {
    socket.send('42["message",1]', '420["message-with-ack",2]', '42["message",3]', '421["message-with-ack",4]');
    await socket.frames(4);
  }),
  joined("T932", "the same ack id twice", async (socket) => {
    socket.send('427["message-with-ack",1]', '427["message-with-ack",2]');
    await socket.frames(2);
  }),
  joined("T933", "what came before a violation is answered", async (socket) => {
    socket.send('42["message",1]', "42{}", '42["message",2]');
  }, { trunkline: { ws: [...HANDSHAKE, ...CONNECTED, 'text 42["message-back",1]', CLOSE] } }),
];

const polling = [
  {
    id: "T940", title: "joining and an event by long-polling",
    play: async (t) => {
      const session = await t.polling(SOCKETIO);
      await session.join('40{"token":"x"}');
      await session.post('42["message",1]\x1e423["message-with-ack","a"]');
      await session.collect(2);
    },
  },
  {
    id: "T941", title: "two namespaces in one body",
    play: async (t) => {
      const session = await t.polling(SOCKETIO);
      await session.join("40\x1e40/custom,", 4);
      await session.fate('42["message","alive?"]');
    },
  },
  {
    id: "T942", title: "a violation of syntax with a GET waiting",
    play: async (t) => {
      const session = await t.polling(SOCKETIO);
      await session.join();
      const parked = await session.park();
      await session.post("42{}");
      await parked.answer();
      await session.known();
    },
  },
  {
    id: "T943", title: "a violation of syntax without a GET",
    play: async (t) => {
      const session = await t.polling(SOCKETIO);
      await session.join();
      await session.post("42{}");
      await session.poll();
      await session.known();
    },
  },
  {
    id: "T944", title: "a violation of state without a GET",
    play: async (t) => {
      const session = await t.polling(SOCKETIO);
      await session.join();
      await session.post("40");
      await session.poll();
      await session.known();
    },
  },
  {
    id: "T945", title: "leaving by long-polling",
    play: async (t) => {
      const session = await t.polling(SOCKETIO);
      await session.join();
      await session.post("41");
      await session.fate("40/alive,");
    },
  },
  {
    id: "T946", title: "an Engine.IO error ends the namespaces",
    play: async (t) => {
      const session = await t.polling(SOCKETIO);
      await session.join();
      const parked = await session.park();
      await session.post("42[\"message\",1]\x1e9", "x");
      t.lanes.delete("x");
      await parked.answer();
      t.lanes.delete("get");
      await session.known();
    },
  },
  {
    id: "T947", title: "events across an upgrade, none lost, in order", server: "bench",
    play: async (t) => {
      const session = await t.polling(SOCKETIO);
      await session.join("40", 1);
      const socket = await t.websocket("ws", session.websocketUrl());
      await session.post('42["echo",1]\x1e42["echo",2]');
      socket.send("2probe");
      await socket.frame();
      await session.post('42["echo",3]\x1e42["echo",4]');
      socket.send("5", '42["echo",5]');
      await socket.through('text 42["echo",5]');
    },
  },
  {
    id: "T948", title: "library defaults: echo, ack and bin", server: "bench",
    play: async (t) => {
      const socket = await t.websocket("ws", OPEN);
      await socket.frame();
      socket.send("40");
      await socket.frame();
      socket.send('42["echo",1,{"a":[true,null]}]', '425["ack","x",2]', '451-["bin",{"_placeholder":true,"num":0}]');
      socket.sendBinary(Buffer.from([1, 2, 3]));
      await socket.frames(4);
    },
  },
];

export const socketioConnection = [...namespaces, ...pending, ...order, ...polling];
