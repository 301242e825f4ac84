// T4xx: from long-polling to WebSocket. On the fixture with the slow heartbeat, so that no ping comes between.
import { OPCODE } from "../support/frames.mjs";

const PATH = "/socket.io/";
// Any CONNECT to an unknown namespace is answered at once: an echo that needs no join.
const ask = (name) => `40/${name},`;
const told = (name) => `44/${name},{"message":"Invalid namespace"}`;
const GONE = ['400 [content-type: application/json] {"code":1,"message":"Session ID unknown"}'];
const POLLING = ['400 [content-type: application/json] {"code":3,"message":"Bad request"}'];
const CLOSED = ["101 []", "close without a code"];

function upgrade(id, title, play, more = {}) {
  return {
    id, title, server: "bench", ...more,
    play: async (t) => {
      const session = await t.polling(PATH);
      await play({ t, session, candidate: (lane = "ws") => t.websocket(lane, session.websocketUrl()) });
    },
  };
}

async function probed(candidate, lane) {
  const socket = await candidate(lane);
  socket.send("2probe");
  await socket.frame();
  return socket;
}

const pollingLives = (session) => session.fate(ask("alive"));
const webSocketLives = (socket) => socket.fate(ask("alive"), told("alive"));

const completed = [
  upgrade("T401", "an upgrade with a GET waiting", async ({ session, candidate }) => {
    const parked = await session.park();
    const socket = await probed(candidate);
    await parked.answer();
    socket.send("5");
    await webSocketLives(socket);
    await session.upgraded();
  }),
  upgrade("T402", "an upgrade without a GET", async ({ session, candidate }) => {
    const socket = await probed(candidate);
    socket.send("5");
    await webSocketLives(socket);
    await session.upgraded();
  }),
  upgrade("T403", "what is queued while probing goes out on the WebSocket", async ({ session, candidate }) => {
    const socket = await probed(candidate);
    await session.post(ask("one"));
    await session.post(ask("two"));
    socket.send("5");
    await socket.frames(2);
    await webSocketLives(socket);
  }),
  upgrade("T404", "what was queued before the probe too, in order", async ({ session, candidate }) => {
    await session.post(ask("one"));
    const socket = await probed(candidate);
    await session.post(ask("two"));
    socket.send("5", ask("three"));
    await socket.frames(3);
    await webSocketLives(socket);
  }),
  upgrade("T405", "a GET that comes while probing takes what is queued", async ({ session, candidate }) => {
    await session.post(ask("one"));
    const socket = await probed(candidate);
    await session.poll();
    socket.send("5");
    await webSocketLives(socket);
  }),
  upgrade("T406", "a message for a GET that waits while probing", async ({ session, candidate }) => {
    const parked = await session.park();
    const socket = await probed(candidate);
    await session.post(ask("one"));
    await parked.answer();
    socket.send("5");
    await webSocketLives(socket);
  }, {
    trunkline: {
      get: ["200 [content-type: text/plain; charset=UTF-8; cache-control: no-store] 6"],
      ws: ["101 []", "text 3probe", `text ${told("one")}`, `text ${told("alive")}`],
    },
  }),
  upgrade("T407", "a hundred messages queued while probing", async ({ session, candidate }) => {
    const socket = await probed(candidate);
    const names = Array.from({ length: 100 }, (_, i) => `n${i}`);
    await session.post(names.map(ask).join("\x1e"));
    socket.send("5");
    await socket.through(`text ${told("n99")}`);
  }),
  upgrade("T408", "probe, upgrade and a message in one write", async ({ candidate }) => {
    const socket = await candidate();
    socket.send("2probe", "5", ask("early"));
    await socket.frames(2);
    await webSocketLives(socket);
  }),
  upgrade("T409", "an upgrade request on a used connection", async ({ t, session }) => {
    const exchange = await t.start("used", { path: session.websocketUrl() });
    await exchange.answer();
    const socket = await t.upgradeOn("used", exchange.tcp, session.websocketUrl());
    socket.send("2probe");
    await socket.frame();
    socket.send("5");
    await webSocketLives(socket);
  }),
  upgrade("T410", "a GET that still waits when the upgrade completes", async ({ t, session, candidate }) => {
    const socket = await probed(candidate);
    const parked = await session.park();
    socket.send("5");
    await webSocketLives(socket);
    await parked.answer();
  }, { trunkline: { get: ["200 [content-type: text/plain; charset=UTF-8; cache-control: no-store] 6"] } }),
  upgrade("T411", "a POST under way when the upgrade completes", async ({ t, session, candidate }) => {
    const socket = await probed(candidate);
    const post = await t.start("post", { method: "POST", path: session.url, headers: { "Content-Length": 100 }, body: "4half" });
    await t.settle();
    socket.send("5");
    await webSocketLives(socket);
    await post.answer();
  }, { trunkline: { post: ["400 [connection: close]"] } }),
];

// Packets that do not belong on a candidate: it is closed, polling goes on.
const first = [
  ["T420", "a message", (socket) => socket.send("4hi")],
  ["T421", "a ping without the word probe", (socket) => socket.send("2")],
  ["T422", "a ping with another word", (socket) => socket.send("2probex")],
  ["T423", "an unknown packet type", (socket) => socket.send("abc")],
  ["T424", "an empty frame", (socket) => socket.send("")],
  ["T425", "a binary message", (socket) => socket.sendBinary(Buffer.from([1, 2]))],
  ["T426", "a pong", (socket) => socket.send("3probe")],
  ["T427", "a close packet", (socket) => socket.send("1")],
  ["T428", "a noop", (socket) => socket.send("6")],
  ["T429", "a frame that breaks the WebSocket protocol", (socket) => socket.sendFrame(3, "x")],
  ["T430", "a message beyond the limit", (socket) => socket.send("4".repeat(1_000_001))],
].map(([id, what, act]) => upgrade(id, `a candidate begins with ${what}`, async ({ session, candidate }) => {
  const socket = await candidate();
  act(socket);
  await socket.frame();
  await pollingLives(session);
}));

const afterProbe = [
  ["T440", "a message", (socket) => socket.send("4hi")],
  ["T441", "a ping without the word probe", (socket) => socket.send("2")],
  ["T442", "an unknown packet type", (socket) => socket.send("abc")],
  ["T443", "a binary message", (socket) => socket.sendBinary(Buffer.from([1, 2]))],
  ["T444", "a pong", (socket) => socket.send("3")],
  ["T445", "a second probe", (socket) => socket.send("2probe")],
  ["T446", "a close frame", (socket) => socket.sendFrame(OPCODE.close, Buffer.from([0x03, 0xe8]))],
].map(([id, what, act]) => upgrade(id, `a proven candidate sends ${what}`, async ({ session, candidate }) => {
  const socket = await probed(candidate);
  act(socket);
  await socket.frame();
  await pollingLives(session);
}));

const failed = [
  upgrade("T450", "an upgrade packet without a probe", async ({ session, candidate }) => {
    const socket = await candidate();
    socket.send("5", ask("alive"));
    await socket.frame();
    await session.known();
  }, { trunkline: { ws: CLOSED, after: POLLING } }),
  upgrade("T451", "a candidate is cut before its probe; the next one succeeds", async ({ t, session, candidate }) => {
    (await candidate("cut")).cut();
    await t.settle();
    await pollingLives(session);
    const socket = await probed(candidate);
    socket.send("5");
    await webSocketLives(socket);
  }),
  upgrade("T452", "a candidate is cut after its probe; the next one succeeds", async ({ t, session, candidate }) => {
    (await probed(candidate, "cut")).cut();
    await t.settle();
    await pollingLives(session);
    const socket = await probed(candidate);
    socket.send("5");
    await webSocketLives(socket);
  }),
  upgrade("T453", "a candidate is cut with a GET waiting, which goes on waiting", async ({ t, session, candidate }) => {
    const parked = await session.park();
    (await candidate("cut")).cut();
    await t.settle();
    await session.post(ask("alive"));
    await parked.answer();
  }),
  upgrade("T454", "a second candidate while the first one probes", async ({ candidate }) => {
    const socket = await probed(candidate);
    const second = await candidate("second");
    await second.frame();
    socket.send("5");
    await webSocketLives(socket);
  }),
  upgrade("T455", "a candidate after the upgrade", async ({ candidate }) => {
    const socket = await probed(candidate);
    socket.send("5");
    await webSocketLives(socket);
    const second = await candidate("second");
    await second.frame();
    await webSocketLives(socket);
  }),
  upgrade("T456", "polling after the upgrade", async ({ session, candidate }) => {
    const socket = await probed(candidate);
    socket.send("5");
    await webSocketLives(socket);
    await session.upgraded("get");
    await session.post(ask("late"));
    await webSocketLives(socket);
  }),
  upgrade("T457", "no upgrade packet within the time for it", async ({ session, candidate }) => {
    const socket = await probed(candidate);
    await socket.frame(12_000);
    await pollingLives(session);
  }),
  upgrade("T458", "no probe within the time for it", async ({ session, candidate }) => {
    const socket = await candidate();
    await socket.frame(12_000);
    await pollingLives(session);
  }),
];

const ended = [
  upgrade("T460", "the client closes by polling while probing", async ({ session, candidate }) => {
    const socket = await probed(candidate);
    await session.post("1");
    await socket.frame();
    await session.known();
  }),
  upgrade("T461", "overlapping GETs while probing", async ({ session, candidate }) => {
    const socket = await candidate();
    const parked = await session.park("first");
    await session.poll("second");
    await parked.answer();
    await socket.frame();
    await session.known();
  }),
  upgrade("T462", "the server closes while probing and a GET comes", async ({ session, candidate }) => {
    const socket = await probed(candidate);
    await session.post('42["not joined"]');
    await session.poll();
    await socket.frame();
    await session.known();
  }),
  upgrade("T463", "the server closes while probing and the upgrade completes", async ({ session, candidate }) => {
    const socket = await probed(candidate);
    await session.post('42["not joined"]');
    socket.send("5");
    await socket.frame();
    await session.known();
  }),
  upgrade("T464", "the WebSocket closes after the upgrade", async ({ t, session, candidate }) => {
    const socket = await probed(candidate);
    socket.send("5");
    await webSocketLives(socket);
    socket.sendFrame(OPCODE.close, Buffer.from([0x03, 0xe8]));
    await socket.frame();
    await t.settle();
    await session.upgraded();
  }),
  upgrade("T465", "a close packet on the upgraded WebSocket", async ({ session, candidate }) => {
    const socket = await probed(candidate);
    socket.send("5");
    await webSocketLives(socket);
    socket.send("1");
    await webSocketLives(socket);
    await session.upgraded();
  }, { trunkline: { ws: ["101 []", "text 3probe", `text ${told("alive")}`, "close without a code"], after: GONE } }),
];

export const upgrades = [...completed, ...first, ...afterProbe, ...failed, ...ended];
