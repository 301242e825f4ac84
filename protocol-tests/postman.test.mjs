// The Postman collections, without Postman: their requests in order, their own checks, their saved messages.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import { io } from "socket.io-client";
import { OFFLINE, TARGET, startServer } from "./support/target.mjs";
import { Frames, event, within } from "./support/client.mjs";

const skip = TARGET === "reference" && "the collections are for the program";
const ROOT = fileURLToPath(new URL("../docs/postman/", import.meta.url));
const FOLDER = `${ROOT}postman/collections/trunkline/`;

describe("the Postman collections", { skip }, () => {
  let server;
  before(async () => (server = await startServer(["--port", "0"], OFFLINE)));
  after(() => server?.stop());

  it("the file for Import runs from its first request to its last, and every check passes", async () => {
    const collection = JSON.parse(readFileSync(`${ROOT}trunkline.postman_collection.json`, "utf8"));
    assert.equal(collection.info.schema, "https://schema.getpostman.com/json/collection/v2.1.0/collection.json");
    const variables = new Map(collection.variable.map(({ key, value }) => [key, value]));
    assert.equal(variables.get("url"), "http://localhost:3000");
    variables.set("url", server.url);
    const fill = (text) => text.replace(/\{\{(\w+)\}\}/g, (_, name) => variables.get(name));
    let checks = 0;
    for (const { name, request, event: scripts } of collection.item.flatMap(({ item }) => item)) {
      const response = await within(
        fetch(fill(request.url), {
          method: request.method,
          headers: Object.fromEntries(request.header.map(({ key, value }) => [key, value])),
          body: request.body?.raw,
        }),
        name,
      );
      const text = await response.text();
      const pm = {
        response: { code: response.status, text: () => text, json: () => JSON.parse(text) },
        collectionVariables: variables,
        expect: (actual) => ({
          to: {
            eql: (expected) => assert.deepEqual(actual, expected, name),
            match: (pattern) => assert.match(actual, new RegExp(pattern.source), name),
          },
        }),
        test: (_, check) => (check(), checks++),
      };
      runInNewContext(scripts.flatMap(({ script }) => script.exec).join("\n"), { pm });
    }
    assert.ok(checks >= 10, `${checks} checks`);
  });

  it("the saved messages of “Plain JSON” are answered", async () => {
    const { url, messages } = requestOf("plain-json");
    const socket = await Frames.open(url.replace("{{host}}", `127.0.0.1:${server.port}`));
    const events = async (count) => {
      const names = [];
      while (names.length < count) names.push((await socket.json()).event ?? "(ack)");
      return names.join(" ");
    };
    assert.equal(await events(1), "connect");
    const answers = {
      ask: "ai-message-response",
      "ask-for-an-acknowledgement": "ai-message-response (ack)",
      "ask-for-pieces": "ai-typing ai-message-chunk ai-typing ai-message-response",
      cancel: "(ack)",
      leave: "",
    };
    assert.deepEqual(messages.map(({ file }) => file), Object.keys(answers));
    for (const { file, content } of messages) {
      socket.send(content);
      const expected = answers[file];
      if (expected) assert.equal(await events(expected.split(" ").length), expected);
    }
    assert.equal((await socket.end()).code, 1000);
  });

  it("the saved messages of “Socket.IO frames” are answered", async () => {
    const { url, messages } = requestOf("socket-io-frames");
    const socket = await Frames.open(url.replace("{{host}}", `127.0.0.1:${server.port}`));
    assert.match(await socket.next(), /^0\{/);
    const answers = {
      join: [/^40\{"sid":/],
      ask: [/^42\["ai-message-response",\{/],
      "ask-for-an-acknowledgement": [/^42\["ai-message-response","hi"\]$/, /^431\["hi"\]$/],
      "answer-the-heartbeat": [],
      leave: [],
    };
    assert.deepEqual(messages.map(({ file }) => file), Object.keys(answers));
    for (const { file, content } of messages) {
      socket.send(content);
      for (const answer of answers[file]) assert.match(await socket.next(), answer);
    }
    socket.close();
  });

  it("the saved messages of “Socket.IO” are answered", async () => {
    const { url, messages } = requestOf("socket-io");
    const socket = io(url.replace("{{host}}", `127.0.0.1:${server.port}`), { forceNew: true, reconnection: false });
    try {
      for (const { eventName, acknowledgement, content, contentType } of messages) {
        const argument = contentType === "json" ? JSON.parse(content) : content;
        const reply = eventName === "ai-message" && event(socket, "ai-message-response");
        if (acknowledgement === "true") await within(socket.emitWithAck(eventName, argument), "the acknowledgement");
        else socket.emit(eventName, argument);
        await reply;
      }
      assert.equal(messages.length, 4);
    } finally {
      socket.close();
    }
  });
});

/** A request of the folder: its url, and its saved messages in their order. */
function requestOf(name) {
  const request = fieldsOf(`${FOLDER}${name}.request.yaml`);
  const folder = `${FOLDER}${request.messages}/`;
  const messages = readdirSync(folder).map((file) => ({ file: file.replace(".message.yaml", ""), ...fieldsOf(folder + file) }));
  messages.sort((left, right) => Number(left.order) - Number(right.order));
  return { ...request, messages };
}

/** The simple fields of a YAML file, however deep they are: all that these files need. */
function fieldsOf(path) {
  const fields = {};
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const field = /^[\s-]*([\w$]+): (.+)$/.exec(line);
    if (field) fields[field[1]] = field[2].replace(/^'(.*)'$/, "$1");
  }
  return fields;
}
