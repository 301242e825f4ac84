// The examples as their readers meet them: the lines of their headers as they stand, the story each one tells, the ways
// in which it goes wrong, and the pages in a browser.
import { after, afterEach, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { io } from "socket.io-client";
import { MISSING, openBrowser } from "./support/browser.mjs";
import { event, within } from "./support/client.mjs";
import { TARGET, startExample, startRecovery, startTypedEvents } from "./support/target.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const CLIENT = `${HERE}node_modules/socket.io-client`;
const skip = TARGET === "reference" && "the reference has no such examples";
const ADA = { name: "ada", password: "lovelace" };
const ALAN = { name: "alan", password: "turing" };
const LIMIT_MS = 10_000;
let server;
const open = new Set();

/** Starts an example for the tests of a suite. */
function serves(name, env, start = startExample) {
  before(async () => (server = await start(name, env)));
  after(() => server?.stop());
  afterEach(() => {
    for (const socket of open) socket.close();
    open.clear();
  });
}

/** A client of its own connection; what it is sent before somebody listens is kept in `seen`. */
function client(path = "", options = {}) {
  const socket = io(server.url + path, { transports: ["websocket"], forceNew: true, reconnection: false, ...options });
  open.add(socket);
  socket.seen = [];
  socket.onAny((...seen) => socket.seen.push(seen));
  return socket;
}

async function connected(path, options) {
  const socket = client(path, options);
  await within(new Promise((resolve, reject) => socket.once("connect", resolve).once("connect_error", reject)), "the connection");
  return socket;
}

/** Why a client is not let in. */
async function refusal(path, options) {
  const socket = client(path, options);
  const [error] = await event(socket, "connect_error");
  return error;
}

const ask = (socket, ...args) => socket.timeout(LIMIT_MS).emitWithAck(...args);
const code = (answer) => answer.error?.code;
const post = (path, body, headers = {}) =>
  fetch(server.url + path, { method: "POST", body: body && new URLSearchParams(body), headers, redirect: "manual" });

/** The lines of a header in one language, for the server under test. */
async function header(name, language) {
  const source = await readFile(`${HERE}../examples/${name}.rs`, "utf8");
  const text = source.split("\n").filter((line) => line.startsWith("//!")).map((line) => line.slice(4)).join("\n");
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```/gms)].filter(([, kind]) => kind === language);
  assert.ok(blocks.length > 0, `${name} has no lines in ${language}`);
  return blocks.map(([, , lines]) => lines.replaceAll(/127\.0\.0\.1:300[01]/g, new URL(server.url).host));
}

/** Runs a command until it has said all of this, or has ended. */
async function says(command, args, expected, options = {}) {
  const child = spawn(command, args, { cwd: HERE, stdio: ["ignore", "pipe", "pipe"], ...options });
  let said = "";
  const missing = () => expected.filter((part) => !(part instanceof RegExp ? part.test(said) : said.includes(part)));
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => ((said += text), missing().length === 0 && resolve()));
    }
  });
  try {
    await within(ended, expected.join(" and "), LIMIT_MS).catch((error) => assert.fail(`${error.message}; it said:\n${said}`));
    assert.deepEqual(missing(), [], said);
  } finally {
    child.kill("SIGKILL");
  }
}

/** The header's script, as somebody would paste it into Node. */
const script = async (name, ...expected) => says(process.execPath, ["-e", (await header(name, "js")).join("\n")], expected);

describe("the example chat", { skip }, () => {
  serves("chat", { CLIENT });
  const enter = (name) => connected("", { auth: { name } });

  it("does what its header says", () =>
    script("chat", "{ here: [ 'Ada' ], history: [] }", "#lobby Ada: hello", /^1$/m, "no_such_room"));

  it("tells who is here, what was said, and who comes and goes", async () => {
    const [ada, bob] = [await enter("ada"), await enter(" bob ")];
    const first = await ask(ada, "join", "kitchen");
    assert.deepEqual(first, { history: [], here: ["ada"] });
    const joined = event(ada, "joined");
    assert.deepEqual((await ask(bob, "join", "kitchen")).here.sort(), ["ada", "bob"]);
    assert.deepEqual(await joined, [{ room: "kitchen", name: "bob" }]);

    const heard = [event(ada, "said"), event(bob, "said")];
    assert.equal(await ask(ada, "say", "kitchen", "soup?"), 1);
    const said = { room: "kitchen", id: 1, from: "ada", text: "soup?" };
    assert.deepEqual(await Promise.all(heard), [[said], [said]]);
    assert.deepEqual((await ask(await enter("eve"), "join", "kitchen")).history, [said]);

    const typing = event(ada, "typing");
    bob.emit("typing", "kitchen");
    assert.deepEqual(await typing, [{ room: "kitchen", name: "bob" }]);
    const left = event(ada, "left");
    await ask(bob, "leave", "kitchen");
    assert.deepEqual(await left, [{ room: "kitchen", name: "bob" }]);
    assert.equal(code(await ask(bob, "say", "kitchen", "still here?")), "not_here");

    await ask(bob, "join", "kitchen");
    const gone = event(ada, "left");
    bob.close();
    assert.deepEqual(await gone, [{ room: "kitchen", name: "bob" }]);
    assert.equal(bob.seen.some(([name]) => name === "typing"), false, "nobody is told of his own typing");
  });

  it("remembers the last fifty messages", async () => {
    const ada = await enter("ada");
    await ask(ada, "join", "garden");
    for (let id = 1; id <= 55; id++) assert.equal(await ask(ada, "say", "garden", `number ${id}`), id);
    const { history } = await ask(await enter("bob"), "join", "garden");
    assert.deepEqual(history.map(({ id }) => id), Array.from({ length: 50 }, (_, index) => index + 6));
  });

  it("refuses clients without a name, unknown rooms and bad messages", async () => {
    assert.equal((await refusal("", { auth: { name: "  " } })).data.code, "bad_name");
    assert.equal((await refusal("", { auth: { name: "n".repeat(21) } })).data.code, "bad_name");
    assert.match((await refusal()).message, /name/);
    const ada = await enter("ada");
    const { error } = await ask(ada, "join", "attic");
    assert.deepEqual([error.code, error.data.rooms], ["no_such_room", ["lobby", "kitchen", "garden"]]);
    assert.equal(code(await ask(ada, "say", "attic", "hello")), "no_such_room");
    assert.equal(code(await ask(ada, "say", "lobby", "")), "bad_message");
    assert.equal(code(await ask(ada, "say", "lobby", "x".repeat(2001))), "bad_message");
    assert.equal(code(await ask(ada, "say", "lobby")), "invalid_arguments");
    assert.deepEqual(await ask(ada, "leave", "attic"), undefined);
  });
});

describe("the example auth_jwt", { skip }, () => {
  const SECRET = "for the tests";
  serves("auth_jwt", { JWT_SECRET: SECRET, TOKEN_SECONDS: "2" });
  const now = () => Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const sign = (claims, { alg = "HS256", secret = SECRET } = {}) => {
    const text = `${part({ alg, typ: "JWT" })}.${part(claims)}`;
    return `${text}.${alg === "none" ? "" : createHmac("sha256", secret).update(text).digest("base64url")}`;
  };
  const fresh = (sub, seconds = 60) => sign({ sub, exp: now() + seconds });
  const enter = (token) => connected("", { auth: { token } });

  it("does what its header says", async () => {
    await says("sh", ["-c", (await header("auth_jwt", "sh")).join("\n")], [/^ey[\w-]+\.[\w-]+\.[\w-]+$/m]);
    await script("auth_jwt", "ada: hello", /^1$/m, "too late");
  });

  it("refuses who has no token, a wrong one or an old one", async () => {
    const why = async (auth) => (await refusal("", { auth })).data?.code;
    assert.match((await refusal()).message, /token/);
    assert.equal(await why({ token: "guess" }), "unauthorized");
    assert.equal(await why({ token: sign({ sub: "ada", exp: now() + 60 }, { secret: "another" }) }), "unauthorized");
    assert.equal(await why({ token: sign({ sub: "ada", exp: now() + 60 }, { alg: "none" }) }), "unauthorized");
    assert.equal(await why({ token: sign({ sub: "ada" }) }), "unauthorized");
    assert.equal(await why({ token: fresh("ada", -5) }), "expired");
    assert.equal((await post("/token", { name: "ada", password: "guess" })).status, 401);
    assert.equal((await post("/token", { name: "eve", password: "" })).status, 401);
  });

  it("reaches all sockets of a user, and nobody else", async () => {
    const [one, two, alan] = [await enter(fresh("ada")), await enter(fresh("ada")), await enter(fresh("alan"))];
    const told = [event(one, "told"), event(two, "told")];
    assert.equal(await ask(alan, "tell", "ada", "good morning"), 2);
    assert.deepEqual(await Promise.all(told), [["alan", "good morning"], ["alan", "good morning"]]);
    assert.equal(await ask(alan, "tell", "eve", "hello?"), 0);
    assert.deepEqual(alan.seen, []);
  });

  it("disconnects a socket when its token expires, unless it was refreshed", async () => {
    const token = await (await post("/token", ADA)).text();
    const [kept, lost] = [await enter(token), await enter(token)];
    assert.equal(code(await ask(kept, "refresh", fresh("alan"))), "unauthorized");
    assert.equal(code(await ask(kept, "refresh", "guess")), "unauthorized");
    assert.equal(code(await ask(kept, "refresh", fresh("ada", -5))), "expired");
    const until = now() + 60;
    assert.equal(await ask(kept, "refresh", sign({ sub: "ada", exp: until })), until);
    const [reason] = await event(lost, "disconnect", LIMIT_MS);
    assert.equal(reason, "io server disconnect");
    assert.deepEqual(lost.seen, [["expired"]]);
    assert.equal(await ask(kept, "tell", "ada", "still here"), 1);
    assert.equal((await refusal("", { auth: { token } })).data.code, "expired");
  });

  it("lets a refreshed token expire as well", async () => {
    const socket = await enter(fresh("ada", 60));
    const gone = event(socket, "disconnect", LIMIT_MS);
    await ask(socket, "refresh", fresh("ada", 1));
    assert.equal((await gone)[0], "io server disconnect");
  });
});

describe("the example auth_session", { skip }, () => {
  serves("auth_session");
  const log_in = async (who) => (await post("/login", who)).headers.getSetCookie()[0]?.split(";")[0];
  const page = async (cookie) => (await fetch(server.url, { headers: { cookie } })).text();
  const enter = (cookie, options) => connected("", { extraHeaders: { cookie }, ...options });

  it("does what its header says", async () => {
    const folder = await mkdtemp(join(tmpdir(), "trunkline-session-"));
    try {
      const lines = (await header("auth_session", "sh")).join("\n");
      await says("sh", ["-c", lines], ["ada, this is visit 1."], { cwd: folder });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    await script("auth_session", "{ user: 'ada', visits: 0 }");
  });

  it("refuses sockets without a login", async () => {
    assert.equal((await refusal()).data.code, "unauthorized");
    assert.equal((await refusal("", { extraHeaders: { cookie: "id=AAAAAAAAAAAAAAAAAAAAAA" } })).data.code, "unauthorized");
    assert.equal((await post("/login", { name: "ada", password: "guess" })).status, 401);
    assert.match(await page(""), /type="password"/);
  });

  for (const transports of [["polling"], ["websocket"]]) {
    it(`shares the session by ${transports}`, async () => {
      const cookie = await log_in(ADA);
      const socket = await enter(cookie, { transports });
      assert.deepEqual(await ask(socket, "who am I"), { user: "ada", visits: 0 });
      await page(cookie);
      assert.match(await page(cookie), /ada, this is visit 2/);
      assert.deepEqual(await ask(socket, "who am I"), { user: "ada", visits: 2 });
    });
  }

  it("disconnects the sockets of a login when it ends, and of no other", async () => {
    const [here, elsewhere, alans] = [await log_in(ADA), await log_in(ADA), await log_in(ALAN)];
    const [one, two] = [await enter(here), await enter(here)];
    const [other, alan] = [await enter(elsewhere), await enter(alans)];
    const gone = [event(one, "disconnect"), event(two, "disconnect")];
    assert.equal((await post("/logout", undefined, { cookie: here })).status, 303);
    assert.deepEqual((await Promise.all(gone)).map(([reason]) => reason), ["io server disconnect", "io server disconnect"]);
    assert.equal((await refusal("", { extraHeaders: { cookie: here } })).data.code, "unauthorized");
    assert.equal((await ask(other, "who am I")).user, "ada");
    assert.equal((await ask(alan, "who am I")).user, "alan");
  });

  it("turns pages of other origins away", async () => {
    const url = `${server.url}/socket.io/?EIO=4&transport=polling`;
    const status = async (origin) => (await fetch(url, { headers: { origin, cookie: await log_in(ADA) } })).status;
    assert.equal(await status("http://evil.example"), 403);
    assert.equal(await status(server.url), 200);
  });
});

describe("the example http_broadcast", { skip }, () => {
  serves("http_broadcast");
  const enter = (room, answer) => connected("", { query: { room } }).then((socket) => socket.on("announcement", answer));
  const announce = async (room, news, wait_ms = 5000) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${server.url}/announce/${room}?wait_ms=${wait_ms}`, { method: "POST", headers, body: news });
    return { status: response.status, report: response.ok ? await response.json() : await response.text() };
  };

  it("does what its header says", async () => {
    await enter("red", (news, answer) => answer(`read: ${news.text}`));
    await says("sh", ["-c", (await header("http_broadcast", "sh")).join("\n")], ['"answer":"read: dinner is ready"', '"missing":[]']);
    const lines = (await header("http_broadcast", "js")).join("\n");
    // It says nothing by itself; so it is asked.
    const child = spawn(process.execPath, ["-e", `${lines}\nsocket.on("connect", () => console.log("here"));`], { cwd: HERE });
    try {
      await within(new Promise((resolve) => child.stdout.once("data", resolve)), "its connection", LIMIT_MS);
      const { report } = await announce("red", '{"text":"tea"}');
      assert.match(report.answers.map(({ answer }) => answer).join(), /[\w-]{20} has read: tea/);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("reports who has answered, who has left and who is missing", async () => {
    let leaving;
    const quick = await enter("blue", (news, answer) => answer({ read: news.n }));
    const silent = await enter("blue", () => leaving.close());
    leaving = await enter("blue", () => {});
    const ids = { quick: quick.id, silent: silent.id, leaving: leaving.id };
    const odd = await enter("blue", (_, answer) => answer());
    await enter("red", () => assert.fail("another room"));
    const { status, report } = await announce("blue", '{"n":1}', 400);
    assert.equal(status, 200);
    assert.deepEqual(report.missing, [ids.silent]);
    const by = Object.fromEntries(report.answers.map((each) => [each.socket, each]));
    assert.equal(report.answers.length, 3);
    assert.deepEqual(by[ids.quick], { socket: ids.quick, answer: { read: 1 }, error: null });
    assert.deepEqual(by[odd.id], { socket: odd.id, answer: null, error: null });
    assert.equal(by[ids.leaving].answer, null);
    assert.match(by[ids.leaving].error, /disconnected/);
  });

  it("says so where nobody is, and what it cannot read", async () => {
    assert.deepEqual(await announce("attic", "{}"), { status: 404, report: "nobody is in that room\n" });
    assert.equal((await announce("red", "{")).status, 400);
  });
});

describe("the example admin", { skip }, () => {
  serves("admin", { ADMIN_TOKEN: "secret" });
  const administrator = (token = "secret") => connected("/admin", { auth: { token } });
  const member = (org, name) => connected(`/org/${org}`, { auth: { name } });

  it("does what its header says", () =>
    script("admin", "event: 'create-room', room: 'design'", "'/org/acme': 1", "ada reads: tea at four", /^1$/m, /^true$/m, "ada is out: io server disconnect"));

  it("lets nobody in without the token, or without a name", async () => {
    for (const token of ["guess!", "", "secret!"]) {
      assert.equal((await refusal("/admin", { auth: { token } })).data.code, "unauthorized");
    }
    assert.match((await refusal("/admin")).message, /token/);
    assert.match((await refusal("/org/acme")).message, /name/);
    assert.equal((await refusal("/other", { auth: { token: "secret" } })).message, "Invalid namespace");
    assert.equal((await refusal("/org/a/b", { auth: { name: "ada" } })).message, "Invalid namespace");
  });

  it("shows administrators who is where, and lets them broadcast and kick", async () => {
    const admin = await administrator();
    const [ada, bob, eve] = [await member("green", "ada"), await member("green", "bob"), await member("other", "eve")];
    await ask(ada, "join", "design");
    const counts = await ask(admin, "namespaces");
    assert.deepEqual([counts["/"], counts["/org/green"], counts["/org/other"], counts["/org/nobody"]], [0, 2, 1, undefined]);
    const sockets = await ask(admin, "sockets", "/org/green");
    const found = sockets.find(({ id }) => id === ada.id);
    assert.deepEqual([found.data, found.rooms.sort(), found.address], [{ name: "ada" }, [ada.id, "design"].sort(), "127.0.0.1"]);
    assert.equal(sockets.length, 2);

    const notices = [event(ada, "notice"), event(bob, "notice")];
    assert.equal(await ask(admin, "broadcast", "/org/green", "hello"), 2);
    assert.deepEqual(await Promise.all(notices), [["hello"], ["hello"]]);
    const [gone, { id }] = [event(bob, "disconnect"), bob];
    assert.equal(await ask(admin, "kick", "/org/green", id), true);
    assert.equal((await gone)[0], "io server disconnect");
    assert.equal(await ask(admin, "kick", "/org/green", id), false);
    assert.equal(await ask(admin, "kick", "/org/green", eve.id), false, "she is in another namespace");
    assert.deepEqual(eve.seen, []);
    assert.equal(code(await ask(admin, "sockets", "/org/nobody")), "no_such_namespace");
    assert.equal(code(await ask(admin, "broadcast", "/org/nobody", "x")), "no_such_namespace");
  });

  it("keeps organisations apart, and tells of their rooms until they are gone", async () => {
    const admin = await administrator();
    const [ada, bob, eve] = [await member("red", "ada"), await member("red", "bob"), await member("blue", "eve")];
    for (const each of [ada, bob, eve]) await ask(each, "join", "all");
    const said = event(bob, "said");
    await ask(ada, "say", "all", "hi");
    assert.deepEqual(await said, ["red", "hi"]);
    assert.deepEqual(eve.seen, []);
    const deleted = within(new Promise((resolve) => admin.on("room", (space, { event, room }) => event === "delete-room" && room === "all" && resolve(space))), "the end of the room");
    eve.close();
    assert.equal(await deleted, "/org/blue");
    const events = admin.seen.filter(([, space, { room }]) => space === "/org/blue" && room === "all");
    assert.deepEqual(events.map(([, , { event }]) => event), ["create-room", "join-room", "leave-room", "delete-room"]);
    await within((async () => {
      while ("/org/blue" in (await ask(admin, "namespaces")));
    })(), "the end of the namespace");
  });
});

describe("the example ai_stream", { skip }, () => {
  serves("ai_stream", { CLIENT });

  it("does what its header says", () => script("ai_stream", "one", "(cancelled)"));

  it("streams an answer in pieces, and stops when it is told to", async () => {
    const socket = await connected();
    const pieces = [];
    socket.on("ai-message-chunk", ({ delta }) => pieces.push(delta));
    const whole = await ask(socket, "ai-message", { prompt: "echo one two three", stream: true });
    assert.deepEqual([whole.response, whole.finish, whole.model], ["one two three", "stop", "offline"]);
    assert.ok(pieces.length > 1);
    assert.equal(pieces.join(""), whole.response);
    const first = event(socket, "ai-message-chunk");
    const stopped = ask(socket, "ai-message", { id: 2, prompt: `echo ${"word ".repeat(100)}`, stream: true });
    await first;
    assert.deepEqual(await ask(socket, "ai-message-cancel", { id: 2 }), { ok: true });
    assert.equal((await stopped).finish, "cancelled");
    assert.equal((await ask(socket, "ai-message", { nothing: true })).error.code, "invalid_request");
  });
});

describe("the example recovery", { skip }, () => {
  serves("recovery", {}, (_, env) => startRecovery(TARGET, env));

  it("does what its header says", () => script("recovery", /new here (\S+)\n(\d+\n)*back again \1/));
});

describe("the example typed_events", { skip }, () => {
  serves("typed_events", {}, startTypedEvents);

  it("does what its header says", () =>
    script("typed_events", "{ shapes: {}, drawnBy: [ 'ann (red)' ] }", /^1$/m, "invalid_arguments", "cleared"));
});

describe("the examples' pages", { skip: skip || MISSING }, () => {
  let browser;
  before(async () => (browser = await openBrowser()));
  after(() => browser?.close());
  /** Opens a page whose visitor has a name. */
  async function visit(url, name) {
    const page = await browser.newPage();
    page.setDefaultTimeout(LIMIT_MS);
    page.on("dialog", (dialog) => dialog.accept(name));
    await page.goto(url);
    return page;
  }
  async function withPage(name, env, play) {
    const server = await startExample(name, env);
    try {
      await play(server.url);
    } finally {
      await server.stop();
    }
  }
  const shows = (page, id, text) => page.locator(`#${id}`, { hasText: text }).waitFor();

  it("chat: two people see each other", () =>
    withPage("chat", { CLIENT }, async (url) => {
      const ada = await visit(url, "Ada");
      await shows(ada, "here", /^Ada$/);
      const bob = await visit(url, "Bob");
      await shows(ada, "here", "Ada, Bob");
      await bob.getByLabel("Your message").fill("<b>hello</b>");
      await shows(ada, "state", "Bob is typing");
      await bob.getByRole("button", { name: "Say" }).click();
      await shows(ada, "said", "Bob: <b>hello</b>");
      await bob.getByLabel("Room").selectOption("garden");
      await shows(ada, "here", /^Ada$/);
      await shows(bob, "here", /^Bob$/);
      await ada.getByLabel("Room").selectOption("garden");
      await shows(bob, "here", "Bob, Ada");
      await ada.close();
      await shows(bob, "here", /^Bob$/);
    }));

  it("ai_stream: an answer grows, and the button stops it", () =>
    withPage("ai_stream", { CLIENT }, async (url) => {
      const page = await visit(url);
      await shows(page, "state", "connected");
      await page.getByLabel("Your question").fill(`echo ${"word ".repeat(100)}`);
      await page.getByRole("button", { name: "Ask" }).click();
      await shows(page, "answer", "word word");
      await page.getByRole("button", { name: "Stop" }).click();
      await shows(page, "state", "cancelled");
      assert.equal(await page.getByRole("button", { name: "Stop" }).isDisabled(), true);
      await page.getByLabel("Your question").fill("echo all of it");
      await page.getByRole("button", { name: "Ask" }).click();
      await shows(page, "state", "stop (offline)");
      await shows(page, "answer", /^all of it$/);
    }));

  for (const name of ["chat", "ai_stream"]) {
    it(`${name}: without the client's files the page says what is missing`, () =>
      withPage(name, {}, async (url) => shows(await visit(url, "Ada"), "state", "start with CLIENT=")));
  }
});
