// A small client for the suites: `fetch` for long-polling, `ws` for WebSocket, frames as a stream.
import { once } from "node:events";
import WebSocket from "ws";

const DEADLINE_MS = 3000;

/** A polling session opened by hand. */
export async function openPolling(url, path) {
  const response = await fetch(`${url}${path}?EIO=4&transport=polling`);
  const body = await response.text();
  const sid = JSON.parse(body.slice(1)).sid;
  const at = `${url}${path}?EIO=4&transport=polling&sid=${sid}`;
  return {
    sid,
    at,
    websocketUrl: `${url.replace("http", "ws")}${path}?EIO=4&transport=websocket&sid=${sid}`,
    get: (options) => fetch(at, options),
    poll: async () => (await fetch(at)).text(),
    post: (text) => fetch(at, { method: "POST", body: text }),
  };
}

/** A WebSocket whose messages are read one by one: strings for text, Buffers for binary. */
export class Frames {
  #queue = [];
  #waiting = [];

  constructor(url, options) {
    this.socket = new WebSocket(url, options);
    this.socket.binaryType = "nodebuffer";
    this.socket.on("message", (data, isBinary) => {
      const frame = isBinary ? data : data.toString();
      const waiter = this.#waiting.shift();
      if (waiter) waiter(frame);
      else this.#queue.push(frame);
    });
    this.socket.on("error", () => {});
    /** {code, reason} once it is closed, however that came. */
    this.closed = new Promise((resolve) => {
      this.socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  static async open(url, options) {
    const frames = new Frames(url, options);
    await within(Promise.race([once(frames.socket, "open"), frames.closed.then(() => Promise.reject(new Error("the WebSocket did not open")))]), "the WebSocket to open");
    return frames;
  }

  send(...frames) {
    for (const frame of frames) this.socket.send(frame);
  }

  /** The next message; fails when the connection closes first. */
  next() {
    if (this.#queue.length > 0) return Promise.resolve(this.#queue.shift());
    const message = new Promise((resolve) => this.#waiting.push(resolve));
    return within(Promise.race([message, this.closed.then(({ code }) => Promise.reject(new Error(`closed with ${code} instead of a message`)))]), "a message");
  }

  /** The next JSON message. */
  async json() {
    return JSON.parse(await this.next());
  }

  /** Waits until the server has closed it. */
  end() {
    return within(this.closed, "the close");
  }

  close() {
    this.socket.close();
  }
}

/** Fails a promise that takes too long, naming what was awaited. */
export async function within(promise, what, limitMs = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Arguments of the next event, as an array. */
export function event(emitter, name, limitMs) {
  return within(new Promise((resolve) => emitter.once(name, (...args) => resolve(args))), `"${name}"`, limitMs);
}
