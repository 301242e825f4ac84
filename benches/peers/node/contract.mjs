// What the JavaScript servers share: how they are started, and what they answer.

/** The value of `--port N` and `--threads T`; JavaScript has one thread, whatever is asked for. */
export function port(given) {
  let port = 0;
  for (let i = 0; i < given.length; i += 2) {
    const value = Number(given[i + 1]);
    if (!["--port", "--threads"].includes(given[i]) || !Number.isInteger(value)) {
      console.error(`${given[i]} ${given[i + 1] ?? ""}: there is --port N and --threads T`);
      process.exit(2);
    }
    if (given[i] === "--port") port = value;
  }
  return port;
}

/** What both engines are configured with; everything else is their default. */
export const options = {
  pingInterval: Number(process.env.PING_INTERVAL_MS ?? 25_000),
  pingTimeout: 20_000,
  maxHttpBufferSize: 1_000_000,
};

/** Answers what load generators send. */
export function register(io) {
  io.on("connection", (socket) => {
    socket.on("echo", (text) => socket.emit("echo", text));
    socket.on("ack", (text, answer) => answer(text));
    socket.on("bin", (bytes) => socket.emit("bin", bytes));
    socket.on("broadcast", (text) => io.emit("broadcast", text));
    socket.on("join", (room, answer) => {
      socket.join(room);
      answer();
    });
    socket.on("chat", (room, message) => io.to(room).emit("chat", message));
  });
}
