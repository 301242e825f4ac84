// T12xx: the fixture of the official client suite. T13xx: that of the Engine.IO client suite.
import { connect } from "./clients.mjs";

const QUERY = "EIO=4&transport=polling";
const client = (id, title, play) => ({ id, title, server: "client", offsets: true, play });
const engine = (id, title, play) => ({
  id, title, server: "engine",
  play: async (t) => {
    await play(t);
    for (const lines of t.lanes.values()) {
      for (const [at, line] of lines.entries()) lines[at] = line.replace(/Expires=[^;\]]+/, "Expires=<date>");
    }
  },
});

/** Opens a WebSocket with more in its query. */
async function open(t, lane, query = "") {
  const socket = await t.websocket(lane, `/socket.io/?EIO=4&transport=websocket${query}`);
  await socket.frame();
  return socket;
}

/** What a handshake's record looks like: the values that are the same each time, of the others their form. */
function form(record) {
  const { headers, time, issued, address, query, ...rest } = record;
  const isTime = /^\w{3} \w{3} \d\d \d{4} \d\d:\d\d:\d\d GMT[+-]\d{4} \(.+\)$/.test(time);
  const isIssued = Number.isInteger(issued) && Math.abs(issued - Date.now()) < 60_000;
  return JSON.stringify({
    keys: Object.keys(record).sort(), headers: Object.keys(headers).sort(), upgrade: headers.upgrade, time: isTime, issued: isIssued,
    address: address.replace("::ffff:", ""), query: Object.entries(query).sort(), ...rest,
  });
}

const clients = [
  client("T1201", "a middleware refuses by the query, once more, and elsewhere it does not ask", async (t) => {
    const socket = await open(t, "ws", "&fail=yes");
    for (const packet of ["40", "40", "40/foo,"]) {
      socket.send(packet);
      await socket.frame();
    }
    socket.send('42/foo,1["nobody listens"]', '42/foo,2["getId"]');
    await socket.frame();
  }),
  client("T1202", "the handshake's record", async (t) => {
    const socket = await open(t, "ws", "&a=b");
    socket.send('40/abc,{"token":"x"}');
    await socket.frame();
    const text = await socket.text();
    socket.write(form(JSON.parse(text.slice("42/abc,".length))[1]));
  }),
  client("T1203", "a refusal without data", async (t) => {
    const socket = await open(t, "ws");
    socket.send("40/no,");
    await socket.frame();
  }),
  client("T1204", "an empty parameter is none", async (t) => {
    const socket = await open(t, "ws", "&fail=");
    socket.send("40");
    await socket.frame();
  }),
  client("T1205", "query parameters are decoded, names and values", async (t) => {
    const socket = await open(t, "ws", "&%26a=%26%3D%3Fa&plus=a+b&twice=1&twice=2");
    socket.send("40");
    await socket.frame();
    socket.send('421["getHandshake"]');
    const [record] = JSON.parse((await socket.text()).slice("431".length));
    socket.write(JSON.stringify(Object.entries(record.query).sort()));
    socket.write(record.url);
  }),
  client("T1206", "what the suite asks of the main namespace", async (t) => {
    const socket = await open(t, "ws");
    socket.send("40");
    await socket.frame();
    const jsonbuff = ['451-["jsonbuff",{"hello":"lol","message":{"_placeholder":true,"num":0},"goodbye":"gotcha"}]'];
    for (const packets of [
      ['42["hi"]'], ['421["echo",null]'], ['422["echo",{"a":[1]}]'], ['42["false"]'], ['42["doge"]'], ['42["getbin"]'],
      ['42["getUtf8"]'], ['42["not listed"]'], ['42["abuff2","second"]'],
    ]) socket.send(...packets);
    socket.send('451-["buffa",{"_placeholder":true,"num":0}]');
    socket.sendBinary("asdfasdf");
    socket.send(...jsonbuff);
    socket.sendBinary("howdy");
    socket.send('451-["abuff1",{"_placeholder":true,"num":0}]');
    socket.sendBinary("x");
    socket.send('42["abuff2","second"]', '42["buffa","no bytes"]', '429["echo","last"]');
    for (let count = 0; count < 40; count++) {
      if ((await socket.frame()).startsWith("text 439")) break;
    }
  }),
];

const engines = [
  engine("T1301", "the application refuses a handshake by polling", (t) => t.get("get", `/engine.io/?${QUERY}&deny=1`)),
  engine("T1302", "the application refuses a WebSocket", async (t) => {
    await t.websocket("ws", "/engine.io/?EIO=4&transport=websocket&deny=");
  }),
  engine("T1303", "it is not asked about a session that is known", async (t) => {
    const session = await t.polling("/engine.io/");
    await session.poll();
    await t.request("post", {
      method: "POST", path: `${session.url}&deny=1`, headers: { "Content-Type": "text/plain;charset=UTF-8" }, body: "4x",
    });
    await session.poll();
  }),
  engine("T1304", "the first response sets cookies, the others none", async (t) => {
    const session = await t.polling("/engine.io/");
    await session.poll();
    await session.post("4x");
    await session.poll();
    await t.websocket("ws", "/engine.io/?EIO=4&transport=websocket");
  }),
  engine("T1305", "the header fields of a POST come back", async (t) => {
    const session = await t.polling("/engine.io/");
    await session.poll();
    await session.post("4sendHeaders", "post", { "Content-Type": "text/plain;charset=UTF-8", Cookie: "1=1; 2=2", "X-More": "yes" });
    const exchange = await t.start("get", { path: session.url });
    const response = await exchange.read();
    const headers = JSON.parse(response.body.toString().slice(1));
    t.note("get", JSON.stringify(Object.entries({ ...headers, host: "<host>" }).sort()));
  }),
  engine("T1306", "100 bytes are taken, 101 are not", async (t) => {
    const session = await t.polling("/engine.io/");
    await session.poll();
    await session.post(`4${"x".repeat(99)}`);
    await session.poll();
    await session.post(`4${"€".repeat(33)}x`, "post");
  }),
  engine("T1307", "a WebSocket that greets", async (t) => {
    const socket = await t.websocket("ws", "/engine.io/?EIO=4&transport=websocket", { heartbeat: true });
    await socket.frames(3);
    socket.send("3", "4give binary", "4give utf8");
    await socket.frames(2);
  }),
];

export const suiteTranscripts = [...clients, ...engines];
