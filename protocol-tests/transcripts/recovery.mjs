// T11xx: connection state recovery, on the black-box fixture with three seconds for it. Offsets are named in the order
// of their appearance.
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "./clients.mjs";

const recovery = (id, title, play, more = {}) => ({ id, title, server: "recovery", offsets: true, ...more, play });

/** A client and what it needs to come back. */
async function arrive(t, lane = "a", packet = "40") {
  const client = new Returning(t, await connect(t, lane, { packet, joined: 0 }));
  await client.welcome();
  return client;
}

class Returning {
  constructor(t, client) {
    Object.assign(this, { t, client });
  }

  async welcome(events = 1) {
    const reply = await this.client.frame();
    [, this.id, this.pid] = /"sid":"([^"]+)","pid":"([^"]+)"/.exec(reply) ?? [];
    for (let i = 0; i < events; i++) await this.event();
  }

  async event() {
    const line = await this.client.frame();
    this.offset = /,"([^"]*)"\]$/.exec(line)?.[1] ?? this.offset;
    return line;
  }

  /** Cuts the connection and waits until the server has noticed. */
  async lose(watcher) {
    this.client.cut();
    for (let tries = 0; tries < 100; tries++) {
      watcher.emit("members", this.id);
      if ((await watcher.socket.peek()).includes("false")) return;
      await sleep(10);
    }
  }

  async back(lane, fields = { pid: this.pid, offset: this.offset }) {
    const client = await connect(this.t, lane, { packet: `40${JSON.stringify(fields)}`, joined: 0 });
    return Object.assign(new Returning(this.t, client), { id: this.id, pid: this.pid, offset: this.offset });
  }
}

export const recoveryTranscripts = [
  recovery("T1101", "the reply to CONNECT", async (t) => {
    await arrive(t);
  }),
  recovery("T1102", "an event, a broadcast and binary carry offsets", async (t) => {
    const a = await arrive(t);
    a.client.emit("say");
    a.client.emit("all", "everybody");
    a.client.emit("bin", "data");
    for (let i = 0; i < 4; i++) await a.client.frame();
  }),
  recovery("T1103", "answers and questions carry none", async (t) => {
    const a = await arrive(t);
    await a.client.ask("rooms");
    a.client.emit("ask", "text");
    a.client.send(`43${/42(\d+)/.exec(await a.client.socket.peek())[1]}["yes"]`);
    await a.client.frame();
  }),
  recovery("T1104", "a volatile event", async (t) => {
    const a = await arrive(t);
    a.client.emit("vol", 1);
    await a.client.frame();
  }),
  recovery("T1105", "nothing was missed", async (t) => {
    const watcher = await arrive(t, "watcher");
    const a = await arrive(t);
    await a.client.ask("join", "T1105");
    await a.lose(watcher.client);
    const again = await a.back("again");
    await again.welcome();
    await again.client.ask("rooms");
  }),
  recovery("T1106", "what was missed comes before the reply", async (t) => {
    const watcher = await arrive(t, "watcher");
    const a = await arrive(t);
    await a.client.ask("join", "T1106");
    await a.lose(watcher.client);
    watcher.client.emit("ioto", ["T1106"], "one");
    watcher.client.emit("ioto", ["elsewhere"], "not mine");
    watcher.client.emit("toex", ["T1106"], [a.id], "without me");
    watcher.client.emit("ioto", [a.id], "two");
    await watcher.client.fence();
    const again = await a.back("again");
    await again.event();
    await again.event();
    await again.welcome();
  }),
  recovery("T1107", "binary that was missed", async (t) => {
    const watcher = await arrive(t, "watcher");
    const a = await arrive(t);
    await a.lose(watcher.client);
    watcher.client.emit("bin", "data");
    await watcher.client.fence();
    const again = await a.back("again");
    await again.event();
    await again.client.frame();
    await again.welcome();
  }),
  recovery("T1108", "by polling, in one payload", async (t) => {
    const watcher = await arrive(t, "watcher");
    const a = await arrive(t);
    await a.lose(watcher.client);
    watcher.client.emit("ioto", [a.id], "one");
    watcher.client.emit("ioto", [a.id], "two");
    await watcher.client.fence();
    const session = await t.polling("/socket.io/");
    await session.post(`40${JSON.stringify({ pid: a.pid, offset: a.offset })}`);
    await session.poll();
  }),
  recovery("T1109", "an unknown session", async (t) => {
    const a = await arrive(t);
    const other = await a.back("other", { pid: "unknown", offset: a.offset });
    await other.welcome();
  }),
  recovery("T1110", "an unknown offset", async (t) => {
    const watcher = await arrive(t, "watcher");
    const a = await arrive(t);
    await a.lose(watcher.client);
    const again = await a.back("again", { pid: a.pid, offset: "unknown" });
    await again.welcome();
  }),
  recovery("T1111", "who left is not recovered", async (t) => {
    const a = await arrive(t);
    a.client.send("41");
    const again = await a.back("again");
    await again.welcome();
  }),
  recovery("T1112", "who was put out is not recovered", async (t) => {
    const a = await arrive(t);
    a.client.emit("bye");
    await a.client.frame();
    const again = await a.back("again");
    await again.welcome();
  }),
  recovery("T1113", "the same session a second time", async (t) => {
    const watcher = await arrive(t, "watcher");
    const a = await arrive(t);
    await a.lose(watcher.client);
    const again = await a.back("again");
    await again.welcome();
    await again.lose(watcher.client);
    const third = await a.back("third");
    await third.event();
    await third.welcome();
  }),
  recovery("T1114", "a session whose time is over", async (t) => {
    const watcher = await arrive(t, "watcher");
    const a = await arrive(t);
    await a.lose(watcher.client);
    await sleep(3200);
    const again = await a.back("again");
    await again.welcome();
  }),
  recovery("T1115", "pid and offset that are no texts", async (t) => {
    const a = await arrive(t);
    for (const [lane, fields] of [["b", { pid: 1, offset: a.offset }], ["c", { pid: a.pid, offset: {} }], ["d", { pid: null }]]) {
      const other = await a.back(lane, fields);
      await other.welcome();
    }
  }),
  recovery("T1117", "two clients come back to one session", async (t) => {
    const watcher = await arrive(t, "watcher");
    const a = await arrive(t);
    await a.lose(watcher.client);
    const first = await a.back("first");
    await first.welcome();
    const second = await a.back("second");
    await second.client.frames(2);
    await first.client.frame(300);
    watcher.client.emit("ioto", [a.id], "who is it");
    await watcher.client.fence();
    await second.client.frame(300);
    await second.client.frame(300);
    if (!first.client.over) await first.client.frame(300);
  }),
  recovery("T1116", "a session that has received nothing comes back without an offset", async (t) => {
    const watcher = await arrive(t, "watcher");
    const a = new Returning(t, await connect(t, "a", { packet: "40/other,", joined: 0 }));
    await a.welcome(0);
    a.client.cut();
    await watcher.client.fence();
    const again = await connect(t, "again", { packet: `40/other,${JSON.stringify({ pid: a.pid })}`, joined: 0 });
    await again.frame();
  }),
];
