// The JavaScript client's bundles below the path, compared with the reference server that serves the same files.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { runInNewContext } from "node:vm";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { Server } from "socket.io";
import { OFFLINE, TARGET, runServer, startServer } from "./support/target.mjs";
import { event, within } from "./support/client.mjs";

const skip = TARGET === "reference" && "both servers are asked in each test";
const PACKAGE = fileURLToPath(new URL("node_modules/socket.io-client", import.meta.url));
const DIST = join(PACKAGE, "dist");
const NAMES = readdirSync(DIST).sort();
const VERSION = JSON.parse(readFileSync(join(PACKAGE, "package.json"))).version;
const DECODE = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync, identity: (body) => body };
// What a server says of the connection and of the moment; and what we say beyond the reference: which requests share an
// answer (without it a cache would hand compressed files to whoever comes next), and how long it is.
const APART = ["date", "connection", "keep-alive", "transfer-encoding", "content-length"];

/** One request by hand, as fetch would hide encodings. */
async function ask(base, path, { method = "GET", headers = {} } = {}) {
  const { request } = await import("node:http");
  const asked = request(base + path, { method, headers: { connection: "close", ...headers } });
  asked.end();
  const [response] = await within(once(asked, "response"));
  const parts = [];
  for await (const part of response) parts.push(part);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) };
}

function comparable({ status, headers, body }, method) {
  const encoding = headers["content-encoding"] ?? "identity";
  const kept = Object.entries(headers).filter(([name]) => !APART.includes(name));
  const { vary, ...rest } = Object.fromEntries(kept);
  const origin = vary?.split(", ").filter((name) => name.toLowerCase() !== "accept-encoding").join(", ") || undefined;
  return { status, headers: { ...rest, vary: origin }, body: method === "HEAD" ? "" : DECODE[encoding](body).toString() };
}

describe("the client's files", { skip }, () => {
  let ours, open, http, io, theirs;
  before(async () => {
    [ours, open] = await Promise.all([
      startServer(["--port", "0", "--cors-enabled=false", `--http-client-files=${PACKAGE}`], OFFLINE),
      startServer(["--port", "0", "--origin=https://app.example", `--http-client-files=${DIST}`], OFFLINE),
    ]);
    http = createServer();
    io = new Server(http);
    await once(http.listen(0, "127.0.0.1"), "listening");
    theirs = `http://127.0.0.1:${http.address().port}`;
  });
  after(async () => {
    await Promise.all([ours?.stop(), open?.stop(), io?.close()]);
  });

  it("http: each of them, in every encoding that both have, equals the reference's", async () => {
    assert.equal(NAMES.length, 8);
    for (const name of NAMES) {
      for (const accepted of [undefined, "gzip", "deflate", "gzip, deflate, br", "identity", "gzip;q=0"]) {
        const headers = accepted ? { "accept-encoding": accepted } : {};
        for (const [method, path] of [["GET", name], ["GET", `${name}?v=1`], ["HEAD", name], ["POST", name]]) {
          const [mine, other] = await Promise.all(
            [ours.url, theirs].map((base) => ask(base, `/socket.io/${path}`, { method, headers })),
          );
          assert.deepEqual(comparable(mine, method), comparable(other, method), `${method} ${path} ${accepted}`);
          assert.equal(mine.headers.vary, "accept-encoding");
          assert.ok(method !== "HEAD" || (mine.body.length === 0 && mine.headers["content-length"] > 0));
        }
      }
      const { body } = await ask(ours.url, `/socket.io/${name}`);
      assert.ok(body.equals(readFileSync(join(DIST, name))), name);
    }
  });

  it("http: who has it gets 304", async () => {
    const rows = [
      [`"${VERSION}"`, 304],
      [`W/"${VERSION}"`, 304],
      ['"4.0.0"', 200],
      [VERSION, 200],
    ];
    for (const [tag, status] of rows) {
      for (const base of [ours.url, theirs]) {
        const answer = await ask(base, "/socket.io/socket.io.min.js", { headers: { "if-none-match": tag } });
        assert.equal(answer.status, status, `${base} ${tag}`);
        assert.equal(answer.body.length === 0, status === 304);
      }
    }
    // Where the reference sends the whole file, and where it leaves out what a cache needs.
    for (const tag of ["*", `"1", W/"${VERSION}"`]) {
      const answer = await ask(ours.url, "/socket.io/socket.io.js", { headers: { "if-none-match": tag } });
      assert.deepEqual([answer.status, answer.headers.etag], [304, `"${VERSION}"`], tag);
    }
  });

  it("http: every other name is refused as a request of Engine.IO", async () => {
    for (const name of ["socket.io.slim.js", "socket.io.esm.js", "socket.io.js/", "/socket.io.js", "socket.io.mjs"]) {
      const [mine, other] = await Promise.all([ours.url, theirs].map((base) => ask(base, `/socket.io/${name}`)));
      assert.deepEqual([mine.status, String(mine.body)], [400, '{"code":0,"message":"Transport unknown"}'], name);
      assert.deepEqual([mine.status, String(mine.body)], [other.status, String(other.body)], name);
    }
  });

  it("http: CORS headers are on the files, on 304 and on preflights", async () => {
    const origin = "https://app.example";
    const plain = await ask(open.url, "/socket.io/socket.io.js", { headers: { origin } });
    const known = { origin, "if-none-match": `"${VERSION}"` };
    const unchanged = await ask(open.url, "/socket.io/socket.io.js", { headers: known });
    const preflight = await ask(open.url, "/socket.io/socket.io.js", { method: "OPTIONS", headers: { origin } });
    assert.deepEqual([plain.status, unchanged.status, preflight.status], [200, 304, 204]);
    for (const { headers } of [plain, unchanged, preflight]) {
      assert.equal(headers["access-control-allow-origin"], origin);
      assert.match(headers.vary, /Origin/);
    }
  });

  it("client: a page that loads the bundle from here can talk to this server", async () => {
    const { body } = await ask(ours.url, "/socket.io/socket.io.js");
    const { WebSocket } = await import("ws");
    // As little of a browser as a script on a page finds around itself.
    const page = { WebSocket, setTimeout, clearTimeout, console, document: undefined };
    page.self = page.window = page.globalThis = page;
    page.location = { protocol: "http:", host: ours.url.slice("http://".length), hostname: "127.0.0.1", port: ours.port };
    page.navigator = { product: "" };
    page.addEventListener = page.removeEventListener = () => {};
    runInNewContext(String(body), page);
    const socket = page.io(ours.url, { transports: ["websocket"], forceNew: true });
    await event(socket, "connect");
    assert.equal(socket.connected, true);
    socket.disconnect();
  });

  it("client: the module from here can talk to this server", async () => {
    const { body } = await ask(ours.url, "/socket.io/socket.io.esm.min.js");
    const folder = mkdtempSync(join(tmpdir(), "trunkline-esm-"));
    const file = join(folder, "socket.io.mjs");
    writeFileSync(file, body);
    const before = globalThis.WebSocket;
    globalThis.WebSocket ??= createRequire(import.meta.url)("ws").WebSocket;
    try {
      const { io: connect } = await import(pathToFileURL(file));
      const socket = connect(ours.url, { transports: ["websocket"], forceNew: true });
      await event(socket, "connect");
      socket.disconnect();
    } finally {
      globalThis.WebSocket = before;
      rmSync(folder, { recursive: true });
    }
  });

  it("program: a folder without the files is refused at the start", async () => {
    const folder = mkdtempSync(join(tmpdir(), "trunkline-no-files-"));
    try {
      const { code, stderr } = await runServer(["--port", "0", `--http-client-files=${folder}`], OFFLINE);
      assert.equal(code, 2);
      assert.match(stderr, /http\.client_files: the client file .*socket\.io\.js: No such file/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
