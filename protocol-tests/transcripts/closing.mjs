// T5xx: the heartbeat, and who ends a session how.
import { setTimeout as sleep } from "node:timers/promises";

const ENGINE = "/engine.io/";
const OPEN = `${ENGINE}?EIO=4&transport=websocket`;
const SOCKETIO = "/socket.io/";
const told = (name) => `44/${name},{"message":"Invalid namespace"}`;

const heartbeat = [
  {
    id: "T501", title: "a polling client that never answers a ping",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await t.get("ping", session.url);
      await t.get("end", session.url);
      await session.known();
    },
  },
  {
    id: "T502", title: "a polling client that does nothing at all",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      await sleep(650);
      await session.known();
    },
  },
  {
    id: "T503", title: "a WebSocket client that never answers a ping",
    play: async (t) => {
      const socket = await t.websocket("ws", OPEN, { heartbeat: true });
      await socket.frames(3);
    },
  },
  {
    id: "T504", title: "a WebSocket client that answers",
    play: async (t) => {
      const socket = await t.websocket("ws", OPEN, { heartbeat: true });
      await socket.frame();
      for (const pong of ["3", "3with data", "3"]) {
        await socket.frame();
        socket.send(pong);
      }
      await socket.fate();
    },
  },
  {
    id: "T505", title: "a polling client that answers",
    play: async (t) => {
      const session = await t.polling(ENGINE);
      for (const name of ["one", "two", "three"]) {
        await t.get(name, session.url);
        await session.post("3", name);
      }
      await session.fate();
    },
  },
  {
    id: "T506", title: "a message gives an awaited pong more time",
    play: async (t) => {
      const socket = await t.websocket("ws", OPEN, { heartbeat: true });
      await socket.frames(2);
      await sleep(110);
      socket.send("4here");
      await socket.frame();
      await sleep(150);
      socket.send("3");
      await socket.fate();
    },
  },
  {
    id: "T507", title: "messages do not replace the pong",
    play: async (t) => {
      const socket = await t.websocket("ws", OPEN, { heartbeat: true });
      await socket.frames(2);
      for (let sent = 0; sent < 6 && !socket.over; sent++) {
        socket.send("4here");
        await sleep(100);
      }
      while (!socket.over && (await socket.frame(50)) !== "silence");
      // How many came back depends on the clock; that it ended does not.
      t.lanes.set("ws", t.lanes.get("ws").filter((line) => line !== "text 4here"));
    },
  },
];

const closing = [
  {
    id: "T510", title: "the server closes with a GET waiting",
    play: async (t) => {
      const session = await t.polling(SOCKETIO);
      const parked = await session.park();
      await session.post('42["not joined"]');
      await parked.answer();
      await session.known();
    },
  },
  {
    id: "T511", title: "the server closes without a GET",
    play: async (t) => {
      const session = await t.polling(SOCKETIO);
      await session.post('42["not joined"]');
      await session.known("waiting");
      await session.poll();
      await session.known();
    },
  },
  {
    id: "T512", title: "the server closes with messages queued", server: "bench",
    play: async (t) => {
      const session = await t.polling(SOCKETIO);
      await session.post(["40/a,", "40/b,", '42["not joined"]'].join("\x1e"));
      await session.poll("queued");
      await session.poll("end");
      await session.known();
    },
  },
  {
    id: "T513", title: "a POST while the server waits to close", server: "bench",
    play: async (t) => {
      const session = await t.polling(SOCKETIO);
      await session.post('42["not joined"]');
      await session.post("40/late,", "late");
      await session.poll();
      await session.known();
    },
  },
  {
    id: "T514", title: "the client closes while the server waits to close", server: "bench",
    play: async (t) => {
      const session = await t.polling(SOCKETIO);
      await session.post('42["not joined"]');
      await session.post("1", "late");
      await session.known();
    },
  },
  {
    id: "T515", title: "the server closes a WebSocket with messages queued",
    play: async (t) => {
      const socket = await t.websocket("ws", `${SOCKETIO}?EIO=4&transport=websocket`);
      await socket.frame();
      socket.send("40/a,", "40/b,", '42["not joined"]');
      await socket.frames(3);
    },
  },
];

const connectTimeout = [
  {
    id: "T520", title: "nobody joins a namespace: WebSocket",
    play: async (t) => {
      const socket = await t.websocket("ws", `${SOCKETIO}?EIO=4&transport=websocket`);
      await socket.frames(2);
    },
  },
  {
    id: "T521", title: "nobody joins a namespace: polling with a GET waiting",
    play: async (t) => {
      const session = await t.polling(SOCKETIO);
      await session.poll();
      await session.known();
    },
  },
  {
    id: "T522", title: "a refused CONNECT does not stop the clock",
    play: async (t) => {
      const socket = await t.websocket("ws", `${SOCKETIO}?EIO=4&transport=websocket`);
      await socket.frame();
      socket.send("40/nobody,");
      await socket.frames(2);
    },
  },
  {
    id: "T523", title: "once joined, a connection without a namespace stays",
    play: async (t) => {
      const socket = await t.websocket("ws", `${SOCKETIO}?EIO=4&transport=websocket`);
      await socket.frame();
      await socket.join("40");
      socket.send("41");
      await socket.quiet(1300);
      await socket.fate("40/alive,", told("alive"));
    },
  },
];


export const closings = [...heartbeat, ...closing, ...connectTimeout];
