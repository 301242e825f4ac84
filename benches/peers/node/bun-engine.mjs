// Socket.IO's reference server on Bun's own HTTP server, as the engine's documentation sets it up.
// Run it: node_modules/.bin/bun bun-engine.mjs --port N

import { options, port, register } from "./contract.mjs";

if (typeof Bun === "undefined") {
  console.error(
    "bun-engine.mjs runs on Bun only: node_modules/.bin/bun bun-engine.mjs --port N\n" +
      "If that program is missing, npm did not run the install script of its package: npm rebuild bun",
  );
  process.exit(1);
}

const { Server: Engine } = await import("@socket.io/bun-engine");
const { Server } = await import("socket.io");

const io = new Server();
const engine = new Engine({ path: "/socket.io/", ...options });
io.bind(engine);
register(io);

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: port(process.argv.slice(2)),
  ...engine.handler(),
});
console.log(`listening on http://127.0.0.1:${server.port}`);
