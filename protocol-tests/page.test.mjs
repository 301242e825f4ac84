// The page as its reader meets it, in a real browser: what it shows, how it is driven, and that it keeps to itself.
import { after, afterEach, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { MISSING, PHONE, ask, exchange, openBrowser } from "./support/browser.mjs";
import { OFFLINE, TARGET, startServer } from "./support/target.mjs";
import { Frames } from "./support/client.mjs";

const skip = TARGET === "reference" ? "the reference has no page" : MISSING;
if (skip) console.log(`SKIPPED: the page in a browser: ${skip}`);
if (skip && skip === MISSING && (process.env.CI ?? "false") !== "false") throw new Error(MISSING);

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const start = (port = 0) => startServer(["--port", String(port), "--test-hooks"], OFFLINE);

describe("the page", { skip }, () => {
  let server, browser, contexts = [], others = [], complaints = [], foreign = [];
  /** What the browser may say against the page, because the test provokes it. */
  let expected;
  before(async () => {
    [server, browser] = await Promise.all([start(), openBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    for (const other of others.splice(0)) await other.stop();
    const unexpected = complaints.splice(0).filter((text) => !expected?.test(text));
    expected = undefined;
    assert.deepEqual(unexpected, [], "the console stays silent, and nothing breaks the content security policy");
    assert.deepEqual(foreign.splice(0), [], "no request leaves for another host");
  });

  /** A server that a test may stop by itself. */
  const another = async (port) => {
    const other = await start(port);
    others.push(other);
    return other;
  };
  /** Opens the page, and waits until it is connected. */
  const visit = async (options) => {
    const page = await open(options);
    await connected(page);
    return page;
  };
  const open = async ({ url = server.url, prepare, ...options } = {}) => {
    const context = await browser.newContext({ viewport: { width: 1000, height: 700 }, ...options });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    const own = new URL(url).host;
    page.on("request", (request) => new URL(request.url()).host !== own && foreign.push(request.url()));
    page.on("websocket", (socket) => new URL(socket.url()).host !== own && foreign.push(socket.url()));
    await prepare?.(page);
    await page.goto(url);
    return page;
  };
  const connected = (page) => page.locator('#state[data-state="connected"]').waitFor();
  const box = (page) => page.getByLabel("Your message");
  const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
  const questions = (page) => page.locator(".question").allTextContents();
  const answer = (item) => item.locator(".answer");
  const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))));
  const atEnd = (page) => page.evaluate(() => document.documentElement.scrollHeight - scrollY - innerHeight < 2);
  /** Lets a test change what the server says on the page's WebSocket. */
  const rewrite = (change) => (page) => page.routeWebSocket(/.*/, (socket) => {
    const upstream = socket.connectToServer();
    upstream.onMessage((text) => socket.send(JSON.stringify(change(JSON.parse(text)))));
  });
  const instead = (response) => rewrite((frame) => {
    if (frame.event === "ai-message-chunk") frame.data.delta = "";
    if (frame.event === "ai-message-response") frame.data.response = response;
    return frame;
  });

  describe("an answer", () => {
    it("grows while it is written", async () => {
      const page = await visit();
      await page.evaluate(() => {
        window.seen = [];
        const look = () => {
          const text = document.querySelector(".answer")?.textContent ?? "";
          if (text !== (window.seen.at(-1) ?? "")) window.seen.push(text);
        };
        new MutationObserver(look).observe(document.getElementById("log"), { childList: true, subtree: true, characterData: true });
      });
      await ask(page, "/slow 400");
      await exchange(page, 0, "done");
      const seen = await page.evaluate(() => window.seen);
      assert.ok(seen.length >= 3, `it was seen as ${JSON.stringify(seen)}`);
      seen.forEach((text, at) => assert.ok(at === 0 || text.startsWith(seen[at - 1]), "it only grows"));
      assert.equal(seen.at(-1), "This answer takes its time.");
    });

    it("is announced once, when it is complete", async () => {
      const page = await visit();
      await page.evaluate(() => {
        window.announced = [];
        const region = document.querySelector("[role=status]");
        new MutationObserver(() => window.announced.push(region.textContent)).observe(region, { childList: true });
      });
      await ask(page, "/slow 60");
      await exchange(page, 0, "done");
      await settled(page);
      assert.deepEqual(await page.evaluate(() => window.announced), ["This answer takes its time."]);
    });

    it("is stopped by the button and by Esc; what came stays, and is marked", async () => {
      const page = await visit();
      const ways = [() => page.getByRole("button", { name: "Stop" }).click(), () => page.keyboard.press("Escape")];
      for (const [index, stop] of ways.entries()) {
        await ask(page, "/slow 2000");
        const item = await exchange(page, index, "writing");
        await item.getByText("This").waitFor();
        await stop();
        await exchange(page, index, "stopped");
        assert.match(await answer(item).textContent(), /^This/);
        assert.doesNotMatch(await answer(item).textContent(), /time\.$/);
        await item.getByText("Stopped").waitFor();
        assert.equal(await page.getByRole("button", { name: "Stop" }).isVisible(), false);
        assert.equal(await focused(page), "text");
      }
    });

    it("that was cut says so", async () => {
      const page = await visit();
      await ask(page, `echo ${"long ".repeat(300)}`);
      await (await exchange(page, 0, "done")).getByText("Cut at its greatest length").waitFor();
    });

    it("comes to its end also where replies are texts, or have another name", async () => {
      for (const flags of [["--assistant-form", "string"], ["--assistant-reply-event", "answered"]]) {
        const other = await startServer(["--port", "0", "--test-hooks", ...flags], OFFLINE);
        others.push(other);
        const page = await visit({ url: other.url });
        await ask(page, "echo Hi");
        assert.equal(await answer(await exchange(page, 0, "done")).textContent(), "Hi");
        await ask(page, "/slow 60000");
        await exchange(page, 1, "writing");
        await page.keyboard.press("Escape");
        await exchange(page, 1, "stopped");
        await ask(page, "/fail overloaded");
        const failed = await exchange(page, 2, "failed");
        assert.match(await failed.locator(".end").textContent(), /too much to do.*Try again/);
        await ask(page, "echo Bye");
        assert.equal(await answer(await exchange(page, 3, "done")).textContent(), "Bye");
      }
    });

    it("with markup in it is shown as text", async () => {
      const page = await visit({ prepare: (page) => page.exposeFunction("harm", () => complaints.push("a script ran")) });
      const hostile = '<img src=x onerror="harm()"><script>harm()</script> **<b onclick=harm()>bold</b>** `<i>code</i>`\n- <svg onload=harm()>\n```html\n<script>harm()</script>\n```';
      await ask(page, `echo ${hostile}`);
      const item = await exchange(page, 0, "done");
      assert.equal(await item.locator("img, script, svg, b, i").count(), 0);
      assert.equal(await item.locator(".question").textContent(), `echo ${hostile}`);
      const shown = await answer(item).textContent();
      for (const part of ['<img src=x onerror="harm()">', "<script>harm()</script>", "<b onclick=harm()>bold</b>", "<i>code</i>", "<svg onload=harm()>"]) {
        assert.ok(shown.includes(part), part);
      }
    });

    it("is formatted lightly", async () => {
      const text = "# Title\nOne **bold** word and `code`.\nSame paragraph.\n\n1. first\n\n2. second\n   goes on\n\n- point\n---\n```rust\nlet a = \"**b**\";\n\n// end\n```\nlast **open `word";
      const page = await visit({ prepare: instead(text) });
      await ask(page, "hello");
      const shape = await answer(await exchange(page, 0, "done")).evaluate((element) => {
        const outline = (node) => node.nodeType === 3 ? node.data : `<${node.localName}>${[...node.childNodes].map(outline).join("")}</${node.localName}>`;
        return [...element.childNodes].map(outline);
      });
      assert.deepEqual(shape, [
        "<p>Title</p>",
        "<p>One <strong>bold</strong> word and <code>code</code>.\nSame paragraph.</p>",
        "<ol><li>first</li><li>second\ngoes on</li></ol>",
        "<ul><li>point</li></ul>",
        "<hr></hr>",
        '<figure><figcaption>rust<button>Copy</button></figcaption><pre><code>let a = "**b**";\n\n// end</code></pre></figure>',
        "<p>last **open `word</p>",
      ]);
    });

    it("of a quarter of a million characters is formatted at once, whatever they are", async () => {
      const page = await visit();
      const slowest = await page.evaluate(async () => {
        const { format } = await import("/text.js");
        const size = 1 << 18;
        const times = ["a", " ", "`", "*", "**a ", "#", "- ", "-", "``` a", "~~~", "1", "\n", "*a", "`a`"].map((piece) => {
          const text = `\`\`\`${piece.repeat(size / piece.length)}\``;
          const element = document.createElement("div");
          const began = performance.now();
          for (const each of [text, text.slice(3), `- ${text}`]) format(element, each);
          return [performance.now() - began, piece];
        });
        return times.sort(([one], [other]) => other - one)[0];
      });
      assert.ok(slowest[0] < 30_000, `${slowest}`);
    });

    it("and its code can be copied", async () => {
      const page = await visit({ permissions: ["clipboard-read", "clipboard-write"] });
      await ask(page, "echo Look:\n```\nlet a = 1;\n```");
      const item = await exchange(page, 0, "done");
      const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
      await item.getByRole("button", { name: "Copy the code" }).click();
      await item.getByRole("button", { name: "Copied" }).waitFor();
      assert.equal(await clipboard(), "let a = 1;");
      await item.getByRole("button", { name: "Copy the answer" }).click();
      await item.getByRole("button", { name: "Copied" }).nth(1).waitFor();
      assert.equal(await clipboard(), "Look:\n```\nlet a = 1;\n```");
    });

    it("is copied also where the browser offers no clipboard", async () => {
      const page = await visit({ prepare: (page) => page.addInitScript(() => {
        Object.defineProperty(navigator, "clipboard", { value: undefined });
        document.addEventListener("copy", () => (window.copied = document.activeElement.value));
      }) });
      await ask(page, "echo Look");
      await (await exchange(page, 0, "done")).getByRole("button", { name: "Copy the answer" }).click();
      await page.getByRole("button", { name: "Copied" }).waitFor();
      assert.equal(await page.evaluate(() => window.copied), "Look");
    });
  });

  describe("a failure", () => {
    it("is shown where the answer would be, and can be tried again", async () => {
      let fails = true;
      const page = await visit({ prepare: rewrite((frame) => {
        if (frame.event === "ai-message-response" && fails) Object.assign(frame.data, { finish: "error", error: { code: "overloaded", message: "Too much to do.", retryable: true } });
        return frame;
      }) });
      await ask(page, "echo hi");
      const item = await exchange(page, 0, "failed");
      await item.getByText("Too much to do.").waitFor();
      fails = false;
      await item.getByRole("button", { name: "Try again" }).click();
      await exchange(page, 0, "done");
      assert.equal(await answer(item).textContent(), "hi");
      assert.equal(await page.locator(".exchange").count(), 1);
    });

    it("of the server is told in its words; one that lasts offers no retry", async () => {
      const page = await visit();
      await ask(page, "/fail overloaded");
      const first = await exchange(page, 0, "failed");
      await first.getByText("The assistant has too much to do at the moment.").waitFor();
      assert.equal(await answer(first).textContent(), "");
      await first.getByRole("button", { name: "Try again" }).waitFor();
      await ask(page, "/fail blocked");
      const second = await exchange(page, 1, "failed");
      assert.equal(await second.getByRole("button", { name: "Try again" }).count(), 0);
      await box(page).fill("written since");
      await second.getByRole("button", { name: "Edit" }).click();
      assert.equal(await box(page).inputValue(), "/fail blocked\nwritten since");
    });

    it("counts down until trying again makes sense", async () => {
      const page = await visit({ prepare: rewrite((frame) => {
        if (frame.event === "ai-message-response") Object.assign(frame.data, { finish: "error", error: { code: "rate_limited", message: "Slower.", retryable: true, retryAfterMs: 1500 } });
        return frame;
      }) });
      await page.evaluate(() => {
        window.seen = [];
        new MutationObserver(() => {
          const button = document.querySelector(".end button");
          const words = button && `${button.textContent}${button.disabled ? ", disabled" : ""}`;
          if (button && words !== window.seen.at(-1)) window.seen.push(words);
        }).observe(document.getElementById("log"), { childList: true, subtree: true });
      });
      await ask(page, "echo hi");
      const item = await exchange(page, 0, "failed");
      await item.getByRole("button", { name: "Try again", exact: true }).waitFor();
      const seen = await page.evaluate(() => window.seen);
      assert.deepEqual(seen, ["Try again in 2 s, disabled", "Try again in 1 s, disabled", "Try again"]);
    });
  });

  describe("the connection", () => {
    it("comes back when the server does; what was open says so, what waited is sent, the draft survives", async () => {
      const own = await another();
      const page = await visit({ url: own.url });
      expected = /WebSocket connection|Failed to load resource/;
      await ask(page, "echo before");
      await exchange(page, 0, "done");
      await ask(page, "/slow 600000");
      await exchange(page, 1, "writing");
      await own.stop();
      await page.getByText(/Reconnecting in \d+ s/).waitFor();
      const open = await exchange(page, 1, "failed");
      await open.getByText("The connection was lost before the answer was complete.").waitFor();
      await ask(page, "echo sent meanwhile");
      await exchange(page, 2, "waiting");
      await box(page).fill("half a dra");
      await another(own.port);
      await connected(page);
      assert.equal(await answer(await exchange(page, 2, "done")).textContent(), "sent meanwhile");
      const order = await page.locator("#log > li").evaluateAll((items) => items.map((item) => item.className));
      assert.deepEqual(order, ["exchange", "exchange", "note", "exchange"]);
      await page.getByText("The assistant does not remember what was said above.").last().waitFor();
      assert.equal(await box(page).inputValue(), "half a dra");
      await page.reload();
      await connected(page);
      assert.equal(await box(page).inputValue(), "half a dra");
    });

    it("that is refused says why, and is tried again when the reader says so", async () => {
      // By itself it would wait for ever.
      const page = await visit({ prepare: (page) => page.addInitScript(() => (Math.random = () => 1e6)) });
      let refusals = 1;
      await page.routeWebSocket(/.*/, (socket) => {
        if (refusals-- <= 0) return socket.connectToServer();
        socket.send('{"event":"connect_error","data":{"message":"no room"}}');
        socket.close({ code: 1008 });
      });
      await page.reload();
      await page.getByText(/Refused: no room\. Reconnecting in \d+ s/).waitFor();
      await page.getByRole("button", { name: "Connect now" }).click();
      await connected(page);
      assert.equal(await page.getByRole("button", { name: "Connect now" }).isVisible(), false);
    });

    it("names who answers, from /status and from the answers", async () => {
      const status = (body) => (page) => page.route("**/status", (route) => route.fulfill(body));
      const json = { provider: "gemini", model: "gemini-3.8-flash" };
      let page = await visit({ prepare: status({ json }) });
      await page.getByText("gemini, gemini-3.8-flash").waitFor();
      assert.equal(await page.getByText("No AI provider").isVisible(), false);
      expected = /404/;
      page = await visit({ prepare: status({ status: 404 }) });
      assert.equal(await page.locator("#model").textContent(), "");
      await ask(page, "echo hi");
      await page.getByText("built-in rules", { exact: true }).waitFor();
    });
  });

  describe("questions", () => {
    it("wait for each other, in their order, and can be taken back", async () => {
      const page = await visit();
      await ask(page, "/slow 600000");
      for (const word of ["two", "three", "four", "five", "six"]) await ask(page, `echo ${word}`);
      await (await exchange(page, 2, "waiting")).getByRole("button", { name: "Take back" }).click();
      await page.keyboard.press("Escape");
      await exchange(page, 4, "done");
      assert.deepEqual(await questions(page), ["/slow 600000", "echo two", "echo four", "echo five", "echo six"]);
      assert.deepEqual((await page.locator(".answer").allTextContents()).slice(1), ["two", "four", "five", "six"]);
    });

    it("Enter sends, Shift+Enter starts a new line, and an Enter of the input method does neither", async () => {
      const page = await visit();
      await box(page).focus();
      await page.keyboard.type("echo one");
      await page.keyboard.press("Shift+Enter");
      await page.keyboard.type("two");
      assert.equal(await box(page).inputValue(), "echo one\ntwo");
      await box(page).evaluate((area) => {
        for (const init of [{ isComposing: true }, { keyCode: 229 }]) {
          area.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...init }));
        }
      });
      assert.equal(await page.locator(".exchange").count(), 0);
      await page.keyboard.press("Enter");
      await exchange(page, 0, "done");
      assert.deepEqual(await questions(page), ["echo one\ntwo"]);
      await page.keyboard.type("   ");
      await page.keyboard.press("Enter");
      assert.equal(await page.locator(".exchange").count(), 1, "blanks are no question");
    });

    it("a new conversation forgets the old one", async () => {
      const page = await visit();
      await ask(page, "my cat is called Euler");
      await exchange(page, 0, "done");
      await ask(page, "/slow 600000");
      await exchange(page, 1, "writing");
      await page.getByRole("button", { name: "New conversation" }).click();
      assert.equal(await page.locator(".exchange").count(), 0);
      await page.getByRole("heading", { name: "Ask the assistant" }).waitFor();
      await ask(page, "what did I say before?");
      assert.match(await answer(await exchange(page, 0, "done")).textContent(), /not said anything/);
    });
  });

  describe("for every reader", () => {
    it("everything can be done with the keyboard, in a sensible order, with the focus in sight", async () => {
      const page = await visit();
      assert.equal(await focused(page), "text");
      await page.getByRole("link", { name: "Skip to your message" }).focus();
      const order = [], unseen = [];
      for (let step = 0; step < 8; step++) {
        order.push(await focused(page));
        // The message box shows it by the frame around it.
        const seen = await page.evaluate(() => {
          const shown = document.activeElement.id === "text" ? document.activeElement.form : document.activeElement;
          return parseFloat(getComputedStyle(shown).outlineWidth) >= 2 && getComputedStyle(shown).outlineStyle === "solid";
        });
        if (!seen) unseen.push(order.at(-1));
        await page.keyboard.press("Tab");
      }
      assert.deepEqual(order, ["Skip to your message", "What can you do?", "What is 17 × 23?", "Roll 2d6", "What did I say before?", "Connect your own client", "text", "send"]);
      assert.deepEqual(unseen, []);
      await page.getByRole("link", { name: "Skip to your message" }).focus();
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await exchange(page, 0, "done");
      assert.equal(await focused(page), "text");
      await page.keyboard.type("/slow 600000");
      await page.keyboard.press("Enter");
      await exchange(page, 1, "writing");
      await page.keyboard.press("Tab");
      assert.equal(await focused(page), "stop");
      await page.keyboard.press("Space");
      await exchange(page, 1, "stopped");
      assert.equal(await focused(page), "text");
    });

    const busy = async (page) => {
      await page.getByText("Connect your own client").click();
      await ask(page, "echo Some **text**:\n- a\n- b\n```js\ncode\n```");
      await exchange(page, 0, "done");
      await ask(page, "/fail overloaded");
      await exchange(page, 1, "failed");
      await ask(page, "/slow 600000");
      await ask(page, "echo later");
      await exchange(page, 3, "waiting");
    };
    for (const colorScheme of ["light", "dark"]) {
      it(`axe finds nothing to complain about, ${colorScheme}`, async () => {
        const page = await visit({ colorScheme });
        const check = async (moment) => {
          await page.evaluate(AXE);
          const { violations } = await page.evaluate(() => window.axe.run());
          const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n")}`);
          assert.deepEqual(told, [], moment);
        };
        await check("at rest");
        await busy(page);
        await check("at work");
        await page.setViewportSize(PHONE);
        await check("on a phone");
      });
    }

    it("light and dark follow the reader", async () => {
      const background = async (colorScheme) => {
        const page = await visit({ colorScheme });
        const [red, green, blue] = (await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).match(/\d+/g).map(Number);
        return red + green + blue;
      };
      assert.ok((await background("light")) > 600);
      assert.ok((await background("dark")) < 150);
    });

    for (const [width, height] of [[320, 568], [640, 400], [1280, 800], [2560, 1300], [320, 256]]) {
      it(`fits ${width}×${height} without scrolling sideways, however long the words`, async () => {
        const page = await visit({ viewport: { width, height } });
        await busy(page);
        await page.getByRole("button", { name: "Stop" }).click();
        await exchange(page, 2, "stopped");
        await ask(page, `echo ${"x".repeat(400)} \`${"y".repeat(200)}\`\n\`\`\`\n${"z".repeat(200)}\n\`\`\``);
        await exchange(page, 4, "done");
        const wide = await page.evaluate(() => ({ page: document.documentElement.scrollWidth, window: innerWidth }));
        assert.ok(wide.page <= wide.window, JSON.stringify(wide));
        for (const control of [box(page), page.getByRole("button", { name: "Send" })]) {
          const place = await control.boundingBox();
          assert.ok(place.x >= 0 && place.x + place.width <= width && place.y + place.height <= height, JSON.stringify(place));
        }
      });
    }

    it("nothing moves for those who asked for that", async () => {
      const moving = async (reducedMotion) => {
        const page = await visit({ reducedMotion });
        await ask(page, "/slow 600000");
        await exchange(page, 0, "writing");
        return page.evaluate(() => document.getAnimations().length);
      };
      assert.ok((await moving("no-preference")) > 0);
      assert.equal(await moving("reduce"), 0);
    });

    it("new text is followed at the end, and offered elsewhere", async () => {
      const page = await visit({ viewport: { width: 600, height: 400 } });
      await ask(page, "/long 6000");
      await exchange(page, 0, "done");
      await settled(page);
      assert.ok(await atEnd(page), "it follows");
      await ask(page, "/slow 1500");
      await (await exchange(page, 1, "writing")).getByText("This").waitFor();
      await page.mouse.move(300, 200);
      await page.mouse.wheel(0, -1500);
      await page.getByRole("button", { name: "New text" }).waitFor();
      await exchange(page, 1, "done");
      assert.equal(await atEnd(page), false, "it stays where the reader is");
      await page.getByRole("button", { name: "New text" }).click();
      await settled(page);
      assert.ok(await atEnd(page));
      assert.equal(await page.getByRole("button", { name: "New text" }).isVisible(), false);
    });

    it("it finds the server at other paths, and says so where plain JSON is switched off", async () => {
      const moved = await startServer(["--port", "0", "--http-path", "/rt", "--http-plain-json", "/ws"], OFFLINE);
      others.push(moved);
      const page = await visit({ url: moved.url });
      await ask(page, "echo Hi");
      assert.equal(await answer(await exchange(page, 0, "done")).textContent(), "Hi");
      const shown = await page.locator("#own pre code").allTextContents();
      const host = new URL(moved.url).host;
      assert.ok(shown.some((text) => text.includes(`io("http://${host}", { path: "/rt/" })`)), shown.join("\n"));
      assert.ok(shown.includes(`ws://${host}/ws`));
      assert.ok(shown.includes(`ws://${host}/rt/?EIO=4&transport=websocket`));

      const silent = await startServer(["--port", "0", "--http-plain-json", "off"], OFFLINE);
      others.push(silent);
      const other = await open({ url: silent.url });
      await other.getByText("the server is set not to").waitFor();
      assert.equal(await other.getByRole("textbox").count(), 0);
      assert.equal(await other.getByText("New → WebSocket").isVisible(), false);
      assert.ok(await other.getByText("42[").isVisible());
    });

    it("the snippets show this very server", async () => {
      const page = await visit();
      await page.getByText("Connect your own client").click();
      const shown = await page.locator("#own pre code").allTextContents();
      const host = new URL(server.url).host;
      assert.ok(shown.some((text) => text.includes(`io("http://${host}")`)), shown.join("\n"));
      assert.ok(shown.includes(`ws://${host}/`));
      assert.ok(shown.includes(`ws://${host}/socket.io/?EIO=4&transport=websocket`));
      const frame = JSON.parse(shown.find((text) => text.startsWith("{")));
      const socket = await Frames.open(`ws://${host}/`);
      await socket.json();
      socket.send(JSON.stringify(frame));
      assert.match((await socket.json()).data.response, /Hello/);
      socket.close();
    });
  });
});
