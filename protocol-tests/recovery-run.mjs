// Many official clients are cut off again and again, without a close frame, while everybody is sent numbers: does each
// get each number, once and in order? The same run against Trunkline and against the npm server.
//
//   node recovery-run.mjs [--clients 1000] [--seconds 60] [--every 5] [--rate 20] [--targets trunkline,reference]
//
// Ends with 1 if Trunkline lost, doubled or misplaced a number.
import { setTimeout as sleep } from "node:timers/promises";
import { readFileSync } from "node:fs";
import { io } from "socket.io-client";
import { startRecovery } from "./support/target.mjs";

const flags = process.argv.slice(2);
const flag = (name, otherwise) => (flags.includes(`--${name}`) ? flags[flags.indexOf(`--${name}`) + 1] : otherwise);
const CLIENTS = Number(flag("clients", 1000));
const SECONDS = Number(flag("seconds", 60));
const EVERY_MS = Number(flag("every", 5)) * 1000;
const RATE = Number(flag("rate", 20));
const TARGETS = flag("targets", "trunkline,reference").split(",");
/** Who is not back by then is lost. */
const PATIENCE_MS = 20_000;

class Client {
  first; last; received = 0; lost = 0; doubled = 0; cuts = 0; recovered = 0; anew = 0;

  constructor(url) {
    this.socket = io(url, {
      transports: ["websocket"], forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 500,
    });
    this.socket.on("connect", () => {
      if (this.socket.recovered) this.recovered++;
      else this.anew++;
    });
    this.socket.on("tick", (number) => this.tick(number));
  }

  tick(number) {
    this.received++;
    if (this.last !== undefined && number <= this.last) {
      this.doubled++;
      return;
    }
    if (this.last !== undefined) this.lost += number - this.last - 1;
    this.first ??= number;
    this.last = number;
  }

  cut() {
    const websocket = this.socket.io.engine?.transport?.ws;
    if (!this.socket.connected || !websocket) return;
    this.cuts++;
    websocket.terminate();
  }
}

async function run(target) {
  const server = await startRecovery(target, { TICKS_PER_SECOND: String(RATE) });
  const clients = [];
  for (let index = 0; index < CLIENTS; index++) {
    clients.push(new Client(server.url));
    if (index % 50 === 49) await sleep(20);
  }
  await until(() => clients.every((client) => client.last !== undefined));
  const timers = clients.map((client, index) => {
    let timer = setTimeout(function again() {
      client.cut();
      timer = setTimeout(again, EVERY_MS);
    }, (EVERY_MS * index) / CLIENTS);
    return () => clearTimeout(timer);
  });
  const cpu = process.cpuUsage();
  await sleep(SECONDS * 1000);
  for (const stop of timers) stop();
  const late = Math.max(...clients.map((client) => client.last)) + RATE;
  await until(() => clients.every((client) => client.socket.connected && client.last >= late));
  const missing = clients.filter((client) => !(client.last >= late)).length;
  const sum = (what) => clients.reduce((total, client) => total + client[what], 0);
  const figures = {
    target, clients: CLIENTS, seconds: SECONDS, cuts: sum("cuts"), numbers: sum("received"),
    lost: sum("lost"), "twice or misplaced": sum("doubled"), "clients with a fault": clients.filter((client) => client.lost + client.doubled > 0).length,
    recovered: sum("recovered"), "new sessions": sum("anew") - CLIENTS, "not back": missing,
    "server memory (MB)": memory(server.pid), "clients' CPU (s)": Math.round(process.cpuUsage(cpu).user / 1e6),
  };
  for (const client of clients) client.socket.close();
  await server.stop();
  return figures;
}

async function until(what) {
  for (const begin = Date.now(); !what() && Date.now() - begin < PATIENCE_MS; ) await sleep(50);
}

function memory(pid) {
  try {
    return Math.round(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1] / 1024);
  } catch {
    return undefined;
  }
}

let failed = false;
for (const target of TARGETS) {
  const figures = await run(target);
  for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(22)} ${value}`);
  console.log();
  failed ||= target === "trunkline" && figures.lost + figures["twice or misplaced"] + figures["not back"] > 0;
}
process.exit(failed ? 1 : 0);
