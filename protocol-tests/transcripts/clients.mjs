// Several Socket.IO clients of the black-box fixture, one lane each.
const OPEN = "/socket.io/?EIO=4&transport=websocket";

/** A transcript with the clients `names` (a, b, …) connected to `/`. */
export function together(id, title, names, act, more = {}) {
  return {
    id, title, server: "blackbox", ...more,
    play: async (t) => {
      const clients = {};
      for (const name of names) clients[name] = await connect(t, name);
      await act(clients, t);
      for (const client of Object.values(clients)) await client.fence();
    },
  };
}

/** Opens a WebSocket and joins a namespace. */
export async function connect(t, lane, { packet = "40", joined = 1 } = {}) {
  const client = new Client(await t.websocket(lane, OPEN));
  await client.frame();
  client.send(packet);
  const reply = joined > 0 ? await client.frames(joined) : "";
  client.id = /"sid":"([^"]+)"/.exec(reply)?.[1];
  return client;
}

export class Client {
  #asked = 0;

  constructor(socket) {
    this.socket = socket;
  }

  get over() {
    return this.socket.over;
  }

  send(...texts) {
    this.socket.send(...texts);
  }

  cut() {
    this.socket.cut();
  }

  frame(limitMs) {
    return this.socket.frame(limitMs);
  }

  /** Writes down so many frames and returns the first one. */
  async frames(count) {
    const first = await this.frame();
    for (let i = 1; i < count && !this.over; i++) await this.frame();
    return first;
  }

  emit(...values) {
    this.send(`42${JSON.stringify(values)}`);
  }

  /** Emits with an id and writes down everything until the answer. */
  async ask(...values) {
    const id = this.#asked++;
    this.send(`42${id}${JSON.stringify(values)}`);
    await this.until((line) => line.startsWith(`text 43${id}[`));
  }

  /** Everything that the server has sent before it answers this. */
  async fence(namespace = "") {
    if (this.over) return;
    const id = 900 + this.#asked++;
    this.send(`42${namespace}${id}["sync"]`);
    await this.until((line) => line === `text 43${namespace}${id}[]`);
  }

  async until(isLast) {
    while (!this.over && !isLast(await this.frame()));
  }
}
