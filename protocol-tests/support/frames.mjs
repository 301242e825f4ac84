// WebSocket frames by hand (RFC 6455): what a library would not let a test send.
import { randomBytes } from "node:crypto";
import { Tcp, requestBytes } from "./tcp.mjs";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** One frame as a client sends it; every field can be wrong on purpose. */
export function frameBytes(opcode, payload = "", { fin = true, rsv = 0, masked = true } = {}) {
  const body = Buffer.from(payload);
  const head = [(fin ? 0x80 : 0) | rsv | opcode];
  const flag = masked ? 0x80 : 0;
  if (body.length < 126) head.push(flag | body.length);
  else if (body.length < 65536) head.push(flag | 126, body.length >> 8, body.length & 255);
  else head.push(flag | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (body.length >>> shift) & 255));
  if (!masked) return Buffer.concat([Buffer.from(head), body]);
  const mask = randomBytes(4);
  const hidden = Buffer.alloc(body.length);
  for (let i = 0; i < body.length; i++) hidden[i] = body[i] ^ mask[i & 3];
  return Buffer.concat([Buffer.from(head), mask, hidden]);
}

/** The header fields of an upgrade request. */
export function upgradeHeaders(extra = {}) {
  return {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    ...extra,
  };
}

/** A WebSocket whose frames are seen one by one, close frames included. */
export class RawWebSocket {
  /** The answer to the upgrade request: a response, or null for a cut connection. */
  response = null;

  static async open(port, path, { method = "GET", headers = {}, tail } = {}) {
    const tcp = await Tcp.open(port);
    const request = requestBytes({ method, path, headers: upgradeHeaders(headers), port });
    tcp.write(tail ? Buffer.concat([request, tail]) : request);
    const socket = new RawWebSocket(tcp);
    socket.response = await tcp.response();
    return socket;
  }

  constructor(tcp) {
    this.tcp = tcp;
  }

  /** The next frame: {opcode, payload}; null when TCP ends first. */
  async next(deadline) {
    const head = await this.tcp.take(2, deadline);
    if (head === null) return null;
    let length = head[1] & 127;
    if (length === 126) length = (await this.tcp.take(2, deadline))?.readUInt16BE(0) ?? 0;
    else if (length === 127) length = Number((await this.tcp.take(8, deadline))?.readBigUInt64BE(0) ?? 0n);
    const payload = await this.tcp.take(length, deadline);
    return payload === null ? null : { opcode: head[0] & 15, payload: Buffer.from(payload) };
  }
}
