/** A port that was free a moment ago, for a program that must come back to it. */
export function freePort(): number {
  return freePorts(1)[0];
}

/** Several, no two of them the same. */
export function freePorts(count: number): readonly number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  for (const listener of listeners) listener.close();
  return listeners.map(({ addr }) => addr.port);
}
