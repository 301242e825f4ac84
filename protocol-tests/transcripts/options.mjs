// T14xx: Engine.IO with other options than the usual ones.
const QUERY = "EIO=4&transport=polling";
const UPGRADE = "EIO=4&transport=websocket";

const option = (id, title, play, more = {}) => ({ id, title, server: "options", play, ...more });
const preflight = (t, lane, path, origin) => t.request(lane, {
  method: "OPTIONS", path: `${path}/?${QUERY}`,
  headers: { Origin: origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-asked" },
});
/** A GET and an upgrade from a page of this origin. */
const visit = async (t, path, origin) => {
  await t.get("get", `${path}/?${QUERY}`, { Origin: origin });
  await t.websocket("ws", `${path}/?${UPGRADE}`, { headers: { Origin: origin } });
};

const paths = [
  option("T1401", "a path of one's own, with its slash and without", async (t) => {
    await t.polling("/still/");
    await t.get("without", `/still?${QUERY}`);
    await t.get("longer", `/stillness/?${QUERY}`);
  }),
  option("T1402", "without the rule of the trailing slash", async (t) => {
    await t.polling("/bare", { lane: "bare" });
    await t.polling("/bare/", { lane: "slash" });
    await t.polling("/bare/below", { lane: "below" });
    await t.websocket("ws", `/bare?${UPGRADE}`);
  }),
];

const transports = [
  option("T1411", "polling alone", async (t) => {
    const session = await t.polling("/polling/");
    await t.get("get", `/polling/?${UPGRADE}`);
    await session.fate();
  }),
  option("T1412", "WebSocket alone", async (t) => {
    await t.get("get", `/websocket/?${QUERY}`);
    const socket = await t.websocket("ws", `/websocket/?${UPGRADE}`);
    await socket.frame();
    await socket.fate();
  }),
  option("T1413", "no upgrades are offered", async (t) => {
    await t.polling("/still/");
    const socket = await t.websocket("ws", `/still/?${UPGRADE}`);
    await socket.frame();
  }),
  option("T1414", "a probe where no upgrade is offered", async (t) => {
    const session = await t.polling("/still/");
    const socket = await t.websocket("ws", session.websocketUrl());
    socket.send("2probe");
    await socket.frame();
  }),
  option("T1415", "a first message", async (t) => {
    const session = await t.polling("/first/");
    await session.fate();
    const socket = await t.websocket("ws", `/first/?${UPGRADE}`);
    await socket.frames(2);
  }),
];

const headers = [
  option("T1421", "the cookie, by polling alone, on the first response alone", async (t) => {
    const session = await t.polling("/cookie/");
    await session.fate();
    await t.websocket("ws", `/cookie/?${UPGRADE}`);
  }),
  option("T1422", "a cookie with all its attributes", (t) => t.polling("/dressed/")),
  option("T1423", "listed origins", async (t) => {
    for (const [lane, origin] of [["one", "http://one.example"], ["two", "http://two.example"], ["three", "http://three.example"]]) {
      await preflight(t, `${lane} asks`, "/listed", origin);
      await t.get(lane, `/listed/?${QUERY}`, { Origin: origin });
    }
    await visit(t, "/listed", "http://two.example");
    await t.get("refused", `/listed/?EIO=4`, { Origin: "http://one.example" });
  }),
  option("T1424", "one origin, whoever asks, and another status", async (t) => {
    await preflight(t, "asks", "/fixed", "http://three.example");
    await visit(t, "/fixed", "http://three.example");
    await t.get("without", `/fixed/?${QUERY}`);
  }),
  option("T1425", "the asker's own origin", async (t) => {
    await preflight(t, "asks", "/mirror", "http://three.example");
    await visit(t, "/mirror", "http://three.example");
  }),
  option("T1426", "header fields of the application", async (t) => {
    const session = await t.polling("/headed/");
    await session.post("4x");
    await session.poll();
    await t.websocket("ws", `/headed/?${UPGRADE}`);
    await t.get("refused", `/headed/?EIO=4`);
  }),
];

const compression = [
  option("T1431", "answers are not compressed", async (t) => {
    const session = await t.polling("/plain/");
    await session.post(`4${"x".repeat(2000)}`);
    await session.poll("get", { "Accept-Encoding": "gzip" });
  }),
  option("T1432", "answers are compressed from ten bytes on", async (t) => {
    const session = await t.polling("/large/");
    await session.post(`4${"x".repeat(8)}`);
    await session.poll("get", { "Accept-Encoding": "gzip" });
    await session.post(`4${"x".repeat(9)}`);
    await session.poll("get", { "Accept-Encoding": "gzip" });
  }),
  option("T1433", "messages are compressed for who offers it without context takeover", async (t) => {
    const offer = "permessage-deflate; client_no_context_takeover; server_no_context_takeover";
    await t.websocket("ws", `/deflate/?${UPGRADE}`, { headers: { "Sec-WebSocket-Extensions": offer } });
    await t.websocket("without", `/deflate/?${UPGRADE}`);
    await t.websocket("other", `/deflate/?${UPGRADE}`, { headers: { "Sec-WebSocket-Extensions": "x-unknown" } });
  }),
];

const ids = [
  option("T1441", "ids of the application", async (t) => {
    const session = await t.polling("/named/");
    t.note("~", /^named-\d+$/.test(session.sid) ? "named" : session.sid);
    await session.fate();
    const socket = await t.websocket("ws", `/named/?${UPGRADE}`);
    await socket.frame();
  }),
  option("T1442", "an application that cannot make an id", async (t) => {
    await t.get("get", `/named/?${QUERY}&fail=1`);
    await t.websocket("ws", `/named/?${UPGRADE}&fail=1`);
  }),
];

export const optionTranscripts = [...paths, ...transports, ...headers, ...compression, ...ids];
