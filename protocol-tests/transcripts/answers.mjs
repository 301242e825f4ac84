// T103x: the server asks. T104x: joining the black-box fixture's namespaces. T105x: leaving them.
import { setTimeout as sleep } from "node:timers/promises";
import { connect, together } from "./clients.mjs";

const OPEN = "/socket.io/?EIO=4&transport=websocket";
const MASKED = (t, ...lanes) => {
  for (const lane of lanes) {
    t.lanes.set(lane, t.lanes.get(lane).map((line) => line.replace(/^(text 42)\d+(?=\["q")/, "$1<id>")));
  }
};
/** The id with which the server asks counts on from one transcript to the next. */
const idOf = (line) => /^text 42(\d+)\["q"/.exec(line)[1];

const asking = (id, title, names, act) => {
  const { play, ...rest } = together(id, title, names, act);
  return { ...rest, play: async (t) => (await play(t), MASKED(t, ...names)) };
};

const answers = [
  asking("T1031", "an answer reaches the application", ["a"], async ({ a }) => {
    a.emit("ask", 1, "two");
    a.send(`43${idOf(await a.frame())}["yes",null,{"three":3}]`);
    await a.frame();
  }),
  {
    id: "T1032", title: "all sockets of a namespace share the ids", server: "blackbox",
    play: async (t) => {
      const [a, b] = [await connect(t, "a"), await connect(t, "b")];
      const seen = [];
      for (const client of [a, b, a]) {
        client.emit("ask");
        seen.push(Number(idOf(await client.frame())));
      }
      const order = seen.every((id, at) => at === 0 || id > seen[at - 1]) && new Set(seen).size === 3;
      t.note("~", order ? "the ids count up" : `the ids: ${seen}`);
      MASKED(t, "a", "b");
    },
  },
  asking("T1033", "a second answer, and one that nobody waits for", ["a"], async ({ a }) => {
    a.emit("ask");
    const id = idOf(await a.frame());
    a.send(`43${id}["first"]`, `43${id}["second"]`, '43999999["third"]');
    await a.frame();
  }),
  asking("T1034", "no answer in time", ["a"], async ({ a }) => {
    a.emit("tack", 50);
    await a.frames(2);
  }),
  asking("T1035", "an answer that is late is ignored", ["a"], async ({ a }) => {
    a.emit("tack", 50);
    const id = idOf(await a.frame());
    await a.frame();
    a.send(`43${id}["late"]`);
  }),
  asking("T1036", "a broadcast collects the first value of each answer", ["a", "b", "c"], async ({ a, b }) => {
    await a.ask("join", "T1036");
    await b.ask("join", "T1036");
    a.send('4277["bcack",["T1036"],3000]');
    const id = idOf(await a.frame());
    a.send(`43${id}["one","more"]`);
    await b.frame();
    b.send(`43${id}["one"]`);
    await a.frame();
  }),
  asking("T1037", "a broadcast whose answers do not all come in time", ["a", "b"], async ({ a, b }) => {
    await a.ask("join", "T1037");
    await b.ask("join", "T1037");
    a.send('4277["bcack",["T1037"],100]');
    const id = idOf(await a.frame());
    a.send(`43${id}["only mine"]`);
    await b.frame();
    await a.frame();
  }),
  asking("T1038", "a broadcast that nobody gets", ["a"], async ({ a }) => {
    a.send('4277["bcack",["nobody is here"],3000]');
    await a.frame();
  }),
];

const joining = [
  together("T1041", "a refusal with data; the connection stays", ["a"], async ({ a }) => {
    a.send('40/refuse,{"token":"x"}');
    await a.frame();
    a.send("40/refuse,");
    await a.frame();
  }),
  together("T1042", "a middleware that takes its time", ["a"], async ({ a }) => {
    a.send("40/slow,");
    await a.ask("rooms");
    await a.frames(2);
  }),
  together("T1043", "leaving while a middleware decides", ["a"], async ({ a }, t) => {
    const gone = await t.websocket("gone", OPEN);
    await gone.frame();
    gone.send("40/slow,");
    gone.cut();
    await sleep(150);
    await a.fence();
  }),
  {
    id: "T1044", title: "who is not let in yet gets nothing", server: "blackbox",
    play: async (t) => {
      const a = await connect(t, "a", { packet: "40/dyn-1044,", joined: 2 });
      const waiting = await t.websocket("waiting", OPEN);
      await waiting.frame();
      waiting.send("40/slow,");
      a.send('42/dyn-1044,["here"]');
      await a.frame();
      await waiting.frame();
      await waiting.frame();
    },
  },
  {
    id: "T1045", title: "an answer carries the namespace", server: "blackbox",
    play: async (t) => {
      const a = await connect(t, "a", { packet: "40/other," });
      a.send('42/other,7["sync"]');
      await a.frame();
    },
  },
];

/** What the server noted about a socket's end, asked by another client once it is complete. */
async function noted(client, name) {
  for (let tries = 0; tries < 40; tries++) {
    client.emit("notes", name);
    const line = await client.socket.peek();
    if (line.includes("no rooms")) return client.socket.write(line);
    await sleep(25);
  }
}

const end = (id, title, act, more = {}) => ({
  id, title, server: "blackbox", ...more,
  play: async (t) => {
    const watcher = await connect(t, "watcher");
    const a = await connect(t, "a");
    await a.ask("marked", id);
    await act(a, t);
    await noted(watcher, id);
  },
});

const leaving = [
  end("T1051", "a client leaves", async (a) => {
    a.send("41");
    a.send("40/nobody,");
    await a.frame();
  }),
  end("T1052", "the server puts a socket out; another namespace stays", async (a) => {
    a.send("40/other,");
    await a.frame();
    a.emit("bye");
    await a.frame();
    await a.fence("/other,");
  }),
  end("T1053", "the server puts a client out of everything", async (a) => {
    a.send("40/other,");
    await a.frame();
    a.emit("byeall");
    await a.frames(3);
  }),
  end("T1054", "what is on its way behind that is dropped", async (a) => {
    a.send('42["byeall"]', '42["all","nobody"]', '421["sync"]');
    await a.frames(3);
  }),
  end("T1055", "the client cuts the connection", async (a) => a.cut()),
  end("T1056", "the server closes the connection", async (a) => {
    a.emit("break");
    await a.frame();
  }),
  end("T1057", "an invalid Engine.IO packet", async (a) => {
    a.send("x");
    await a.frame();
  }),
  end("T1058", "an invalid Socket.IO packet", async (a) => {
    a.send("42{}");
    await a.frame();
  }),
  end("T1059", "an event for a namespace that was not joined", async (a) => {
    a.send('42/nobody,["x"]');
    await a.frame();
  }),
];

export const answerTranscripts = [...answers, ...joining, ...leaving];
