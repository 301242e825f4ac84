// T6xx and T7xx: one text packet of a Socket.IO client and what becomes of the connection.
const OPEN = "/socket.io/?EIO=4&transport=websocket";
const HANDSHAKE = [
  "101 [access-control-allow-origin: *]",
  'text 0{"sid":"<id1>","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}',
];
/** What comes before anything a transcript does after joining `/`. */
export const JOINED = [...HANDSHAKE, 'text 40{"sid":"<id2>"}', 'text 42["auth",{}]'];
// What Trunkline does where the reference does something else is behind the packet.
const ALIVE = 'text 42["message-back","alive?"]';
const CLOSE = "close without a code";

/** Opens a connection, joins `/`, hands over, and looks whether the connection lives. */
export function joined(id, title, act, more = {}) {
  return {
    id, title, ...more,
    play: async (t) => {
      const socket = await t.websocket("ws", OPEN);
      await socket.frame();
      await socket.join("40");
      await act(socket, t);
      await socket.fate('42["message","alive?"]', '42["message-back","alive?"]');
    },
  };
}

/** The same without a namespace joined. */
export function fresh(id, title, act, more = {}) {
  return {
    id, title, ...more,
    play: async (t) => {
      const socket = await t.websocket("ws", OPEN);
      await socket.frame();
      await act(socket, t);
      await socket.fate("40/alive,", '44/alive,{"message":"Invalid namespace"}');
    },
  };
}

/** Joins `/`, leaves it, and asks the connection until it says that it has seen that. */
function left(id, title, packet, act = () => {}) {
  return fresh(id, title, async (socket) => {
    await socket.join("40");
    socket.send(packet, "40/left,");
    await socket.frame();
    await act(socket);
  });
}

const row = (make) => ([id, packet, ...trunkline]) =>
  make(id, packet, (socket) => socket.send(packet), trunkline.length ? { trunkline: { ws: trunkline } } : {});

const refused = [...JOINED, CLOSE];

// After joining `/`.
const types = [
  ["T601", "4"], ["T602", "47"], ["T603", "49"], ["T604", "4a"], ["T605", "4 "], ["T606", "4-1"], ["T607", "4{}"],
].map(row(joined));

const events = [
  ["T610", "42{}"], ["T611", '42"a"'], ["T612", '42["a"'], ["T613", "42[]"], ["T614", "42[null]"], ["T615", "42[true]"],
  ["T616", "42[{}]"], ["T617", "42[[]]"], ["T618", "42[1,2]"], ["T619", "42[1.5]"], ["T620", "42null"], ["T621", "42true"],
  ["T622", '42["message",1]x'], ["T623", '42["message",1]   '], ["T624", '42["message",1]\n'], ["T625", '42["message",,1]'],
  ["T626", "42['message',1]"], ["T627", '42["message",NaN]'], ["T628", '42["message",01]'], ["T629", '42["message",1,]'],
  ["T630", '42["message","\\ud800"]'], ["T631", '42["message","\\u0000"]'], ["T632", '42["message","tab\there"]'],
  ["T633", '42[""]'], ["T634", '42["error"]'], ["T635", '42["connection"]'], ["T636", '42["nobody listens",1]'],
  ["T637", '42["message"]'], ["T638", '42["message",null,[],{},"",0,false]'], ["T639", '42["message",{"_placeholder":true,"num":0}]'],
  ["T640", '42["connect"]'], ["T641", '42["connect_error"]'], ["T642", '42["disconnect"]'], ["T643", '42["disconnecting"]'],
  ["T644", '42["newListener"]'], ["T645", '42["removeListener"]'], ["T646", '42["\\u0064isconnect"]'],
  ["T647", '42["message","a","b","c","d","e","f","g","h","i","j","k"]'],
].map(row(joined));

const ids = [
  ["T650", '420["message-with-ack",1]'], ["T651", '4212["message-with-ack","a",null]'], ["T652", '42007["message-with-ack"]'],
  // The reference's numbers are JavaScript's.
  ["T653", '429007199254740993["message-with-ack"]', ...JOINED, "text 439007199254740993[]", ALIVE],
  ["T654", '4299999999999999999999["message-with-ack"]', ...refused],
  ["T655", '42-1["message-with-ack"]'], ["T656", '42abc["message-with-ack"]'], ["T657", '42+1["message-with-ack"]'],
  ["T658", '421.5["message-with-ack"]'], ["T659", '421e3["message-with-ack"]'], ["T660", "421", ...refused],
  ["T661", '42 1["message",1]', ...refused], ["T662", '42 ["message",1]', ...refused], ["T663", '421 ["message-with-ack",1]', ...refused],
  ["T664", '420["nobody listens"]'], ["T665", '420["message",1]'], ["T666", '42\u0661["message-with-ack"]'],
].map(row(joined));

const acks = [
  ["T670", "430[1]"], ["T671", "4399[]"], ["T672", "43[1]"], ["T673", "430{}"], ["T674", '430"a"'], ["T675", "430[1"], ["T676", "430null"],
  ["T677", "430", ...refused], ["T678", "43-1[]"], ["T679", "43007[]"], ["T680", "4399999999999999999999[]", ...refused],
].map(row(joined));

const empty = [
  ["T681", "42", ...refused], ["T682", "43", ...refused], ["T683", "42/,", ...refused],
].map(row(joined));

const disconnects = [
  ["T690", "41{}"], ["T691", "41[]"], ["T692", '41"a"'], ["T693", "41null"],
].map(row(joined)).concat([
  left("T694", "41", "41"),
  left("T695", "41 with an ack id", "411"),
  left("T696", "41/,", "41/,"),
  left("T697", "a second 41", "41", (socket) => socket.send("41")),
  left("T698", "an event for a namespace that was left", "41", (socket) => socket.send('42["message","late"]')),
  left("T699", "a CONNECT to a namespace that was left", "41", (socket) => socket.join("40")),
]);

const namespaces = [
  ["T700", '42/,["message",1]'], ["T701", '42/custom,["x"]'], ["T702", '42/nobody,["x"]'], ["T703", '42/custom["x"]'],
  ["T704", "41/custom,"], ["T705", "41/custom"], ["T706", "43/custom,0[]"], ["T707", "42custom,[\"x\"]"], ["T708", '42,["message"]'],
  ["T709", "40"], ["T710", "40/,"], ["T711", '40{"token":"again"}'], ["T712", '44{"message":"x"}'], ["T713", '44"x"'], ["T714", "44"], ["T715", "44[]"],
].map(row(joined));

// Before anything is joined.
const connects = [
  ["T720", "40/nobody,"], ["T721", "40/nobody"], ["T722", '40/nobody,{"token":"1"}'], ["T723", "40/Custom,"], ["T724", "40/custom/,"],
  ["T725", "40/custom?a=b,"], ["T726", '40/custom{"t":1}'], ["T727", '40/custom{"t":1},'], ["T728", "40//,"], ["T729", "40/a b,"], ["T730", "40/é😀,"],
  ["T731", "40[]"], ["T732", '40"a"'], ["T733", "40null"], ["T734", "40true"], ["T735", "401.5"], ["T736", "40admin"], ["T737", "40{"], ["T738", '40{"a":1}x'],
  ["T739", "40/nobody,[]"], ["T740", "40/nobody,null"], ["T741", '40/__proto__,'], ["T742", "40/constructor,"],
].map(row(fresh));

const accepted = [
  ["T743", "40"], ["T744", "40/,"], ["T745", "40/custom,"], ["T746", "40/custom"], ["T747", '40{"token":"123"}'], ["T748", '40/custom,{"token":"123"}'],
  ["T749", '4012{"a":1}'], ["T750", "4012"], ["T751", '40/custom,12{"a":1}'], ["T752", '40{"a":1}  '], ["T753", "40{}"],
  ["T754", '40{"sid":"mine","pid":"p","offset":"o"}'], ["T755", '40{"__proto__":{"a":1}}'],
].map(([id, packet]) => fresh(id, `${packet} is accepted`, async (socket) => {
  socket.send(packet);
  await socket.frames(2);
}));

const early = [
  ["T760", '42["message",1]'], ["T761", "430[]"], ["T762", "41"], ["T763", '42/custom,["x"]'], ["T764", '44{"message":"x"}'], ["T765", '420["message-with-ack"]'],
  ["T766", '451-["x",{"_placeholder":true,"num":0}]'], ["T767", "42"], ["T768", "42{}"],
].map(row(fresh));

const deep = (levels) => `42["message",${"[".repeat(levels)}${"]".repeat(levels)}]`;
const sizes = [
  joined("T770", "an argument 100 levels deep", (socket) => socket.send(deep(100))),
  joined("T771", "an argument 1000 levels deep", (socket) => socket.send(deep(1000))),
  joined("T772", "an argument of 200,000 characters", (socket) => socket.send(`42["message","${"x".repeat(200_000)}"]`)),
  joined("T773", "1000 arguments", (socket) => socket.send(`42["message",${Array.from({ length: 1000 }, (_, i) => i)}]`)),
  joined("T774", "an event name of 100,000 characters", (socket) => socket.send(`42["${"n".repeat(100_000)}"]`)),
  joined("T775", "an ack id of 400 digits", (socket) => socket.send(`42${"9".repeat(400)}["message-with-ack"]`), { trunkline: { ws: refused } }),
  fresh("T776", "a namespace of 600 characters", (socket) => socket.send(`40/${"n".repeat(600)},`), { trunkline: { ws: [...HANDSHAKE, CLOSE] } }),
];

export const socketioText = [
  ...types, ...events, ...ids, ...acks, ...empty, ...disconnects, ...namespaces, ...connects, ...accepted, ...early, ...sizes,
];
