// Socket.IO's reference server on Node, with the WebSocket library it brings along.
// Run it: node socketio.mjs --port N

import { createServer } from "node:http";
import { Server } from "socket.io";
import { options, port, register } from "./contract.mjs";

const server = createServer();
register(new Server(server, options));
server.listen(port(process.argv.slice(2)), "127.0.0.1", 4096, () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
