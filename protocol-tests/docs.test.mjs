// The examples of the documents, played against the built program: a document that has aged fails here.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import { io } from "socket.io-client";
import { OFFLINE, TARGET, runServer, startServer } from "./support/target.mjs";
import { blocksOf, codeIn, patternOf, rowsOf } from "./support/documents.mjs";
import { Frames, within } from "./support/client.mjs";

const skip = TARGET === "reference" && "the documents are about the program";
const HERE = fileURLToPath(new URL(".", import.meta.url));
const README = blocksOf("README.md");
const CONTRACT = blocksOf("docs/ai.md");
const DEADLINE_MS = 15_000;

describe("the documents", { skip }, () => {
  let server;
  before(async () => (server = await startServer(["--port", "0", "--test-hooks"], OFFLINE)));
  after(() => server?.stop());

  const under = (blocks, heading, language) => blocks.filter((block) => block.heading === heading && block.language === language);
  const here = (text) => text.replaceAll("localhost:3000", `127.0.0.1:${server.port}`);
  const open = (url) => Frames.open(here(url));

  /** Runs an example to its end, or until it has printed `enough`; what it printed, without line breaks. */
  async function run(code, { args = [], enough } = {}) {
    const isModule = /^import /m.test(code) || /^const socket = new WebSocket/m.test(code);
    // Node 20 has no WebSocket of its own.
    const source = /new WebSocket\(/.test(code) ? `import WebSocket from "ws";\n${code}` : code;
    const child = spawn(process.execPath, [`--input-type=${isModule ? "module" : "commonjs"}`, "-e", here(source), "--", "example", ...args], { cwd: HERE });
    const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
    let printed = "";
    let failed = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      printed += text;
      if (enough?.test(printed)) child.kill();
    });
    child.stderr.setEncoding("utf8").on("data", (text) => (failed += text));
    const [status, signal] = await once(child, "close");
    clearTimeout(timer);
    assert.ok(status === 0 || (enough && signal === "SIGTERM"), `ended with ${status ?? signal}: ${printed}${failed}`);
    assert.equal(failed, "");
    return flat(printed);
  }
  /** What `--check` prints, once it has accepted everything. */
  async function check(flags, environment = {}) {
    const { code, stdout, stderr } = await runServer(["--check", ...flags], { ...OFFLINE, ...environment });
    assert.equal(code, 0, stderr);
    return { stdout, text: stdout + stderr };
  }
  const flat = (text) => text.trim().replace(/\s+/g, " ");

  describe("docs/ai.md", () => {
    const talks = CONTRACT.filter(({ language, text }) => language === "text" && text.startsWith("→"));

    it("has a conversation for every part", () => {
      const parts = new Set(talks.map(({ heading }) => heading));
      assert.ok(parts.size >= 7, [...parts].join(", "));
    });

    for (const { heading, line, text } of talks) {
      it(`line ${line}, ${heading}`, async () => {
        const socket = await open("ws://localhost:3000");
        assert.equal((await socket.json()).event, "connect");
        await play(socket, text.split("\n"));
        socket.close();
      });
    }

    it("names every code that the server knows, and whether it is retryable", async () => {
      const rows = rowsOf("docs/ai.md", "Errors: `ai-message-error`").filter(([code]) => /^`\w+`$/.test(code));
      assert.equal(rows.length, 12);
      const socket = await open("ws://localhost:3000");
      await socket.next();
      for (const [code, , retryable] of rows) {
        const name = codeIn(code)[0];
        socket.send(JSON.stringify({ event: "ai-message", data: { prompt: `/fail ${name}` } }));
        const { event, data } = await socket.json();
        assert.equal(event, "ai-message-error");
        assert.deepEqual([data.error.code, data.error.retryable], [name, retryable.startsWith("yes")]);
        assert.equal((await socket.json()).event, "ai-message-response");
      }
      socket.close();
    });

    for (const heading of ["Node", "Without a library"]) {
      it(`the program under “${heading}” prints what it says`, async () => {
        const [{ text: code }] = under(CONTRACT, heading, "js");
        const [{ text: printed }] = under(CONTRACT, heading, "text");
        assert.equal(await run(code), flat(printed));
      });
    }

    it("the program under “Node” tries again where that helps, and tells what went wrong", async () => {
      const [{ text: code }] = under(CONTRACT, "Node", "js");
      assert.equal(await run(code, { args: ["/fail too_long"] }), "(offline: The conversation is too long for the assistant.)");
      const impatient = code.replace("1000 * 2 ** attempt", "1");
      assert.equal(await run(impatient, { args: ["/fail busy"] }), "(offline: Earlier questions are still being answered.)");
    });

    it("the page asks, shows the answer as it comes, and stops it", async () => {
      const [{ text: html }] = under(CONTRACT, "A page", "html");
      const page = playPage(here(html));
      try {
        await page.until(() => page.element("state").textContent === "connected");
        page.element("prompt").value = "echo Hello from a page";
        page.element("form").fire("submit");
        await page.until(() => page.element("state").textContent === "stop");
        assert.equal(page.element("answer").textContent, "Hello from a page");
        page.element("prompt").value = "/slow 300";
        page.element("form").fire("submit");
        await page.until(() => page.element("answer").textContent.startsWith("This"));
        page.element("stop").fire("click");
        await page.until(() => page.element("state").textContent.startsWith("cancelled"));
      } finally {
        page.close();
      }
    });
  });

  describe("deploy/trunkline.toml", () => {
    const path = fileURLToPath(new URL("../deploy/trunkline.toml", import.meta.url));

    it("is accepted", async () => {
      const { stdout } = await check(["--config", path]);
      assert.match(stdout, /^provider = "offline"/m);
    });

    it("is accepted with everything that is commented out, too", async () => {
      const text = readFileSync(path, "utf8").replace(/^#(\w+ = )/gm, "$1");
      const shown = text.split("\n").filter((line) => /^\w+ = /.test(line));
      assert.ok(shown.length > 15);
      const folder = mkdtempSync(join(tmpdir(), "trunkline-"));
      try {
        const whole = join(folder, "trunkline.toml");
        writeFileSync(whole, text);
        const { stdout } = await check(["--config", whole]);
        assert.equal(stdout.split("\n").filter((line) => line.includes(`from ${whole}:`)).length, shown.length);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });

  describe("docs/deploy.md", () => {
    it("the settings for a proxy are accepted, and do what it says", async () => {
      const [{ text }] = blocksOf("docs/deploy.md").filter(({ language }) => language === "toml");
      const folder = mkdtempSync(join(tmpdir(), "trunkline-"));
      const file = join(folder, "trunkline.toml");
      writeFileSync(file, text);
      const behind = await startServer(["--port", "0", "--config", file], OFFLINE);
      try {
        const url = `http://127.0.0.1:${behind.port}`;
        const headers = { Host: "app.example", Origin: "https://app.example", "X-Forwarded-For": "203.0.113.7" };
        const socket = io(url, { transports: ["websocket"], extraHeaders: headers, forceNew: true, reconnection: false });
        assert.equal(await within(socket.emitWithAck("ai-message", "echo hi"), "the answer"), "hi");
        socket.close();
        assert.match(behind.output.stderr, /A user connected.*203\.0\.113\.7/);
      } finally {
        await behind.stop();
        rmSync(folder, { recursive: true });
      }
    });

    for (const [path, status, answer] of [["/healthz", 200, /^ok$/], ["/readyz", 200, /^ready$/], ["/status", 200, /"status":"ready"/]]) {
      it(`${path} answers`, async () => {
        const response = await fetch(server.url + path);
        assert.equal(response.status, status);
        assert.match(await response.text(), answer);
      });
    }
  });

  describe("README.md", () => {
    it("the page's script connects and is answered", async () => {
      const [{ text }] = under(README, "A browser", "js");
      assert.match(await run(text, { enough: /connected as [\s\S]*Hello!/ }), /^connected as [\w-]{20} Hello! /);
    });

    it("the Node script prints two answers", async () => {
      const [{ text }] = under(README, "Node", "js");
      const printed = await run(text);
      assert.match(printed, /^Hello! .*You said before: “Hello AI”/);
    });

    it("the JSON frames are what is sent", async () => {
      const frames = README.filter(({ heading, language }) => /JSON frames/.test(heading) && language === "json");
      assert.equal(frames.length, 3);
      const socket = await open("ws://localhost:3000");
      const isOurs = ({ text }) => JSON.parse(text.replaceAll("…", "")).event === "ai-message";
      await play(socket, frames.map((frame) => `${isOurs(frame) ? "→" : "←"} ${frame.text}`));
      socket.close();
    });

    describe("AI providers", () => {
      const headings = { Gemini: "gemini", OpenAI: "openai", Anthropic: "anthropic", "Ollama, on your own machine": "openai", "vLLM, llama.cpp and others": "openai", Offline: "offline" };
      for (const [heading, provider] of Object.entries(headings)) {
        it(`the command under “${heading}” is accepted`, async () => {
          const blocks = under(README, heading, "sh");
          assert.equal(blocks.length, 1);
          const environment = Object.fromEntries([...blocks[0].text.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]));
          const { stdout, text } = await check([], environment);
          assert.match(stdout, new RegExp(`^provider = "${provider}"`, "m"));
          if (environment.AI_MODEL) assert.ok(stdout.includes(`model = "${environment.AI_MODEL}"`), stdout);
          assert.ok(!text.includes("your-key"), text);
        });
      }

      it("the variables of the table are known, and their defaults are these", async () => {
        const { stdout } = await check([]);
        const rows = rowsOf("README.md", "Settings of the provider");
        assert.ok(rows.length >= 12);
        for (const [names, , fallback] of rows) {
          const name = codeIn(names).find((one) => one !== "AI_API_KEY").slice("AI_".length).toLowerCase();
          const line = stdout.split("\n").find((one) => new RegExp(`^(# )?${name}( =| is not set)`).test(one));
          assert.ok(line, `${name} in\n${stdout}`);
          const [, value] = /^`?(\w+)`?$/.exec(fallback) ?? [];
          if (value && value !== "nothing") assert.match(line, new RegExp(`^${name} = "?${value}"? `), line);
        }
      });
    });

    it("the flags of the table are known", async () => {
      const { stdout } = await runServer(["--help"], OFFLINE);
      const flags = rowsOf("README.md", "Run it").flatMap(([what]) => codeIn(what)).map((code) => code.split(" ")[0]);
      assert.ok(flags.length >= 7);
      for (const flag of flags.filter((one) => one.startsWith("--"))) assert.ok(stdout.includes(flag), flag);
    });

    it("what the program says first is what it says", async () => {
      const [{ text }] = under(README, "Run it", "text");
      const greeting = server.output.stdout.replaceAll(server.port, "3000");
      const lines = text.split("\n");
      assert.deepEqual(greeting.split("\n").slice(0, lines.length), lines);
    });

    it("the Socket.IO frames are what is sent", async () => {
      const heading = "Postman: Socket.IO frames";
      const [url, greeting] = under(README, heading, "text").map(({ text }) => text);
      const socket = await open(url);
      assert.match(await socket.next(), patternOf(greeting));
      const rows = rowsOf("README.md", heading).filter(([sent, received]) => sent && received && codeIn(received)[0] !== "2");
      assert.equal(rows.length, 3);
      for (const [sent, received] of rows) {
        socket.send(...codeIn(sent));
        for (const frame of codeIn(received)) assert.match(await socket.next(), patternOf(frame));
      }
      socket.close();
    });
  });
});

/** Plays lines that begin with → or ←; pieces of an answer may come in other portions than documented. */
async function play(socket, lines) {
  const isPiece = (frame) => frame.includes('"event":"ai-message-chunk"');
  let held;
  const next = async () => {
    const frame = held ?? (await socket.next());
    held = undefined;
    return frame;
  };
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index].slice(2);
    if (lines[index].startsWith("→")) {
      socket.send(line);
    } else if (isPiece(line)) {
      const expected = [line];
      while (isPiece(lines[index + 1])) expected.push(lines[++index].slice(2));
      const received = [];
      for (held = await next(); isPiece(held); held = await socket.next()) received.push(held);
      assert.deepEqual(joined(received), joined(expected));
    } else {
      assert.match(await next(), patternOf(line));
    }
  }
}

/** The pieces of an answer as one, once it is clear that none is missing. */
function joined(frames) {
  const pieces = frames.map((frame) => JSON.parse(frame).data);
  pieces.forEach(({ seq }, index) => assert.equal(seq, index));
  const { seq, ...labels } = pieces[0];
  return { ...labels, delta: pieces.map(({ delta }) => delta).join("") };
}

/** Runs the script of a page: elements by id that hold text and listen, and socket.io-client. */
function playPage(html) {
  const script = /<script>([\s\S]*)<\/script>/.exec(html)[1];
  const elements = new Map();
  for (const [, id] of html.matchAll(/ id="(\w+)"/g)) {
    const listeners = new Map();
    elements.set(id, {
      textContent: "",
      value: "",
      addEventListener: (name, listener) => listeners.set(name, listener),
      fire: (name) => listeners.get(name)({ preventDefault() {} }),
    });
  }
  const element = (id) => elements.get(id);
  let socket;
  const connect = (url) => (socket = io(url, { forceNew: true, reconnection: false }));
  runInNewContext(script, { document: { getElementById: element }, io: connect });
  return {
    element,
    /** Waits until the page looks so; it changes only when an event comes. */
    until: (condition) => {
      const look = async () => {
        while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
      };
      return within(look(), `the page's ${condition}`, DEADLINE_MS);
    },
    close: () => socket.close(),
  };
}
