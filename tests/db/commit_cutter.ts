import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

/** A proxy before a database that cuts connections at their COMMIT. */
export interface CommitCutter {
  readonly port: number;
  /** Connections cut before the server saw the COMMIT, and after. */
  readonly cut: { before: number; after: number };
  /** Cuts no more. */
  calm(): void;
  close(): Promise<void>;
}

const COMMIT = "commit\0";

/**
 * Starts one on a free port of this machine.
 *
 * @param every One COMMIT of so many is cut: by turns before the server has
 * it, and after, when the answer is what gets lost.
 */
export async function startCommitCutter(
  serverPort: number,
  every: number,
): Promise<CommitCutter> {
  const cut = { before: 0, after: 0 };
  const sockets = new Set<Socket>();
  let commits = 0;
  let calm = false;

  const proxy = createServer((client) => {
    const server = connect(serverPort, "127.0.0.1");
    for (const [socket, other] of [[client, server], [server, client]]) {
      sockets.add(socket);
      socket.on("error", () => {}); // its close follows
      socket.on("close", () => {
        sockets.delete(socket);
        other.end();
      });
    }
    client.on("data", (bytes) => {
      const isCut = !calm && bytes.includes(COMMIT) &&
        ++commits % every === 0;
      if (!isCut) {
        server.write(bytes);
        return;
      }
      if (cut.before > cut.after) {
        cut.after++;
        server.end(bytes);
      } else {
        cut.before++;
        server.destroy();
      }
      client.destroy();
    });
    server.on("data", (bytes) => client.write(bytes));
  });
  await new Promise<void>((resolve) =>
    proxy.listen(0, "127.0.0.1", () => resolve())
  );
  return {
    port: (proxy.address() as AddressInfo).port,
    cut,
    calm: () => {
      calm = true;
    },
    async close() {
      const closed = new Promise((resolve) => proxy.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
