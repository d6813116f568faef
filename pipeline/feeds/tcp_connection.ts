import type { FeedConnection } from "./feed_client.ts";

/**
 * Connects to a listener over TCP.
 *
 * @throws {Error} If nobody listens there, or the signal aborts before one
 * answers.
 */
export async function connectTcp(
  { hostname, port }: { readonly hostname: string; readonly port: number },
  signal: AbortSignal,
): Promise<FeedConnection> {
  const connection = await Deno.connect({ hostname, port, signal });
  connection.setNoDelay(true);
  connection.setKeepAlive(true);
  let closed = false;
  return {
    read: (into) => connection.read(into),
    write: (bytes) => connection.write(bytes),
    closeWrite: () => connection.closeWrite(),
    close: () => {
      if (closed) return;
      closed = true;
      connection.close();
    },
  };
}
