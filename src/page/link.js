// One WebSocket to this server that comes back by itself. It speaks plain JSON frames: {"event": name, "data": value}.

const FIRST_WAIT = 500, LONGEST_WAIT = 30_000;
/** How long the server may take to say `connect`. */
const PATIENCE = 10_000;

/** Calls `tick` with the whole seconds left, each time they change, the last time with 0. Returns what stops it. */
export function countdown(milliseconds, tick) {
  const due = Date.now() + milliseconds;
  let timer;
  (function next() {
    const left = Math.max(0, due - Date.now());
    const seconds = Math.ceil(left / 1000);
    if (seconds > 0) timer = setTimeout(next, left - (seconds - 1) * 1000);
    tick(seconds);
  })();
  return () => clearTimeout(timer);
}

/**
 * `changed` hears of each state: {name: "connecting"}, {name: "connected"}, and
 * {name: "waiting", seconds, refusal}, where `refusal` is the server's reason if it gave one.
 * `received` gets the event, the data and the acknowledgement's number of every other frame, as far as it has them.
 */
export class Link {
  #path;
  #socket;
  #retries = 0;
  #refusal;
  #changed;
  #received;
  #stopWaiting = null;
  connected = false;

  constructor(path, { changed, received }) {
    this.#path = path;
    this.#changed = changed;
    this.#received = received;
    addEventListener("online", () => this.hurry());
  }

  send(event, data, ack) {
    this.#socket.send(JSON.stringify({ event, data, ack }));
  }

  /** Connects now instead of later. */
  hurry() {
    if (!this.#stopWaiting) return;
    this.#stopWaiting();
    this.connect();
  }

  connect() {
    this.#stopWaiting = null;
    this.#refusal = undefined;
    this.#changed({ name: "connecting" });
    const socket = new WebSocket(location.origin.replace(/^http/, "ws") + this.#path);
    const timer = setTimeout(() => socket.close(), PATIENCE);
    socket.onmessage = ({ data }) => {
      clearTimeout(timer);
      this.#take(JSON.parse(data));
    };
    socket.onclose = () => {
      clearTimeout(timer);
      this.connected = false;
      this.#wait();
    };
    this.#socket = socket;
  }

  #take({ event, data, ack }) {
    if (event === "connect") {
      this.#retries = 0;
      this.connected = true;
      this.#changed({ name: "connected" });
    } else if (event === "connect_error") {
      this.#refusal = data?.message;
    } else {
      this.#received(event, data, ack);
    }
  }

  #wait() {
    // Twice as long each time, and not all pages at once.
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#retries++);
    this.#stopWaiting = countdown(longest * (0.5 + Math.random() / 2), (seconds) => {
      if (seconds > 0) this.#changed({ name: "waiting", seconds, refusal: this.#refusal });
      else this.connect();
    });
  }
}
