// Light formatting: an answer's text becomes paragraphs, lists and code. Nodes are made by name and filled with
// text, so whatever an answer contains stays text.

// A line may be as long as the whole answer, so none of these may go over it again and again.
const LINE_END = /\r\n|[\n\r\u2028\u2029]/;
const FENCE = /^\s*((?:`{3,}|~{3,})(?![`~]))([^`]*)$/;
const RULE = /^\s*([-*_])(?:\s*\1){2,}\s*$/;
const HEADING = /^#{1,6}\s+(.+)$/;
const ITEM = /^\s*(?:[-*•]|(\d{1,9})[.)])\s+(.*)$/;
const INLINE = /`([^`\n]+)`|\*\*(\S(?:[^*]*?\S)?)\*\*/g;

/** Brings `element` up to date with `text`. Blocks that have not changed keep their nodes, so a selection survives. */
export function format(element, text) {
  const made = blocks(text);
  const keys = made.map((block) => JSON.stringify(block));
  const old = element.formatted ?? [];
  const same = keys.findIndex((key, at) => key !== old[at]);
  const kept = same < 0 ? keys.length : same;
  while (element.childNodes.length > kept) element.lastChild.remove();
  fill(element, made.slice(kept).map(build));
  element.formatted = keys;
}

/** A button that copies what `source` returns when it is pressed. */
export function copyButton(source, what) {
  const button = make("button", "Copy");
  button.type = "button";
  button.className = "plain";
  button.setAttribute("aria-label", `Copy ${what}`);
  button.addEventListener("click", async () => {
    const done = await copy(source());
    button.textContent = done ? "Copied" : "Not copied";
    button.setAttribute("aria-label", button.textContent);
    setTimeout(() => {
      button.textContent = "Copy";
      button.setAttribute("aria-label", `Copy ${what}`);
    }, 2000);
  });
  return button;
}

export function make(name, ...content) {
  const element = document.createElement(name);
  return fill(element, content);
}

/** Appends one by one: an answer may have more nodes than a call may have arguments. */
function fill(element, nodes) {
  for (const node of nodes) element.append(node);
  return element;
}

function blocks(text) {
  const found = [];
  let open = null;
  const start = (block) => found.push((open = block));
  for (const line of text.split(LINE_END)) {
    const fence = FENCE.exec(line), heading = HEADING.exec(line), item = ITEM.exec(line);
    if (open?.kind === "code") {
      if (fence && !fence[2].trim() && fence[1].startsWith(open.fence)) open = null;
      else open.lines.push(line);
    } else if (fence) {
      start({ kind: "code", fence: fence[1], language: fence[2].trim().slice(0, 30), lines: [] });
    } else if (heading || RULE.test(line)) {
      start(heading ? { kind: "heading", lines: [heading[1]] } : { kind: "hr", lines: [] });
      open = null;
    } else if (item) {
      const kind = item[1] ? "ol" : "ul";
      if (open?.kind !== kind) start({ kind, first: Number(item[1] ?? 1), lines: [] });
      open.lines.push(item[2]);
      open.paused = false;
    } else if (!line.trim()) {
      // Items of one list may have blank lines between them.
      if (open?.kind === "p") open = null;
      else if (open) open.paused = true;
    } else if (open?.kind === "p") {
      open.lines.push(line);
    } else if (open && !open.paused) {
      open.lines.push(`${open.lines.pop()}\n${line.trim()}`);
    } else {
      start({ kind: "p", lines: [line] });
    }
  }
  return found;
}

function build({ kind, lines, language, first }) {
  if (kind === "hr") return make("hr");
  if (kind === "code") return codeBlock(lines.join("\n"), language);
  const list = kind === "ol" || kind === "ul";
  const content = list ? lines.map((line) => fill(make("li"), inline(line))) : inline(lines.join("\n"));
  const element = fill(make(list ? kind : "p"), content);
  if (kind === "ol") element.start = first;
  if (kind === "heading") element.className = "heading";
  element.dir = "auto";
  return element;
}

function codeBlock(code, language) {
  const caption = make("figcaption", language || "code", copyButton(() => code, "the code"));
  const figure = make("figure", caption, make("pre", make("code", code)));
  figure.className = "code";
  return figure;
}

function inline(text) {
  const nodes = [];
  let end = 0;
  for (const { 0: whole, 1: code, 2: strong, index } of text.matchAll(INLINE)) {
    nodes.push(text.slice(end, index), code === undefined ? fill(make("strong"), inline(strong)) : make("code", code));
    end = index + whole.length;
  }
  nodes.push(text.slice(end));
  return nodes;
}

async function copy(text) {
  // Browsers offer the clipboard to pages of this machine or over TLS; others get the older way.
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const area = make("textarea", text);
  area.className = "unseen";
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return done;
}
