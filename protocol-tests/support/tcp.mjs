// HTTP/1.1 by hand over one TCP connection, so that tests say and see exact bytes.
import { connect } from "node:net";
import { once } from "node:events";

const DEADLINE_MS = 3000;

export class Deadline extends Error {}

/** One TCP connection with what has come in so far. */
export class Tcp {
  #socket;
  #waiting = new Set();
  buffer = Buffer.alloc(0);
  /** The peer will send no more (FIN or RST). */
  ended = false;

  static async open(port, host = "127.0.0.1") {
    const socket = connect({ port, host, noDelay: true, allowHalfOpen: false });
    await once(socket, "connect");
    return new Tcp(socket);
  }

  constructor(socket) {
    this.#socket = socket;
    socket.on("data", (data) => {
      this.buffer = Buffer.concat([this.buffer, data]);
      this.#wake();
    });
    const end = () => {
      this.ended = true;
      this.#wake();
    };
    socket.on("end", end).on("error", end).on("close", end);
  }

  write(data) {
    if (!this.#socket.destroyed) this.#socket.write(data);
  }

  /** Cuts the connection without another word. */
  cut() {
    this.#socket.destroy();
  }

  /** Takes the first `count` bytes; null when the peer ends before. */
  async take(count, deadline = Date.now() + DEADLINE_MS) {
    await this.#until(() => this.buffer.length >= count, deadline);
    return this.buffer.length < count ? null : this.#cut(count);
  }

  /** Takes everything up to and including `mark`; null when the peer ends before. */
  async takeThrough(mark, deadline = Date.now() + DEADLINE_MS) {
    await this.#until(() => this.buffer.includes(mark), deadline);
    const at = this.buffer.indexOf(mark);
    return at < 0 ? null : this.#cut(at + mark.length);
  }

  /** Takes all until the peer ends. */
  async takeAll(deadline = Date.now() + DEADLINE_MS) {
    await this.#until(() => false, deadline);
    return this.#cut(this.buffer.length);
  }

  /** The next response; null when the connection ends without one. */
  async response({ method = "GET", deadline = Date.now() + DEADLINE_MS } = {}) {
    const head = await this.takeThrough("\r\n\r\n", deadline);
    if (head === null) return null;
    const [first, ...lines] = head.toString("latin1").trimEnd().split("\r\n");
    const headers = lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
    const status = Number(first.split(" ")[1]);
    const value = (name) => headers.find(([key]) => key === name)?.[1];
    const response = { status, headers, value, body: Buffer.alloc(0) };
    if (method === "HEAD" || status < 200 || status === 204 || status === 304) return response;
    if (value("transfer-encoding")?.includes("chunked")) response.body = await this.#chunks(deadline);
    else if (value("content-length")) response.body = (await this.take(Number(value("content-length")), deadline)) ?? Buffer.from("<cut>");
    else response.body = await this.takeAll(deadline);
    return response;
  }

  async #chunks(deadline) {
    const parts = [];
    for (;;) {
      const line = await this.takeThrough("\r\n", deadline);
      const size = parseInt(line?.toString("latin1") ?? "0", 16);
      const chunk = await this.take(size + 2, deadline);
      if (size === 0 || chunk === null) return Buffer.concat(parts);
      parts.push(chunk.subarray(0, size));
    }
  }

  #cut(count) {
    const taken = this.buffer.subarray(0, count);
    this.buffer = this.buffer.subarray(count);
    return taken;
  }

  async #until(ready, deadline) {
    while (!ready() && !this.ended) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Deadline("nothing came in time");
      let timer;
      await new Promise((resolve) => {
        this.#waiting.add(resolve);
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
  }

  #wake() {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** The bytes of a request. A body gets a Content-Length unless the headers say otherwise. */
export function requestBytes({ method = "GET", path, headers = {}, body, port }) {
  const all = { Host: `127.0.0.1:${port}`, ...headers };
  const content = body === undefined ? Buffer.alloc(0) : Buffer.from(body);
  const named = Object.keys(all).map((name) => name.toLowerCase());
  if (body !== undefined && !named.includes("content-length") && !named.includes("transfer-encoding")) {
    all["Content-Length"] = content.length;
  }
  const lines = Object.entries(all).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1"), content]);
}
