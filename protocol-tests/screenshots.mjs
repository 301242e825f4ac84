// Photographs the page: phone and desktop, light and dark, at rest and at work. SCREENSHOTS names the folder
// (target/screenshots).
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DESKTOP, PHONE, ask, exchange, openBrowser } from "./support/browser.mjs";
import { OFFLINE, startServer } from "./support/target.mjs";

const FOLDER = process.env.SCREENSHOTS || fileURLToPath(new URL("../target/screenshots", import.meta.url));
// The offline assistant repeats it, so that every kind of formatting is to be seen.
const FORMATTED = `echo Rooms are **sets of sockets**. A socket joins with \`join\`, and leaves by itself when it goes:

1. Join the room.
2. Emit to everybody else in it.

\`\`\`rust
socket.join(&name);
socket.to(&name).emit("joined", (nickname, socket.id().as_str()))?;
\`\`\`

A room is gone with its last member.`;

const SCENES = {
  async empty(page) {
    await page.getByText("Connected", { exact: true }).waitFor();
  },
  async own(page) {
    await page.getByText("Connect your own client").click();
  },
  async talk(page) {
    for (const [index, question] of ["What is 17 × 23?", "Roll 2d6", "What can you do?"].entries()) {
      await ask(page, question);
      await exchange(page, index, "done");
    }
  },
  async formatted(page) {
    await ask(page, FORMATTED);
    await exchange(page, 0, "done");
  },
  async writing(page) {
    await ask(page, "What is 17 × 23?");
    await exchange(page, 0, "done");
    await ask(page, "/slow 1000");
    await ask(page, "Roll 2d6");
    await page.getByText("This answer takes").waitFor();
  },
  async failed(page, server) {
    await ask(page, "/slow 400");
    await page.getByText("This answer takes").waitFor();
    await page.keyboard.press("Escape");
    await exchange(page, 0, "stopped");
    await ask(page, "/fail overloaded");
    await exchange(page, 1, "failed");
    server.signal("SIGKILL");
    await page.getByText("Reconnecting in").waitFor();
  },
};

mkdirSync(FOLDER, { recursive: true });
const browser = await openBrowser();
for (const [device, viewport] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [name, scene] of Object.entries(SCENES)) {
      const server = await startServer(["--port", "0", "--test-hooks"], OFFLINE);
      const touch = device === "phone";
      const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce", isMobile: touch, hasTouch: touch });
      const page = await context.newPage();
      await page.goto(server.url);
      await scene(page, server);
      await page.evaluate(() => new Promise(requestAnimationFrame));
      await page.screenshot({ path: `${FOLDER}/${device}-${colorScheme}-${name}.png` });
      await context.close();
      await server.stop();
    }
  }
}
await browser.close();
console.log(`written to ${FOLDER}`);
