// Takes the examples out of the documents, so that they can be played against the server.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The fenced blocks of a document: {heading, language, text, line}, in order. */
export function blocksOf(path) {
  const blocks = [];
  let heading = "";
  let open;
  readFileSync(ROOT + path, "utf8").split("\n").forEach((line, index) => {
    const fence = /^```(.*)$/.exec(line);
    if (open && fence) {
      blocks.push({ ...open, text: open.lines.join("\n") });
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (fence) open = { heading, language: fence[1], line: index + 1, lines: [] };
    else if (/^#+ /.test(line)) heading = line.replace(/^#+ /, "");
  });
  return blocks;
}

/** The rows of the tables under a heading: cells as texts. */
export function rowsOf(path, heading) {
  const text = readFileSync(ROOT + path, "utf8");
  const section = text.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) => row.slice(1, -1).split("|").map((cell) => cell.trim()));
}

/** The pieces of code in a line of Markdown. */
export function codeIn(markdown) {
  return [...markdown.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
}

/** What a documented frame stands for: ids are the server's choice, and `…` is anything. */
export function patternOf(frame) {
  const pattern = frame
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("…", ".*")
    .replace(/"[0-9a-f]{16}"/g, '"[0-9a-f]{16}"')
    .replace(/"sid":"[\w-]{20}"/g, '"sid":"[\\w-]{20}"');
  return new RegExp(`^${pattern}$`, "s");
}
