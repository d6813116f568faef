/** Below those that the system gives to whoever asks for any. */
const PORTS = { first: 20_000, last: 32_767 };

/**
 * A port that was free a moment ago, for a program that must come back to it.
 * Nobody else is given it meanwhile: neither a listener nor a connection.
 */
export function freePort(): number {
  return freePorts(1)[0];
}

/** Several, no two of them the same. */
export function freePorts(count: number): readonly number[] {
  const listeners: Deno.TcpListener[] = [];
  while (listeners.length < count) {
    const { first, last } = PORTS;
    const port = first + Math.floor(Math.random() * (last - first + 1));
    try {
      listeners.push(Deno.listen({ hostname: "127.0.0.1", port }));
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  for (const listener of listeners) listener.close();
  return listeners.map(({ addr }) => addr.port);
}
