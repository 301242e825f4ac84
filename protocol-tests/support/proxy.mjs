// A TCP proxy before a server, which can cut every connection that leads through it.
//
// Until it is restored it then refuses new ones: a request on a connection that had served before is tried again by
// some clients, unnoticed.
import { once } from "node:events";
import { connect, createServer } from "node:net";

/** {url, direct, cut(), restore(), stop()}: `direct` leads to the server past the proxy. */
export async function startProxy(server) {
  const open = new Set();
  let down = false;
  const proxy = createServer({ noDelay: true }, (client) => {
    if (down) return client.destroy();
    const upstream = connect({ port: server.port, host: "127.0.0.1", noDelay: true });
    for (const [here, there] of [[client, upstream], [upstream, client]]) {
      open.add(here);
      here.pipe(there);
      here.on("error", () => there.destroy());
      here.on("close", () => (open.delete(here), there.destroy()));
    }
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  const cut = () => {
    down = true;
    open.forEach((socket) => socket.destroy());
  };
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    direct: server.url,
    cut,
    restore: () => (down = false),
    stop() {
      cut();
      proxy.close();
    },
  };
}
