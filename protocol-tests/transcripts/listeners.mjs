// T106x: event middlewares and catch-all listeners of the black-box fixture. T107x: volatile events. T108x: dynamic
// namespaces.
import { connect, together } from "./clients.mjs";

const listeners = [
  together("T1061", "an event that a middleware refuses; the connection stays", ["a"], async ({ a }) => {
    a.emit("forbidden");
    await a.ask("rooms");
  }),
  together("T1062", "a refused event is not told to catch-all listeners", ["a"], async ({ a }) => {
    await a.ask("seen");
    a.emit("forbidden");
    await a.ask("seen");
  }),
  together("T1063", "catch-all listeners see an event, the prepended one first", ["a"], async ({ a }) => {
    await a.ask("seen");
    a.emit("nobody listens", 1);
    await a.ask("seen");
  }),
  together("T1064", "catch-all listeners see what is emitted", ["a"], async ({ a }) => {
    await a.ask("seen");
    a.emit("say");
    await a.frame();
    await a.ask("seen");
  }),
  together("T1065", "send emits the event message", ["a"], async ({ a }) => {
    a.emit("say");
    await a.frame();
  }),
  together("T1067", "a refused event that asks for an acknowledgement", ["a"], async ({ a }) => {
    a.send('425["forbidden"]');
    await a.ask("rooms");
  }),
  together("T1066", "a listener for one time", ["a"], async ({ a }) => {
    a.emit("single");
    a.emit("single");
    await a.frame();
  }),
];

const volatiles = [
  together("T1071", "of three volatile events in a row the first one arrives", ["a"], async ({ a }) => {
    a.emit("vol", 3);
    await a.frame();
  }),
  together("T1072", "a volatile event between two others", ["a"], async ({ a }) => {
    a.emit("mixed");
    await a.frames(2);
  }),
  {
    id: "T1073", title: "volatile events by polling, without a GET and with one", server: "blackbox",
    play: async (t) => {
      const session = await t.polling("/socket.io/");
      await session.post("40", "join");
      await session.collect(1, "join");
      await session.post('42["vol",2]');
      await session.post('421["sync"]');
      await session.collect(1);
      const parked = await session.park();
      await session.post('42["vol",2]');
      await parked.answer();
      await session.post('422["sync"]');
      await session.collect(1);
    },
  },
  together("T1074", "header and attachment of a volatile event go together", ["a"], async ({ a }) => {
    a.emit("volbin");
    await a.frames(2);
  }),
  together("T1075", "volatile broadcasts, each receiver by itself", ["a", "b"], async ({ a, b }) => {
    a.emit("bcvol", 3);
    await a.frame();
    await b.frame();
  }),
];

const child = (id, title, names, act) => ({
  id, title, server: "blackbox",
  play: async (t) => {
    const clients = {};
    for (const [lane, namespace] of Object.entries(names)) {
      clients[lane] = await connect(t, lane, { packet: `40${namespace},`, joined: 2 });
    }
    await act(clients, t);
    for (const [lane, namespace] of Object.entries(names)) await clients[lane].fence(`${namespace},`);
  },
});

const dynamic = [
  child("T1081", "a name that fits a rule", { a: "/dyn-1081" }, async () => {}),
  {
    id: "T1082", title: "names that fit no rule, and one that is asked about", server: "blackbox",
    play: async (t) => {
      const a = await connect(t, "a", { packet: "40/dyn-x," });
      for (const packet of ["40/dyn-1082/more,", "40/asked,", '40/asked,{"token":"no"}']) {
        a.send(packet);
        await a.frame();
      }
      a.send('40/asked,{"token":"yes"}');
      await a.frames(2);
    },
  },
  {
    id: "T1083", title: "a rule's middleware refuses", server: "blackbox",
    play: async (t) => {
      const a = await connect(t, "a", { packet: '40/dyn-1083,{"refuse":true}' });
      a.send("40/dyn-1083,");
      await a.frames(2);
    },
  },
  {
    id: "T1084", title: "emitting on the rule reaches all its namespaces", server: "blackbox",
    play: async (t) => {
      const a = await connect(t, "a", { packet: "40/dyn-10840,", joined: 2 });
      const b = await connect(t, "b", { packet: "40/dyn-10841,", joined: 2 });
      const other = await connect(t, "other", { packet: "40/other," });
      a.send('42/dyn-10840,["all"]');
      await a.frame();
      await b.frame();
      await other.fence("/other,");
    },
  },
  child("T1085", "clients of one name meet, those of another do not", { a: "/dyn-1085", b: "/dyn-1085", c: "/dyn-10850" },
    async ({ a }) => {
      a.send('42/dyn-1085,["here"]');
      await a.fence("/dyn-1085,");
    }),
  {
    id: "T1086", title: "a namespace made by hand whose name fits", server: "blackbox",
    play: async (t) => {
      const a = await connect(t, "a", { packet: "40/dyn-777,", joined: 3 });
      a.send('42/dyn-777,["here"]');
      await a.frame();
    },
  },
];

export const listenerTranscripts = [...listeners, ...volatiles, ...dynamic];
