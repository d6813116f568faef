/** A server by its port on this machine, or elsewhere. */
export type RedisAt = number | { readonly host: string; readonly port: number };

/**
 * One command to a Redis, and its answer as it is on the wire.
 *
 * @throws {Error} If nobody answers, or the answer is an error.
 */
export async function redisCommand(
  at: RedisAt,
  ...args: readonly string[]
): Promise<string> {
  const { host: hostname, port } = typeof at === "number"
    ? { host: "127.0.0.1", port: at }
    : at;
  using connection = await Deno.connect({ hostname, port });
  const encoder = new TextEncoder();
  const parts = args.map((arg) =>
    `$${encoder.encode(arg).length}\r\n${arg}\r\n`
  );
  await connection.write(
    encoder.encode(`*${args.length}\r\n${parts.join("")}`),
  );
  const into = new Uint8Array(65_536);
  let text = "";
  const decoder = new TextDecoder();
  while (!isWhole(text)) {
    const n = await connection.read(into);
    if (n === null) throw new Error(`Redis hung up after ${args[0]}`);
    text += decoder.decode(into.subarray(0, n), { stream: true });
  }
  if (text.startsWith("-")) throw new Error(text.trim());
  return text.replace(/^(?:\$\d+\r\n|[+:])/, "").trimEnd();
}

/** Bytes that Redis has allocated, now and at most. */
export async function redisMemory(
  at: RedisAt,
): Promise<{ readonly used: number; readonly peak: number }> {
  const info = await redisCommand(at, "INFO", "memory");
  const value = (name: string) =>
    Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? NaN);
  return { used: value("used_memory"), peak: value("used_memory_peak") };
}

function isWhole(text: string): boolean {
  const head = text.indexOf("\r\n");
  if (head < 0) return false;
  const bulk = /^\$(\d+)\r\n/.exec(text);
  if (!bulk) return true;
  return new TextEncoder().encode(text).length >=
    bulk[0].length + Number(bulk[1]) + 2;
}
