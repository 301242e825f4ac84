// T8xx: packets with attachments.
import { JOINED, joined } from "./socketio-text.mjs";

const PLACE = (num = 0) => `{"_placeholder":true,"num":${num}}`;
const bytes = (...values) => Buffer.from(values);

/** Sends a header and binary messages. */
const send = (header, ...attachments) => (socket) => {
  socket.send(header);
  socket.sendBinary(...attachments);
};

const accepted = [
  ["T801", "one attachment", `451-["message",${PLACE()}]`, [bytes(1, 2, 3)]],
  ["T802", "two attachments", `452-["message",${PLACE()},${PLACE(1)}]`, [bytes(1), bytes(2)]],
  ["T803", "placeholders in another order", `452-["message",${PLACE(1)},${PLACE(0)}]`, [bytes(1), bytes(2)]],
  ["T804", "one attachment used twice", `451-["message",${PLACE()},${PLACE()}]`, [bytes(1)]],
  ["T805", "an attachment that nobody refers to", `451-["message","x"]`, [bytes(1)]],
  ["T806", "two attachments, one of them unused", `452-["message",${PLACE(1)}]`, [bytes(1), bytes(2)]],
  ["T807", "an attachment inside an object inside an array", `451-["message",[{"a":{"b":${PLACE()}}},null,""]]`, [bytes(9)]],
  ["T808", "an empty attachment", `451-["message",${PLACE()}]`, [bytes()]],
  ["T809", "ten attachments", `4510-["message",${Array.from({ length: 10 }, (_, i) => PLACE(i))}]`, Array.from({ length: 10 }, (_, i) => bytes(i))],
  ["T810", "a binary event that asks for an acknowledgement", `451-0["message-with-ack",${PLACE()},"x"]`, [bytes(7)]],
  ["T811", "a binary event for /", `451-/,["message",${PLACE()}]`, [bytes(1)]],
  ["T812", "an object that only looks like a placeholder", `451-["message",{"_placeholder":false,"num":0}]`, [bytes(1)]],
  ["T813", "_placeholder that is not true", `451-["message",{"_placeholder":1,"num":0}]`, [bytes(1)]],
  ["T814", "a placeholder with more in it", `451-["message",{"_placeholder":true,"num":0,"more":1}]`, [bytes(1)]],
  ["T815", "a binary acknowledgement that nobody waits for", `461-0[${PLACE()}]`, [bytes(1)]],
  ["T816", "a binary acknowledgement without an id", `461-[${PLACE()}]`, [bytes(1)]],
  ["T817", "an attachment larger than its header", `451-["message",${PLACE()}]`, [Buffer.alloc(100_000, 7)]],
  ["T818", "an attachment count with a leading zero", `4501-["message",${PLACE()}]`, [bytes(1)]],
].map(([id, title, header, attachments]) => joined(id, title, send(header, ...attachments)));

// The header alone is refused.
const badCount = [
  ["T820", '45["message"]'], ["T821", '45-["message"]'], ["T822", '450-["message"]'], ["T823", '451["message"]'], ["T824", '451.5-["message"]'],
  ["T825", '45-1-["message"]'], ["T826", '4511-["message"]'], ["T827", '45a-["message"]'], ["T828", '451a-["message"]'],
  ["T829", '4518446744073709551617-["message"]'], ["T830", '451'], ["T831", '45'], ["T832", '46[]'], ["T833", '460-[]'], ["T834", '4511-[]'],
  ["T835", '45 1-["message"]'], ["T836", '451e1-["message"]'], ["T837", '45+1-["message"]'],
].map(([id, header]) => joined(id, `the count of ${header}`, (socket) => socket.send(header)));

const badPayload = [
  ["T840", '451-{}'], ["T841", '451-"x"'], ["T842", "451-[]"], ["T843", "451-[null]"], ["T844", '451-["disconnect",{"_placeholder":true,"num":0}]'],
  ["T845", "451-[1"], ["T846", "461-{}"], ["T847", '461-0"x"'], ["T848", '451-abc["x"]'],
].map(([id, header]) => joined(id, `the payload of ${header}`, (socket) => socket.send(header)));

const badPlace = [
  ["T850", "a number in text", '"0"'], ["T851", "out of range", "1"], ["T852", "negative", "-1"], ["T853", "a fraction", "0.5", [...JOINED, "close without a code"]],
  ["T854", "null", "null"], ["T855", "huge", "1e99"],
].map(([id, what, num, trunkline]) => joined(id, `a placeholder whose number is ${what}`, send(`451-["message",${PLACE(num)}]`, bytes(1)),
  trunkline && { trunkline: { ws: trunkline } }));

const order = [
  joined("T860", "a placeholder without a number", send('451-["message",{"_placeholder":true}]', bytes(1))),
  joined("T861", "text while an attachment is missing", (socket) => socket.send(`451-["message",${PLACE()}]`, '42["message",1]')),
  joined("T862", "a header while an attachment is missing", (socket) => socket.send(`451-["message",${PLACE()}]`, `451-["message",${PLACE()}]`)),
  joined("T863", "a disconnect while an attachment is missing", (socket) => socket.send(`451-["message",${PLACE()}]`, "41")),
  joined("T864", "binary without a header", (socket) => socket.sendBinary(bytes(1, 2))),
  joined("T865", "one attachment too many", send(`451-["message",${PLACE()}]`, bytes(1), bytes(2)), {
    trunkline: { ws: [...JOINED, `text 451-["message-back",${PLACE()}]`, "binary <01>", "close without a code"] },
  }),
  joined("T866", "a pong between header and attachment", (socket) => {
    socket.send(`451-["message",${PLACE()}]`, "3");
    socket.sendBinary(bytes(1));
  }),
  joined("T867", "an attachment as base64 in a text frame", (socket) => socket.send(`451-["message",${PLACE()}]`, "bAQID")),
  joined("T868", "a binary event for a namespace that is not joined", (socket) => socket.send(`451-/custom,["x",${PLACE()}]`), {}),
  joined("T869", "its attachment", send(`451-/custom,["x",${PLACE()}]`, bytes(1))),
  joined("T870", "a text event while an attachment is missing, 4 alone", (socket) => socket.send(`451-["message",${PLACE()}]`, "4")),
  {
    id: "T871", title: "header and attachments in one long-polling body",
    play: async (t) => {
      const session = await t.polling("/socket.io/");
      await session.join();
      await session.post(`452-["message",${PLACE()},${PLACE(1)}]\x1ebAQID\x1ebBA==`);
      await session.collect(3);
    },
  },
  {
    id: "T872", title: "header and attachment in two long-polling bodies",
    play: async (t) => {
      const session = await t.polling("/socket.io/");
      await session.join();
      await session.post(`451-["message",${PLACE()}]`, "header");
      await session.post("bAQID", "attachment");
      await session.collect(2);
    },
  },
  {
    id: "T873", title: "binary without a header by long-polling",
    play: async (t) => {
      const session = await t.polling("/socket.io/");
      await session.join();
      await session.post("bAQID");
      await session.poll();
      await session.known();
    },
  },
];

export const socketioBinary = [...accepted, ...badCount, ...badPayload, ...badPlace, ...order];
