// Talks ai-message to this server in plain JSON frames: {"event": name, "data": value}.
"use strict";

const find = (id) => document.getElementById(id);
const [state, log, form, text, send, stop] = ["state", "log", "form", "text", "send", "stop"].map(find);

const chat = "page";
let socket = null;
let retries = 0;
let asked = 0;
/** The answers under way: id -> its element and whether chunks have come. */
const open = new Map();

function connect() {
  show("connecting", "connecting …");
  socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/");
  socket.onmessage = (message) => receive(JSON.parse(message.data));
  socket.onclose = () => {
    show("closed", "not connected, trying again …");
    for (const id of [...open.keys()]) end(id, "The connection was lost.", true);
    // Twice as long each time, up to half a minute, and not all pages at once.
    const wait = Math.min(30000, 500 * 2 ** retries++) * (0.5 + Math.random());
    setTimeout(connect, wait);
  };
}

function receive({ event, data }) {
  const known = data && open.get(data.id);
  if (event === "connect") {
    retries = 0;
    show("open", "connected");
  } else if (event === "connect_error") {
    show("closed", "refused: " + data.message);
  } else if (event === "ai-message-chunk" && known) {
    known.body.textContent += data.delta;
    follow();
  } else if (event === "ai-message-response" && known) {
    end(data.id, data.response, data.error !== undefined && data.finish !== "cancelled");
  }
}

function show(name, words) {
  state.dataset.state = name;
  state.textContent = words;
  send.disabled = name !== "open";
}

function say(who, words, mine) {
  const item = document.createElement("li");
  const label = document.createElement("span");
  const body = document.createElement("span");
  label.className = "who";
  label.textContent = who;
  body.textContent = words;
  item.append(label, body);
  item.classList.toggle("mine", mine);
  log.append(item);
  follow();
  return { item, body };
}

function follow() {
  log.parentElement.scrollTop = log.parentElement.scrollHeight;
}

function end(id, words, failed) {
  const { item, body } = open.get(id);
  open.delete(id);
  body.textContent = words;
  item.classList.toggle("failed", failed);
  item.removeAttribute("aria-busy");
  stop.hidden = open.size === 0;
  follow();
}

form.addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  const content = text.value.trim();
  if (!content || send.disabled) return;
  const id = "page-" + ++asked;
  say("You", content, true);
  const answer = say("Assistant", "", false);
  // Read out when complete, not word by word.
  answer.item.setAttribute("aria-busy", "true");
  open.set(id, answer);
  stop.hidden = false;
  socket.send(JSON.stringify({ event: "ai-message", data: { id, chat, content, stream: true } }));
  text.value = "";
  text.focus();
});

stop.addEventListener("click", () => {
  socket.send(JSON.stringify({ event: "ai-message-cancel" }));
  text.focus();
});

text.addEventListener("keydown", (key) => {
  if (key.key === "Enter" && !key.shiftKey && !key.isComposing) {
    key.preventDefault();
    form.requestSubmit();
  }
});

connect();
