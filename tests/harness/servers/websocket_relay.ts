import { connect, type Socket } from "node:net";

/** A relay between WebSockets and the TCP ports that it knows. */
export interface WebSocketRelay {
  /** As in `ws://127.0.0.1:41233/v1`. */
  readonly url: string;
  /** Connections that it has. */
  readonly open: number;
  /** Those that it was asked for so far. */
  readonly asked: number;
  /** Cuts all connections, as a relay does that is started anew. */
  cut(): void;
  /** Passes nothing on, in either direction, while frozen. */
  freeze(frozen: boolean): void;
  /** Ends it; `start()` brings it back at the same port. */
  stop(): Promise<void>;
  start(): void;
}

/**
 * Starts one on a free port of this machine.
 *
 * @param addresses Ports of this machine by the addresses that clients name; a
 * client that names another one is refused.
 */
export function startRelay(
  addresses: Readonly<Record<string, number>>,
): WebSocketRelay {
  const pairs = new Set<{ socket: WebSocket; server: Socket }>();
  let frozen = false;
  let stopped = false;
  let asked = 0;
  let port = 0;
  let listening: Deno.HttpServer<Deno.NetAddr>;

  function relay(request: Request): Response {
    const address = new URL(request.url).searchParams.get("address") ?? "";
    asked++;
    if (stopped) return new Response("It ends", { status: 503 });
    if (!(address in addresses)) {
      return new Response(`No way to ${address}`, { status: 403 });
    }
    const { socket, response } = Deno.upgradeWebSocket(request);
    const server = connect(addresses[address], "127.0.0.1");
    const pair = { socket, server };
    if (frozen) server.pause();
    pairs.add(pair);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      if (!frozen) server.write(new Uint8Array(data));
    };
    server.on("data", (bytes) => {
      if (socket.readyState === WebSocket.OPEN) {
        socket.send(new Uint8Array(bytes));
      }
    });
    socket.onerror = () => {}; // its close follows
    socket.onclose = () => {
      pairs.delete(pair);
      server.destroy();
    };
    server.on("error", () => {});
    server.on("close", () => {
      const end = () => socket.close(1011, "no server");
      if (socket.readyState === WebSocket.OPEN) end();
      else socket.onopen = end;
    });
    return response;
  }

  function start(): void {
    stopped = false;
    listening = Deno.serve({
      hostname: "127.0.0.1",
      port,
      onListen: () => {},
    }, relay);
    port = listening.addr.port;
  }

  function cut(): void {
    for (const { server } of pairs) server.destroy();
  }

  start();
  return {
    url: `ws://127.0.0.1:${port}/v1`,
    get open() {
      return pairs.size;
    },
    get asked() {
      return asked;
    },
    cut,
    freeze(is) {
      frozen = is;
      for (const { server } of pairs) is ? server.pause() : server.resume();
    },
    async stop() {
      stopped = true;
      cut();
      await listening.shutdown();
    },
    start,
  };
}
