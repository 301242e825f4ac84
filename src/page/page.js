// The conversation: asks `ai-message`, shows the answer while it comes, and stops, retries and queues questions.
import { Link, countdown } from "./link.js";
import { copyButton, format, make } from "./text.js";

const find = (id) => document.getElementById(id);
const [state, model, hurry, fresh, welcome, offline, log, newer, form, text, hint, stop, said] =
  ["state", "model", "hurry", "fresh", "welcome", "offline", "log", "newer", "form", "text", "hint", "stop", "said"].map(find);
const IDLE_HINT = hint.textContent;
/** How close to the end counts as reading along, in pixels. */
const NEAR = 64;
/** The longest answer that is read out as a whole, in characters. */
const READ_OUT = 2000;

let chat = 1;
let asked = 0;
/** Questions that the server has not been sent yet; it gets one at a time. */
let waiting = [];
/** The exchange that the server works on. */
let running = null;
/** Whether the server may know something of what is shown. */
let remembered = false;
let following = true;

/** A question, and what became of it. */
class Exchange {
  #answer;
  #end;
  #text = "";
  #painting = 0;
  #stopCounting = () => {};

  constructor(question) {
    this.question = question;
    this.item = find("exchange").content.firstElementChild.cloneNode(true);
    this.item.querySelector(".question").textContent = question;
    this.#answer = this.item.querySelector(".answer");
    this.#end = this.item.querySelector(".end");
  }

  /** In line, as the last one. */
  wait() {
    this.#show("waiting");
    this.#text = "";
    format(this.#answer, "");
    this.#finish("Waiting", button("Take back", () => withdraw(this)));
    log.append(this.item);
  }

  begin(number) {
    this.number = number;
    this.id = `page-${number}`;
    this.error = undefined;
    this.#show("writing");
    this.#finish();
  }

  add(delta) {
    this.#text += delta;
    // Once per frame, however many pieces come.
    this.#painting ||= requestAnimationFrame(() => this.#paint());
  }

  /** The server's final reply. */
  finish({ response, finish, usage, error }) {
    if (!error) this.#text = response;
    this.#paint();
    if (finish === "cancelled") {
      this.#show("stopped");
      this.#finish("Stopped", ...this.#copy());
      announce("Stopped.");
    } else if (error) {
      this.fail(error);
    } else {
      this.#show("done");
      const size = usage && `${usage.output} ${usage.unit}`;
      this.#finish(finish === "length" ? "Cut at its greatest length" : size, ...this.#copy());
      announce(this.#text.length > READ_OUT ? `${this.#text.slice(0, READ_OUT)} … The rest is in the conversation.` : this.#text);
    }
  }

  fail({ message, retryable, retryAfterMs = 0 }) {
    this.#paint();
    this.#show("failed");
    const again = retryable ? button("Try again", () => enqueue(this)) : button("Edit", () => edit(this.question));
    this.#finish(message, again, ...this.#copy());
    if (retryable && retryAfterMs > 0) {
      this.#stopCounting = countdown(retryAfterMs, (seconds) => {
        again.disabled = seconds > 0;
        again.textContent = seconds > 0 ? `Try again in ${seconds} s` : "Try again";
      });
    }
    announce(message);
  }

  #show(name) {
    this.#stopCounting();
    this.item.dataset.state = name;
    this.#answer.setAttribute("aria-busy", String(name === "writing"));
  }

  #finish(note, ...buttons) {
    this.#end.replaceChildren(...(note ? [make("span", note)] : []), ...buttons);
    follow();
  }

  #copy() {
    return this.#text ? [copyButton(() => this.#text, "the answer")] : [];
  }

  #paint() {
    cancelAnimationFrame(this.#painting);
    this.#painting = 0;
    format(this.#answer, this.#text);
    follow();
  }
}

/** Where this server speaks Socket.IO, and where plain JSON: nowhere, if that is empty. */
const paths = document.documentElement.dataset;

const link = new Link(paths.plain, {
  received(event, data, ack) {
    if (running && ack === running.number) {
      // The operator can give the reply another name, and make it a mere text.
      conclude(typeof data === "string" ? { response: data, finish: running.error?.code, error: running.error } : data);
    } else if (running && data?.id === running.id) {
      if (event === "ai-message-chunk") running.add(data.delta);
      else if (event === "ai-message-error") running.error = data.error;
      else if (event === "ai-message-response") conclude(data);
    }
  },
  changed(now) {
    const before = state.dataset.state;
    state.dataset.state = now.name;
    hurry.hidden = now.name !== "waiting";
    if (now.name === "connecting") {
      state.textContent = "Connecting …";
    } else if (now.name === "connected") {
      state.textContent = "Connected";
      announce("Connected.");
      introduce();
      if (remembered) forgotten();
    } else {
      const why = now.refusal ? `Refused: ${now.refusal}. ` : navigator.onLine ? "" : "Offline. ";
      state.textContent = `${why}Reconnecting in ${now.seconds} s`;
      if (before !== "waiting") lost();
    }
    proceed();
  },
});

/** Sends the next question if it may leave, and brings the controls up to date. */
function proceed() {
  if (link.connected && !running && waiting.length > 0) {
    running = waiting.shift();
    remembered = true;
    running.begin(++asked);
    link.send("ai-message", { id: running.id, chat, prompt: running.question, stream: true }, running.number);
  }
  const focused = document.activeElement === stop;
  stop.hidden = !running;
  if (focused && stop.hidden) text.focus();
  welcome.hidden = log.childElementCount > 0;
  fresh.disabled = !welcome.hidden;
  hint.textContent = !link.connected ? "Not connected: messages wait here" : running ? "Esc stops the answer" : IDLE_HINT;
  hint.parentElement.dataset.about = link.connected ? "keys" : "connection";
}

/** Takes the final reply: the event, or the acknowledgement behind it. */
function conclude(reply) {
  const exchange = running;
  running = null;
  if (!model.textContent) name(reply.model);
  exchange.finish(reply);
  proceed();
}

function enqueue(exchange) {
  following = true;
  exchange.wait();
  waiting.push(exchange);
  proceed();
  focusOnText();
}

function withdraw(exchange) {
  waiting = waiting.filter((other) => other !== exchange);
  exchange.item.remove();
  proceed();
  focusOnText();
}

/** Puts a question back for a better wording, before whatever has been written since. */
function edit(question) {
  text.value = text.value ? `${question}\n${text.value}` : question;
  keep();
  text.focus();
}

function cancel() {
  if (running && link.connected) link.send("ai-message-cancel", { id: running.id });
}

function lost() {
  announce("The connection was lost. Reconnecting.");
  running?.fail({ message: "The connection was lost before the answer was complete.", retryable: true });
  running = null;
}

/** The server remembers a conversation only as long as the connection lasts. */
function forgotten() {
  const words = "Connected again. The assistant does not remember what was said above.";
  const note = make("li", words);
  note.className = "note";
  log.insertBefore(note, waiting[0]?.item ?? null);
  remembered = false;
  announce(words);
  follow();
}

/** Says who answers, where the server tells. */
async function introduce() {
  model.textContent = "";
  const response = await fetch("status").catch(() => null);
  if (!response?.ok) return;
  const status = await response.json().catch(() => ({}));
  name(status.model, status.provider);
}

function name(called, provider = called) {
  if (!called) return;
  // Beside "Connected" the name "offline" would be a riddle.
  offline.hidden = provider !== "offline";
  model.textContent = provider === "offline" ? "built-in rules" : called === provider ? called : `${provider}, ${called}`;
}

function announce(words) {
  said.textContent = words;
}

/** Shows the latest text to whoever reads at the end, and offers it to everybody else. */
function follow() {
  if (following) scrollTo(0, document.documentElement.scrollHeight);
  else newer.hidden = false;
}

function focusOnText() {
  // Elsewhere it would bring up the keyboard.
  if (matchMedia("(pointer: fine)").matches) text.focus();
}

function button(label, pressed) {
  const made = make("button", label);
  made.type = "button";
  made.addEventListener("click", pressed);
  return made;
}

/** Keeps the draft over a reload, where the browser allows it. */
function keep() {
  try {
    sessionStorage.setItem("draft", text.value);
  } catch {
    // Then it lasts as long as the page.
  }
}

form.addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  const question = text.value.trim();
  if (!question) return text.focus();
  text.value = "";
  keep();
  enqueue(new Exchange(question));
});

text.addEventListener("input", keep);
text.addEventListener("keydown", (key) => {
  // An Enter that ends the input of a composed character is none of ours; Safari tells it by its code alone.
  if (key.key !== "Enter" || key.shiftKey || key.isComposing || key.keyCode === 229) return;
  key.preventDefault();
  form.requestSubmit();
});

document.addEventListener("keydown", (key) => {
  if (key.key === "Escape" && !key.isComposing) cancel();
});
stop.addEventListener("click", cancel);
hurry.addEventListener("click", () => {
  link.hurry();
  focusOnText();
});

fresh.addEventListener("click", () => {
  cancel();
  running = null;
  remembered = false;
  following = true;
  waiting = [];
  chat++;
  log.replaceChildren();
  newer.hidden = true;
  announce("A new conversation.");
  proceed();
  text.focus();
});

find("examples").addEventListener("click", ({ target }) => {
  if (target.matches("button")) enqueue(new Exchange(target.textContent));
});

addEventListener("scroll", () => {
  const { scrollHeight, scrollTop, clientHeight } = document.documentElement;
  following = scrollHeight - scrollTop - clientHeight < NEAR;
  if (following) newer.hidden = true;
}, { passive: true });
newer.addEventListener("click", () => {
  following = true;
  newer.hidden = true;
  follow();
  focusOnText();
});

// Safari lays the keyboard over the page instead of making it smaller. A page that was zoomed by hand stays as it is.
for (const change of ["resize", "scroll"]) {
  visualViewport?.addEventListener(change, ({ target: { scale, height, offsetTop } }) => {
    const covered = scale === 1 ? innerHeight - height - offsetTop : 0;
    document.documentElement.style.setProperty("--covered", `${Math.max(0, covered)}px`);
    if (following && change === "resize") follow();
  });
}

const websockets = location.origin.replace(/^http/, "ws");
const fillings = {
  http: location.origin,
  // What the library does not assume by itself.
  options: paths.socketio === "/socket.io/" ? "" : `, { path: ${JSON.stringify(paths.socketio)} }`,
  socketio: websockets + paths.socketio,
  plain: websockets + paths.plain,
};
for (const element of document.querySelectorAll("[data-fill]")) {
  element.textContent = fillings[element.dataset.fill];
}
for (const snippet of document.querySelectorAll("#own pre")) {
  snippet.append(copyButton(() => snippet.firstElementChild.textContent, "this"));
}
try {
  text.value ||= sessionStorage.getItem("draft") ?? "";
} catch {
  // Nothing was kept.
}
if (paths.plain) {
  link.connect();
} else {
  state.dataset.state = "waiting";
  state.textContent = "This page speaks plain JSON, and the server is set not to";
  welcome.hidden = form.hidden = find("plain").hidden = true;
  find("own").open = true;
}
