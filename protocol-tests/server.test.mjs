// The server program from outside: what a newcomer types, what a front end relies on, what an operator does.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import { io } from "socket.io-client";
import { OFFLINE, TARGET, runServer, startServer } from "./support/target.mjs";
import { Tcp, requestBytes } from "./support/tcp.mjs";
import { RawWebSocket } from "./support/frames.mjs";
import { Frames, event, within } from "./support/client.mjs";

const skip = TARGET === "reference" && "the reference has no server program";
const TYPED = "/socket.io/?EIO=4&transport=websocket";
const run = (flags, env = {}) => runServer(flags, { ...OFFLINE, ...env });
const start = (flags = [], env = {}) => startServer(["--port", "0", ...flags], { ...OFFLINE, ...env });
const ws = (server, path) => server.url.replace("http", "ws") + path;

describe("the program", { skip }, () => {
  let server;
  const sockets = [];
  before(async () => (server = await start()));
  after(async () => {
    for (const socket of sockets) socket.close();
    await server?.stop();
  });
  const connect = (options = {}) => {
    const socket = io(server.url, { forceNew: true, reconnection: false, ...options });
    sockets.push(socket);
    return socket;
  };

  describe("what it says and serves", () => {
    it("says where it listens, who answers and how to try it", () => {
      const said = server.output.stdout + server.output.stderr;
      assert.match(said, new RegExp(`127\\.0\\.0\\.1:${server.port}`));
      assert.match(said, /offline/);
      assert.match(said, /ai-message/);
    });

    it("GET / is a page that talks ai-message", async () => {
      const response = await fetch(server.url);
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-type"), /^text\/html/);
      assert.match(await response.text(), /ai-message/);
    });

    it("GET /healthz is 200", async () => {
      assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    });

    it("an unknown path is 404", async () => {
      assert.equal((await fetch(`${server.url}/nobody`)).status, 404);
      assert.equal((await fetch(`${server.url}/socket.io`)).status, 404);
    });
  });

  for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
    describe(`ai-message by socket.io-client, ${transports.join(" then ")}`, () => {
      it("a string is answered with a string", async () => {
        const socket = connect({ transports });
        socket.emit("ai-message", "Hello AI");
        const [answer, ...more] = await event(socket, "ai-message-response");
        assert.equal(typeof answer, "string");
        assert.notEqual(answer, "");
        assert.equal(more.length, 0);
        socket.close();
      });

      it("{prompt} is answered with {response}", async () => {
        const socket = connect({ transports });
        socket.emit("ai-message", { prompt: "echo one two three", id: "mine" });
        const [answer] = await event(socket, "ai-message-response");
        assert.match(answer.response, /one two three/);
        assert.equal(answer.content, answer.response);
        assert.equal(answer.id, "mine");
        assert.equal(answer.finish, "stop");
        assert.equal(answer.model, "offline");
        assert.equal(answer.error, undefined);
        socket.close();
      });

      it("an acknowledgement is the final reply, and the event comes as well", async () => {
        const socket = connect({ transports });
        const reply = event(socket, "ai-message-response");
        const acknowledged = await within(socket.emitWithAck("ai-message", { prompt: "echo hi" }), "the answer");
        assert.deepEqual((await reply)[0], acknowledged);
        assert.equal(typeof (await within(socket.emitWithAck("ai-message", "echo hi"), "the answer")), "string");
        socket.close();
      });
    });
  }

  describe("the contract of ai-message", () => {
    it("{chat, content} is answered with {chat, content}", async () => {
      const socket = connect();
      for (const key of ["chat", "chatId", "conversationId"]) {
        const answer = await within(socket.emitWithAck("ai-message", { [key]: "room 7", content: "echo hi" }), "the answer");
        assert.equal(answer[key], "room 7");
        assert.equal(answer.chat, "room 7");
        assert.match(answer.content, /hi/);
      }
      socket.close();
    });

    it("JSON text of an object counts as the object", async () => {
      const socket = connect();
      const answer = await within(socket.emitWithAck("ai-message", '{"prompt":"echo hi"}'), "the answer");
      assert.match(answer.response, /hi/);
      socket.close();
    });

    for (const [what, request] of [["an empty prompt", { prompt: "" }], ["no text at all", { chat: "x" }], ["a prompt beyond the limit", { prompt: "x".repeat(20_000) }]]) {
      it(`${what} is refused with a reason`, async () => {
        const socket = connect();
        const failure = event(socket, "ai-message-error");
        const answer = await within(socket.emitWithAck("ai-message", request), "the answer");
        assert.equal(answer.finish, "error");
        assert.match(answer.error.code, /^(invalid_request|too_long)$/);
        assert.equal(typeof answer.error.message, "string");
        assert.equal(answer.error.retryable, false);
        assert.equal(answer.response, answer.content);
        assert.equal((await failure)[0].error.code, answer.error.code);
        socket.close();
      });
    }

    for (const request of [42, null, [1, 2], true]) {
      it(`${JSON.stringify(request)} gets exactly one reply`, async () => {
        const socket = connect();
        await event(socket, "connect");
        let replies = 0;
        socket.on("ai-message-response", () => replies++);
        await within(socket.emitWithAck("ai-message", request), "the answer");
        await within(socket.emitWithAck("ai-message", "echo hi"), "the answer");
        assert.equal(replies, 2);
        socket.close();
      });
    }

    it("chunks have no gaps and add up to the answer", async () => {
      const socket = connect();
      const chunks = [], typing = [];
      socket.on("ai-message-chunk", (chunk) => chunks.push(chunk));
      socket.on("ai-typing", ({ typing: now }) => typing.push(now));
      const answer = await within(socket.emitWithAck("ai-message", { prompt: "help", stream: true, id: 5 }), "the answer");
      assert.ok(chunks.length > 0);
      assert.deepEqual(chunks.map(({ seq }) => seq), chunks.map((_, seq) => seq));
      assert.equal(chunks.map(({ delta }) => delta).join(""), answer.response);
      assert.equal(typing[0], true);
      await within(socket.emitWithAck("ai-message", "echo done"), "the answer");
      assert.equal(typing.at(-1), false);
      socket.close();
    });

    it("the conversation is remembered, per chat and per socket", async () => {
      const [one, other] = [connect(), connect()];
      const ask = async (socket, prompt, chat) => (await within(socket.emitWithAck("ai-message", { prompt, chat }), "the answer")).response;
      await ask(one, "my cat is called Euler", "a");
      assert.match(await ask(one, "what did I say before?", "a"), /Euler/);
      assert.doesNotMatch(await ask(one, "what did I say before?", "b"), /Euler/);
      assert.doesNotMatch(await ask(other, "what did I say before?", "a"), /Euler/);
      one.close();
      other.close();
    });

    it("questions of one chat are answered in their order", async () => {
      const socket = connect();
      const order = [];
      const all = new Promise((resolve) => socket.on("ai-message-response", ({ id }) => order.push(id) === 3 && resolve()));
      for (const id of ["one", "two", "three"]) socket.emit("ai-message", { prompt: `echo ${id}`, id });
      await within(all, "three answers");
      assert.deepEqual(order, ["one", "two", "three"]);
      socket.close();
    });

    it("cancelling something unknown does no harm", async () => {
      const socket = connect();
      assert.deepEqual(await within(socket.emitWithAck("ai-message-cancel", { id: "nothing" }), "the answer"), { ok: false });
      socket.close();
    });
  });

  describe("typed frames, as from Postman", () => {
    it("the whole conversation", async () => {
      const socket = await Frames.open(ws(server, TYPED));
      assert.match(await socket.next(), /^0\{"sid":/);
      socket.send("40");
      assert.match(await socket.next(), /^40\{"sid":"[\w-]+"\}$/);
      socket.send('42["ai-message","Hello AI"]');
      assert.match(await socket.next(), /^42\["ai-message-response",".+"\]$/);
      socket.send("3");
      socket.send('427["ai-message",{"prompt":"echo hi"}]');
      const both = [await socket.next(), await socket.next()].sort();
      assert.match(both[0], /^42\["ai-message-response",\{.*"response":/);
      assert.match(both[1], /^437\[\{.*"response":/);
      socket.close();
    });

    it("the event `message` is heard, other events are ignored", async () => {
      const socket = await Frames.open(ws(server, TYPED));
      await socket.next();
      socket.send("40");
      await socket.next();
      socket.send('42["message","anything"]', '42["nobody listens",1]', '42["ai-message","echo hi"]');
      assert.match(await socket.next(), /ai-message-response/);
      socket.close();
    });
  });

  describe("plain JSON on /", () => {
    const dialect = async (path = "/") => {
      const socket = await Frames.open(ws(server, path));
      const hello = await socket.json();
      return { socket, hello };
    };

    it("begins with a connect frame", async () => {
      const { socket, hello } = await dialect();
      assert.equal(hello.event, "connect");
      assert.match(hello.data.sid, /^[\w-]+$/);
      socket.close();
    });

    it("answers ai-message", async () => {
      const { socket } = await dialect();
      socket.send('{"event":"ai-message","data":{"prompt":"Hello AI"}}');
      const answer = await socket.json();
      assert.equal(answer.event, "ai-message-response");
      assert.equal(typeof answer.data.response, "string");
      assert.deepEqual(Object.keys(answer), ["event", "data"]);
      socket.close();
    });

    it("takes args as well as data", async () => {
      const { socket } = await dialect();
      socket.send('{"event":"ai-message","args":["echo hi"]}');
      assert.match((await socket.json()).data, /hi/);
      socket.close();
    });

    it("acknowledges", async () => {
      const { socket } = await dialect();
      socket.send('{"event":"ai-message","data":"echo hi","ack":1}');
      const frames = [await socket.json(), await socket.json()];
      const answer = frames.find((frame) => frame.event === "ai-message-response");
      const ack = frames.find((frame) => frame.ack === 1);
      assert.equal(ack.data, answer.data);
      socket.close();
    });

    for (const [what, frame] of [
      ["text that is not JSON", "hello"], ["an array", "[1]"], ["a string", '"x"'], ["null", "null"], ["neither event nor ack", "{}"],
      ["an unknown key", '{"event":"a","payload":1}'], ["data and args", '{"event":"a","data":1,"args":[1]}'], ["args that are no array", '{"event":"a","args":1}'],
      ["an event that is no text", '{"event":1}'], ["a negative ack", '{"event":"a","ack":-1}'], ["an ack that is no number", '{"event":"a","ack":"x"}'],
      ["a reserved name", '{"event":"connect"}'], ["another reserved name", '{"event":"disconnecting"}'],
    ]) {
      it(`${what} gets help`, async () => {
        const { socket } = await dialect();
        socket.send(frame);
        const { event: name, data } = await socket.json();
        assert.equal(name, "error");
        assert.equal(data.code, "bad_frame");
        assert.ok(data.message.length > 0);
        assert.match(data.hint, /\{"event"/, "the hint shows a correct frame");
        socket.send('{"event":"ai-message","data":"echo still here"}');
        assert.match((await socket.json()).data, /still here/);
        socket.close();
      });
    }

    for (const frame of ["40", '42["x"]', "2probe"]) {
      it(`${frame} is told where Socket.IO lives`, async () => {
        const { socket } = await dialect();
        socket.send(frame);
        assert.match((await socket.json()).data.hint, /\/socket\.io\/\?EIO=4&transport=websocket/);
        socket.close();
      });
    }

    it("a binary message gets help", async () => {
      const { socket } = await dialect();
      socket.send(Buffer.from([1, 2, 3]));
      assert.equal((await socket.json()).event, "error");
      socket.close();
    });

    it("twenty mistakes in a row close with 1008", async () => {
      const { socket } = await dialect();
      for (let i = 0; i < 20; i++) socket.send("mistake");
      assert.equal((await socket.end()).code, 1008);
    });

    it("mistakes with something right between them do not", async () => {
      const { socket } = await dialect();
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 15; i++) {
          socket.send("mistake");
          assert.equal((await socket.json()).event, "error");
        }
        socket.send('{"event":"ai-message","data":"echo hi"}');
        assert.equal((await socket.json()).event, "ai-message-response");
      }
      socket.close();
    });

    it("an event that nobody listens to is no mistake", async () => {
      const { socket } = await dialect();
      for (let i = 0; i < 30; i++) socket.send('{"event":"nobody listens","data":1}');
      socket.send('{"event":"ai-message","data":"echo hi"}');
      assert.equal((await socket.json()).event, "ai-message-response");
      socket.close();
    });

    it("leaving closes with 1000", async () => {
      const { socket } = await dialect();
      socket.send('{"event":"disconnect"}');
      assert.equal((await socket.end()).code, 1000);
    });

    it("a message beyond the limit closes with 1009", async () => {
      const { socket } = await dialect();
      socket.send(`{"event":"a","data":"${"x".repeat(1_000_000)}"}`);
      assert.equal((await socket.end()).code, 1009);
    });

    it("a namespace that does not exist is refused with 1008", async () => {
      const { socket, hello } = await dialect("/?nsp=/nobody");
      assert.deepEqual(hello, { event: "connect_error", data: { message: "Invalid namespace" } });
      assert.equal((await socket.end()).code, 1008);
    });
  });

  describe("who may talk to it", () => {
    const OPEN = "/socket.io/?EIO=4&transport=polling";
    const request = async (options) => {
      const tcp = await Tcp.open(server.port);
      tcp.write(requestBytes({ port: server.port, ...options }));
      const response = await tcp.response();
      tcp.cut();
      return response;
    };
    const upgradeStatus = async (path, headers) => {
      const socket = await RawWebSocket.open(server.port, path, { headers });
      socket.tcp.cut();
      return socket.response;
    };

    for (const origin of ["http://localhost:5173", "http://127.0.0.1:8080", "http://[::1]:3001", "https://localhost"]) {
      it(`a page from ${origin} is welcome, with CORS`, async () => {
        const response = await request({ path: OPEN, headers: { Origin: origin } });
        assert.equal(response.status, 200);
        assert.equal(response.value("access-control-allow-origin"), origin);
        assert.equal((await request({ method: "OPTIONS", path: OPEN, headers: { Origin: origin, "Access-Control-Request-Method": "POST" } })).status, 204);
        assert.equal((await upgradeStatus(TYPED, { Origin: origin })).status, 101);
        assert.equal((await upgradeStatus("/", { Origin: origin })).status, 101);
      });
    }

    for (const origin of ["http://evil.example", "http://localhost.evil.example", "null", "http://127.0.0.1.evil.example:3000"]) {
      it(`a page from ${origin} is refused, and told of --origin`, async () => {
        for (const path of [TYPED, "/"]) {
          const refusal = await upgradeStatus(path, { Origin: origin });
          assert.ok(refusal.status >= 400 && refusal.status < 500, `${path}: ${refusal.status}`);
          assert.match(refusal.body.toString(), /--origin/);
        }
        const session = JSON.parse((await request({ path: OPEN })).body.toString().slice(1)).sid;
        const post = await request({ method: "POST", path: `${OPEN}&sid=${session}`, headers: { Origin: origin }, body: "40" });
        assert.ok(post.status >= 400 && post.status < 500, `POST: ${post.status}`);
        assert.match(post.body.toString(), /--origin/);
        assert.match(server.output.stdout + server.output.stderr, /--origin/);
        assert.notEqual((await request({ path: OPEN, headers: { Origin: origin } })).value("access-control-allow-origin"), origin);
      });
    }

    it("a foreign Host is refused", async () => {
      for (const path of [OPEN, "/", "/socket.io/?EIO=4&transport=polling"]) {
        const response = await request({ path, headers: { Host: "evil.example" } });
        assert.ok(response.status >= 400 && response.status < 500, `${path}: ${response.status}`);
        assert.match(response.body.toString(), /--origin/);
      }
      assert.ok((await upgradeStatus("/", { Host: "evil.example:3000" })).status >= 400);
    });

    it("--origin admits others, more than one", async () => {
      const own = await start(["--origin", "https://app.example", "--origin", "http://other.example:8080"]);
      for (const [origin, status] of [["https://app.example", 101], ["http://other.example:8080", 101], ["http://localhost:5173", 101], ["https://app.example:444", 403], ["http://evil.example", 403]]) {
        const socket = await RawWebSocket.open(own.port, TYPED, { headers: { Origin: origin } });
        assert.equal(socket.response.status === 101, status === 101, `${origin}: ${socket.response.status}`);
        socket.tcp.cut();
      }
      await own.stop();
    });
  });

  describe("the log", () => {
    it("has connects and disconnects, and no prompts or tokens", async () => {
      const own = await start();
      const socket = io(`${own.url}?token=queriedsecret`, { transports: ["websocket"], forceNew: true, reconnection: false, auth: { token: "authsecret" } });
      await within(socket.emitWithAck("ai-message", "echo promptsecret"), "the answer");
      const { id } = socket;
      socket.close();
      const log = () => own.output.stdout + own.output.stderr;
      await within((async () => {
        while (!/A user disconnected/.test(log())) await new Promise((resolve) => setTimeout(resolve, 10));
      })(), "the log line");
      assert.match(log(), /A user connected/);
      assert.match(log(), /websocket/);
      assert.match(log(), /client namespace disconnect|transport close/);
      assert.ok(log().includes(id));
      for (const secret of ["queriedsecret", "authsecret", "promptsecret"]) assert.ok(!log().includes(secret), secret);
      await own.stop();
    });
  });
});

describe("starting", { skip }, () => {
  it("--help names the options", async () => {
    const { code, stdout } = await run(["--help"]);
    assert.equal(code, 0);
    for (const option of ["--host", "--port", "--origin", "--version"]) assert.ok(stdout.includes(option), option);
  });

  it("--version", async () => {
    const { code, stdout } = await run(["--version"]);
    assert.equal(code, 0);
    assert.match(stdout, /^trunkline \d+\.\d+\.\d+/);
  });

  for (const [flags, env, key, value] of [
    [["--port", "abc"], {}, /port/i, "abc"], [["--port", "70000"], {}, /port/i, "70000"], [["--host", "not a host"], {}, /host/i, "not a host"],
    [[], { PORT: "abc" }, /port/i, "abc"], [["--port", "0", "--origin", "nonsense"], {}, /origin/i, "nonsense"],
  ]) {
    it(`${[...flags, ...Object.entries(env).map((pair) => pair.join("="))].join(" ")} is refused by name`, async () => {
      const { code, stderr } = await run(flags, env);
      assert.equal(code, 2, stderr);
      assert.match(stderr, key);
      assert.ok(stderr.includes(value), stderr);
      assert.equal(stderr.trim().split("\n").length, 1, `one line:\n${stderr}`);
    });
  }

  it("an unknown flag is refused", async () => {
    assert.equal((await run(["--nonsense"])).code, 2);
  });

  it("a port that is taken is named", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = holder.address();
    const { code, stderr, stdout } = await run(["--port", String(port)]);
    holder.close();
    assert.equal(code, 1);
    assert.ok((stderr + stdout).includes(String(port)), stderr);
  });

  it("PORT and HOST are read", async () => {
    const server = await startServer([], { ...OFFLINE, PORT: "0", HOST: "127.0.0.1" });
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    await server.stop();
  });
});

describe("stopping", { skip }, () => {
  for (const signal of ["SIGINT", "SIGTERM"]) {
    it(`${signal} ends an idle server with 0`, async () => {
      const server = await start();
      server.signal(signal);
      assert.deepEqual(await within(server.ended, "the end", 10_000), [0, null]);
    });

    it(`${signal} ends a server with clients with 0, and they see it`, async () => {
      const server = await start();
      const plain = await Frames.open(ws(server, "/"));
      await plain.next();
      const socket = io(server.url, { transports: ["websocket"], forceNew: true, reconnection: false });
      await event(socket, "connect");
      const ended = within(new Promise((resolve) => socket.on("disconnect", resolve)), "the disconnect", 15_000);
      server.signal(signal);
      assert.deepEqual(await within(server.ended, "the end", 15_000), [0, null]);
      assert.equal(await ended, "transport close");
      assert.equal((await plain.end()).code, 1001);
    });
  }

  it("a second signal ends it at once", async () => {
    const server = await start();
    const socket = await Frames.open(ws(server, "/"));
    await socket.next();
    server.signal("SIGTERM");
    server.signal("SIGTERM");
    await within(server.ended, "the end", 1000);
  });

  it("the port is free afterwards", async () => {
    const server = await start();
    const client = await Frames.open(ws(server, TYPED));
    server.signal("SIGTERM");
    await within(server.ended, "the end", 15_000);
    client.close();
    const again = await startServer(["--port", String(server.port)], OFFLINE);
    await again.stop();
  });
});
