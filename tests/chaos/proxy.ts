/** What a proxy does to the bytes that come from its client. */
export interface Toxics {
  /** Each read waits this long before it goes on, both ways. */
  latencyMs: number;
  /** Bytes go on one by one. */
  slice: boolean;
  /** Nothing goes on, either way, until this is off again. */
  hold: boolean;
  /** One byte of so many is changed on its way to the server; 0 for none. */
  flipEvery: number;
}

export interface Proxy {
  readonly port: number;
  readonly toxics: Toxics;
  /** Connections that are open. */
  readonly open: number;
  /** Bytes that were changed so far. */
  readonly flipped: number;
  /** Cuts each connection once that many more bytes have gone to the server. */
  cutAfter(bytes: number): void;
  /** Ends all connections with a reset where the system can. */
  reset(): void;
  close(): Promise<void>;
}

interface Link {
  readonly client: Deno.TcpConn;
  readonly server: Deno.TcpConn;
  /** Bytes to the server until it is cut. */
  left: number;
}

const POLL_MS = 5;
const SLICES_MAX = 512;

/** A TCP proxy on a free port of this machine that can be told to misbehave. */
export function startProxy(targetPort: () => number): Proxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const toxics: Toxics = {
    latencyMs: 0,
    slice: false,
    hold: false,
    flipEvery: 0,
  };
  const links = new Set<Link>();
  const running = new Set<Promise<void>>();
  let flipped = 0;
  let passed = 0;
  let closed = false;

  function end(link: Link): void {
    if (!links.delete(link)) return;
    for (const side of [link.client, link.server]) {
      try {
        side.close();
      } catch {
        // it has ended by itself
      }
    }
  }

  /** Sets the top bit of a byte, which no line has; ends of lines stay. */
  function flip(bytes: Uint8Array): void {
    if (toxics.flipEvery === 0) return;
    for (let i = 0; i < bytes.length; i++) {
      if (++passed % toxics.flipEvery !== 0 || bytes[i] === 10) continue;
      bytes[i] ^= 0x80;
      flipped++;
    }
  }

  async function write(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      done += await to.write(bytes.subarray(done));
    }
  }

  async function pump(link: Link, toServer: boolean): Promise<void> {
    const [from, to] = toServer
      ? [link.client, link.server]
      : [link.server, link.client];
    const into = new Uint8Array(16_384);
    for (;;) {
      const n = await from.read(into);
      if (n === null) break;
      let bytes = into.subarray(0, n);
      if (toxics.latencyMs > 0) await sleep(toxics.latencyMs);
      while (toxics.hold && links.has(link)) await sleep(POLL_MS);
      if (toServer) {
        flip(bytes);
        const cut = bytes.length >= link.left;
        if (cut) bytes = bytes.subarray(0, link.left);
        link.left -= bytes.length;
        await pass(to, bytes);
        if (cut) return end(link);
      } else {
        await pass(to, bytes);
      }
    }
    await to.closeWrite().catch(() => {});
  }

  async function pass(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
    const slices = toxics.slice ? Math.min(SLICES_MAX, bytes.length) : 0;
    for (let i = 0; i < slices; i++) await write(to, bytes.subarray(i, i + 1));
    await write(to, bytes.subarray(slices));
  }

  async function serve(client: Deno.TcpConn): Promise<void> {
    client.setNoDelay(true);
    let server: Deno.TcpConn;
    try {
      server = await Deno.connect({
        hostname: "127.0.0.1",
        port: targetPort(),
      });
    } catch {
      client.close();
      return;
    }
    server.setNoDelay(true);
    const link = { client, server, left: Infinity };
    links.add(link);
    await Promise.all([pump(link, true), pump(link, false)]).catch(() => {});
    end(link);
  }

  async function accept(): Promise<void> {
    while (!closed) {
      const client = await listener.accept().catch(() => null);
      if (client === null) return;
      const serving = serve(client).finally(() => running.delete(serving));
      running.add(serving);
    }
  }

  const accepting = accept();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    toxics,
    get open() {
      return links.size;
    },
    get flipped() {
      return flipped;
    },
    cutAfter(bytes) {
      for (const link of links) link.left = bytes;
    },
    reset() {
      for (const link of [...links]) end(link);
    },
    async close() {
      closed = true;
      listener.close();
      for (const link of [...links]) end(link);
      await accepting;
      await Promise.all([...running]);
    },
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
