// T100x to T102x: rooms and broadcasts of the black-box fixture.
import { connect, together } from "./clients.mjs";

const rooms = [
  together("T1001", "a socket is in the room of its own id", ["a", "b"], async ({ a }) => {
    a.emit("ioto", [a.id], "mine");
    await a.frame();
  }),
  together("T1002", "joining a room, and once more", ["a"], async ({ a }) => {
    await a.ask("join", "x");
    await a.ask("join", "x");
    await a.ask("rooms");
    a.emit("ioto", ["x"], "once");
  }),
  together("T1003", "joining several rooms, leaving one", ["a"], async ({ a }) => {
    await a.ask("join", ["x", "y", "z"]);
    await a.ask("leave", "y");
    await a.ask("rooms");
  }),
  together("T1004", "leaving a room that nobody is in", ["a"], async ({ a }) => {
    await a.ask("leave", "nowhere");
    await a.ask("rooms");
    a.emit("ioto", ["nowhere"], "lost");
  }),
  together("T1005", "a room named like an object's own property", ["a", "b"], async ({ a, b }) => {
    await a.ask("join", "__proto__");
    await b.ask("join", "constructor");
    a.emit("ioto", ["__proto__", "constructor"], "there");
  }),
  together("T1006", "a room without a name, and one that is long", ["a"], async ({ a }) => {
    await a.ask("join", ["", "x".repeat(1000)]);
    a.emit("ioto", [""], "empty");
    a.emit("ioto", ["x".repeat(1000)], "long");
  }),
];

const broadcasts = [
  together("T1011", "a broadcast from a socket leaves it out; one from the server does not", ["a", "b", "c"], async ({ a }) => {
    a.emit("bc", "others");
    a.emit("all", "everybody");
    await a.fence();
  }),
  together("T1012", "other namespaces are not reached, nor other sockets' ids", ["a"], async ({ a }, t) => {
    const other = await connect(t, "other", { packet: "40/other," });
    a.emit("all", "here");
    await a.fence();
    await other.fence("/other,");
  }),
  together("T1013", "another client's id is a room", ["a", "b"], async ({ a, b }) => {
    a.emit("to", b.id, "for you");
    await a.fence();
  }),
  together("T1014", "to a room that the sender is in, without the sender", ["a", "b", "c"], async ({ a, b }) => {
    await a.ask("join", "x");
    await b.ask("join", "x");
    a.emit("to", "x", "in x");
    await a.fence();
  }),
  together("T1015", "several rooms are a union", ["a", "b", "c"], async ({ a, b }) => {
    await a.ask("join", ["x", "y"]);
    await b.ask("join", "y");
    a.emit("ioto", ["x", "y"], "once");
    await a.fence();
  }),
  together("T1016", "an exception wins", ["a", "b", "c"], async ({ a, b, c }) => {
    await a.ask("join", "x");
    await b.ask("join", ["x", "y"]);
    await c.ask("join", "x");
    a.emit("toex", ["x"], ["y"], "not y");
    a.emit("toex", ["x"], [c.id], "not c");
    await a.fence();
  }),
  together("T1017", "an exception without a target", ["a", "b", "c"], async ({ a, b }) => {
    await b.ask("join", "x");
    a.emit("except", "x", "not x");
    await a.fence();
  }),
  together("T1018", "a step does not change the selection it starts from", ["a", "b"], async ({ a, b }) => {
    await a.ask("join", "x");
    await b.ask("join", "y");
    a.emit("steps", "x", "y", "only x");
    await a.fence();
  }),
  together("T1019", "binary for everybody", ["a", "b"], async ({ a }) => {
    a.emit("bin", "data");
    await a.fence();
  }),
];

const selections = [
  together("T1021", "counting the sockets of a selection", ["a", "b", "c"], async ({ a, b }) => {
    await a.ask("join", "T1021");
    await b.ask("join", "T1021");
    await a.ask("count", ["T1021"]);
    await a.ask("count", [a.id, b.id, "nowhere"]);
  }),
  together("T1022", "a selection joins a room", ["a", "b", "c"], async ({ a, b }) => {
    await a.ask("gather", [a.id, b.id], "T1022");
    a.emit("ioto", ["T1022"], "gathered");
    await a.fence();
    await b.ask("rooms");
  }),
  together("T1023", "a selection leaves a room", ["a", "b"], async ({ a, b }) => {
    await a.ask("join", "T1023");
    await b.ask("join", "T1023");
    await a.ask("scatter", [b.id], "T1023");
    a.emit("ioto", ["T1023"], "still here");
    await a.fence();
    await b.ask("rooms");
  }),
  together("T1024", "a selection is disconnected", ["a", "b", "c"], async ({ a, b, c }) => {
    a.emit("kick", [b.id], false);
    await b.frame();
    b.send("40/back,");
    await b.frame();
    a.emit("kick", [c.id], true);
    await c.frames(2);
    b.send("41");
    await b.frame();
  }),
  together("T1025", "who has left gets nothing", ["a", "b"], async ({ a, b }) => {
    b.send("41", "40/gone,");
    await b.frame();
    a.emit("all", "who is here");
    await a.fence();
    b.send("40/end,");
    await b.frame();
    b.cut();
    await b.frame();
  }),
];

export const roomTranscripts = [...rooms, ...broadcasts, ...selections];
