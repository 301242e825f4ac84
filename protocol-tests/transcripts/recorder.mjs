// Plays one transcript against one server and writes down what the server did.
//
// What comes back is kept per lane: one TCP connection or one role ("get", "post", "ws"). Within a lane the order
// counts; between lanes it does not, because two connections have no order. Ids are replaced by <id1>, <id2>, … in
// the order of their appearance. The heartbeat of the fast fixtures is answered and left out unless a transcript asks
// for it, so that a slow machine does not change the record.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { Deadline, Tcp, requestBytes } from "../support/tcp.mjs";
import { OPCODE, RawWebSocket, frameBytes, upgradeHeaders } from "../support/frames.mjs";

const SEPARATOR = "\x1e";
const LONGEST_SHOWN = 400;
// Header fields that are part of the contract. `connection` counts only as `close`; `content-length` only as present.
const SHOWN_HEADERS = [
  "content-type", "cache-control", "content-encoding", "set-cookie", "vary", "x-xss-protection", "retry-after", "x-first", "x-every", "allow",
  "access-control-allow-origin", "access-control-allow-methods", "access-control-allow-headers",
  "access-control-allow-credentials", "access-control-max-age", "access-control-expose-headers",
];
const SHOWN_UPGRADE_HEADERS = [...SHOWN_HEADERS, "sec-websocket-protocol", "sec-websocket-extensions"];
/** Long enough for a request to reach the server before the next one is sent; nothing else shows that it did. */
const SETTLE_MS = 30;

export class Recorder {
  lanes = new Map();
  #ids = new Map();
  #open = [];

  /** With `offsets` the last text of an event is taken for its offset. */
  constructor(port, { offsets = false } = {}) {
    this.port = port;
    this.offsets = offsets;
  }

  /** Writes a line of a lane. */
  note(lane, line) {
    if (!this.lanes.has(lane)) this.lanes.set(lane, []);
    this.lanes.get(lane).push(this.#named(line));
  }

  /** The record: one text, lanes in the order of their names. */
  text() {
    return [...this.lanes].sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([lane, lines]) => lines.map((line) => `${lane}: ${line}`)).join("\n");
  }

  /** This record with some lanes replaced: what a listed difference looks like. `[]` removes a lane. */
  with(replaced) {
    const other = new Recorder(this.port, this);
    other.lanes = new Map([...this.lanes, ...Object.entries(replaced)].filter(([, lines]) => lines.length > 0));
    return other;
  }

  close() {
    for (const tcp of this.#open) tcp.cut();
  }

  settle(ms = SETTLE_MS) {
    return sleep(ms);
  }

  async tcp() {
    const tcp = await Tcp.open(this.port);
    this.#open.push(tcp);
    return tcp;
  }

  /** Sends a request on a connection of its own and leaves it open. */
  async start(lane, { method = "GET", path, headers, body }) {
    const tcp = await this.tcp();
    tcp.write(requestBytes({ method, path, headers, body, port: this.port }));
    return new Exchange(this, lane, tcp, method);
  }

  /** Sends a request and writes down the answer. */
  async request(lane, request) {
    return (await this.start(lane, request)).answer();
  }

  get(lane, path, headers) {
    return this.request(lane, { path, headers });
  }

  /** Opens a session by long-polling, writes down the open packet. */
  async polling(path, { query = "EIO=4&transport=polling", headers, lane = "open" } = {}) {
    const response = await this.request(lane, { path: `${path}?${query}`, headers });
    const sid = /"sid":"([^"]+)"/.exec(response?.body.toString() ?? "")?.[1];
    return new PollingSession(this, path, sid);
  }

  /** Sends an upgrade request on a connection that was used before. */
  async upgradeOn(lane, tcp, path) {
    tcp.write(requestBytes({ path, headers: upgradeHeaders(), port: this.port }));
    const raw = new RawWebSocket(tcp);
    raw.response = await tcp.response();
    this.note(lane, raw.response === null ? "cut without a response" : describe(raw.response, SHOWN_UPGRADE_HEADERS));
    return new WebSocketLane(this, lane, raw, {});
  }

  /** Sends an upgrade request, writes down the answer. */
  async websocket(lane, path, options = {}) {
    const raw = await RawWebSocket.open(this.port, path, options);
    this.#open.push(raw.tcp);
    const { response } = raw;
    if (response === null) this.note(lane, "cut without a response");
    else this.note(lane, describe(response, SHOWN_UPGRADE_HEADERS));
    return new WebSocketLane(this, lane, raw, options);
  }

  #named(line) {
    for (const [, id] of line.matchAll(/"[ps]id\\?":\\?"([\w-]+)/g)) this.#name(id, "id");
    if (this.offsets) {
      for (const [, offset] of line.matchAll(/(?<![\w"])4(?:2|5\d+-)[^␞]*?,"([^"␞]*)"\](?=␞|$)/g)) this.#name(offset, "offset");
    }
    return this.#withNames(line);
  }

  #name(value, kind) {
    const quoted = kind === "offset" ? `"${value}"` : value;
    if (this.#ids.has(quoted) || value === "") return;
    const count = [...this.#ids.values()].filter((name) => name.includes(`<${kind}`)).length;
    const name = `<${kind}${count + 1}>`;
    this.#ids.set(quoted, kind === "offset" ? `"${name}"` : name);
  }

  #withNames(line) {
    let named = line;
    for (const [id, name] of this.#ids) named = named.replaceAll(id, name);
    return named;
  }
}

/** A request under way. */
class Exchange {
  constructor(recorder, lane, tcp, method) {
    Object.assign(this, { recorder, lane, tcp, method });
  }

  async answer() {
    const response = await this.read();
    if (response === undefined) this.recorder.note(this.lane, "no answer");
    else this.recorder.note(this.lane, response === null ? "cut without a response" : describe(response, SHOWN_HEADERS));
    return response;
  }

  /** null: cut; undefined: nothing came in time. */
  async read(deadline) {
    try {
      return await this.tcp.response({ method: this.method, deadline });
    } catch (error) {
      if (error instanceof Deadline) return undefined;
      throw error;
    }
  }

  /** Writes down whether the server also ends the TCP connection. */
  async end() {
    try {
      const rest = await this.tcp.takeAll(Date.now() + 1500);
      this.recorder.note(this.lane, rest.length ? `more: ${shown(rest)}` : "connection ended");
    } catch (error) {
      if (!(error instanceof Deadline)) throw error;
      this.recorder.note(this.lane, "connection stays");
    }
  }
}

/** A long-polling session. */
class PollingSession {
  constructor(recorder, path, sid) {
    Object.assign(this, { recorder, path, sid });
    this.url = `${path}?EIO=4&transport=polling&sid=${sid}`;
  }

  websocketUrl(extra = "") {
    return `${this.path}?EIO=4&transport=websocket&sid=${this.sid}${extra}`;
  }

  /** A GET that waits in the server. */
  async park(lane = "get", headers) {
    const exchange = await this.recorder.start(lane, { path: this.url, headers });
    await this.recorder.settle();
    return {
      cut: () => exchange.tcp.cut(),
      answer: () => this.#answer(lane, headers, exchange),
    };
  }

  async poll(lane = "get", headers) {
    return this.#answer(lane, headers, await this.recorder.start(lane, { path: this.url, headers }));
  }

  /** GETs until `count` packets are there; how they were grouped is not written down. */
  async collect(count, lane = "get") {
    const packets = [];
    while (packets.length < count) {
      const exchange = await this.recorder.start(lane, { path: this.url });
      const response = await exchange.read();
      if (response?.status !== 200) {
        this.recorder.note(lane, response ? describe(response, SHOWN_HEADERS) : "no answer");
        break;
      }
      packets.push(...await this.#withoutPings(response));
    }
    for (const packet of packets) this.recorder.note(lane, `packet ${shown(packet)}`);
  }

  /** POSTs text (or bytes) and writes down the answer. */
  post(body, lane = "post", headers = { "Content-Type": "text/plain;charset=UTF-8" }) {
    return this.recorder.request(lane, { method: "POST", path: this.url, headers, body });
  }

  /** Joins a namespace of the Socket.IO fixture. */
  async join(connect = "40", packets = 2) {
    await this.post(connect, "join");
    await this.collect(packets, "join");
  }

  /** Writes down whether the session still echoes (Engine.IO) or answers (Socket.IO: `probe`). */
  async fate(probe = "4alive?") {
    const response = await this.post(probe, "fate");
    if (response?.status === 200) await this.collect(1, "fate");
  }

  /** Writes down what the id of a polling session is worth now: code 3 for a known one, code 1 for an unknown one. */
  known(lane = "after") {
    return this.recorder.get(lane, this.websocketUrl());
  }

  /** The same once the session runs on a WebSocket. */
  upgraded(lane = "after") {
    return this.recorder.get(lane, this.url);
  }

  async #answer(lane, headers, first) {
    let exchange = first;
    for (;;) {
      const response = await exchange.read();
      if (response?.status === 200) {
        const packets = await this.#withoutPings(response);
        if (packets.length === 0) {
          exchange = await this.recorder.start(lane, { path: this.url, headers });
          continue;
        }
      }
      if (response === undefined) this.recorder.note(lane, "no answer");
      else this.recorder.note(lane, response === null ? "cut without a response" : describe(response, SHOWN_HEADERS));
      return response;
    }
  }

  async #withoutPings(response) {
    const packets = decoded(response).toString().split(SEPARATOR);
    const rest = packets.filter((packet) => packet !== "2");
    if (rest.length < packets.length) {
      const tcp = await this.recorder.tcp();
      tcp.write(requestBytes({ method: "POST", path: this.url, body: "3", port: this.recorder.port }));
      await tcp.response();
      if (!response.value("content-encoding")) response.body = Buffer.from(rest.join(SEPARATOR));
    }
    return rest;
  }
}

/** One WebSocket and its frames. */
class WebSocketLane {
  #quietPings;
  over = false;

  constructor(recorder, lane, raw, { heartbeat = false } = {}) {
    Object.assign(this, { recorder, lane, raw, tcp: raw.tcp });
    this.#quietPings = !heartbeat;
    this.over = raw.response?.status !== 101;
  }

  /** All messages go out in one write, so that the server finds them in one read. */
  send(...texts) {
    this.tcp.write(Buffer.concat(texts.map((text) => frameBytes(OPCODE.text, text))));
  }

  sendBinary(...parts) {
    this.tcp.write(Buffer.concat(parts.map((part) => frameBytes(OPCODE.binary, part))));
  }

  sendFrame(opcode, payload, options) {
    this.tcp.write(frameBytes(opcode, payload, options));
  }

  cut() {
    this.tcp.cut();
  }

  /** Writes down the next frame (or the end) and returns its line. */
  async frame(limitMs = 3000) {
    const line = await this.#next(Date.now() + limitMs);
    this.recorder.note(this.lane, line);
    return line;
  }

  /** The next frame's line, not written down. */
  peek(limitMs = 3000) {
    return this.#next(Date.now() + limitMs);
  }

  /** The next text frame, whole, not written down. */
  async text(limitMs = 3000) {
    const { payload } = await this.raw.next(Date.now() + limitMs);
    return payload.toString();
  }

  write(line) {
    this.recorder.note(this.lane, line);
  }

  async frames(count) {
    for (let i = 0; i < count && !this.over; i++) await this.frame();
  }

  /** Frames until one equals `last` or the connection is over. */
  async through(last) {
    while (!this.over && (await this.frame()) !== last);
  }

  /** Sends a probe that an unharmed session answers; writes down frames until that answer or the end. */
  async fate(probe = "4alive?", answer = probe) {
    if (this.over) return;
    this.send(probe);
    await this.through(`text ${answer}`);
  }

  /** Writes down whether anything comes within a time in which nothing should. */
  async quiet(ms) {
    if (!this.over) await this.frame(ms);
  }

  /** The open packet, and for Socket.IO the reply to CONNECT. */
  async join(...packets) {
    for (const packet of packets) {
      this.send(packet);
      await this.frames(2);
    }
  }

  async #next(deadline) {
    for (;;) {
      let frame;
      try {
        frame = await this.raw.next(deadline);
      } catch (error) {
        if (error instanceof Deadline) return "silence";
        throw error;
      }
      if (frame === null) {
        this.over = true;
        return "end without a close frame";
      }
      const { opcode, payload } = frame;
      const name = Object.keys(OPCODE).find((key) => OPCODE[key] === opcode) ?? `opcode ${opcode}`;
      if (opcode === OPCODE.text && payload.toString() === "2" && this.#quietPings) {
        this.send("3");
        continue;
      }
      if (opcode === OPCODE.close) {
        this.over = true;
        if (payload.length < 2) return "close without a code";
        return `close ${payload.readUInt16BE(0)} "${payload.subarray(2)}"`;
      }
      return `${name} ${opcode === OPCODE.text ? shown(payload) : shownBytes(payload)}`;
    }
  }
}

function describe(response, headers) {
  const fields = headers
    .flatMap((name) => response.headers.filter(([key]) => key === name).map(([key, value]) => `${key}: ${value}`));
  if (response.value("connection")?.toLowerCase() === "close") fields.push("connection: close");
  const isBinary = response.value("content-type") === "application/octet-stream";
  return `${response.status} [${fields.join("; ")}] ${(isBinary ? shownBytes : shown)(decoded(response))}`.trimEnd();
}

function decoded({ value, body }) {
  const decode = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync }[value("content-encoding")];
  return decode ? decode(body) : body;
}

function shown(data) {
  const text = data.toString().replaceAll(SEPARATOR, "␞").replaceAll("\r", "\\r").replaceAll("\n", "\\n");
  if (text.length <= LONGEST_SHOWN) return text;
  return `${text.slice(0, 24)}… (${text.length} characters, sha1 ${createHash("sha1").update(text).digest("hex").slice(0, 12)})`;
}

function shownBytes(bytes) {
  if (bytes.length <= 64) return `<${bytes.toString("hex")}>`;
  return `<${bytes.length} bytes, sha1 ${createHash("sha1").update(bytes).digest("hex").slice(0, 12)}>`;
}
