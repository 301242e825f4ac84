// The page in Debian's Chromium, driven by playwright-core, which brings no browser of its own.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

/** CHROMIUM names another browser of that family. */
export const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";
export const MISSING = !existsSync(CHROMIUM) && `${CHROMIUM} is missing; .ci/chromium installs it, CHROMIUM names another`;
export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 800 };

/** A browser that talks to nobody by itself. */
export function openBrowser() {
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  return chromium.launch({ executablePath: CHROMIUM, args });
}

/** Writes a question into the page and sends it with Enter. */
export async function ask(page, question) {
  await page.getByLabel("Your message").fill(question);
  await page.keyboard.press("Enter");
}

/** A question's place in the conversation, once it is in one of these states. */
export async function exchange(page, index, ...states) {
  const item = page.locator(".exchange").nth(index);
  const any = states.map((state) => `[data-state="${state}"]`).join(",");
  if (states.length > 0) await item.and(page.locator(any)).waitFor();
  return item;
}
