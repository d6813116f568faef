import { SLOTS } from "./redis_slot.ts";
import type { RedisReply } from "./redis_session.ts";

/** Which server has which slots, as one of them says. */
export interface ClusterMap {
  /** Address of the primary of each slot; absent where none has it. */
  readonly primaries: readonly (string | undefined)[];
  /** Addresses of all servers with slots, replicas too. */
  readonly addresses: ReadonlySet<string>;
  /** The same for the same primaries of the same slots. */
  readonly text: string;
}

/**
 * Reads the answer to CLUSTER SLOTS.
 *
 * @param asked Host of the server that was asked, which may not know its own.
 */
export function readClusterMap(reply: RedisReply, asked: string): ClusterMap {
  const primaries: (string | undefined)[] = Array(SLOTS);
  const addresses = new Set<string>();
  const ranges: string[] = [];
  for (const range of reply as RedisReply[][]) {
    const [first, last, ...servers] = range;
    const [primary, ...replicas] = (servers as RedisReply[][]).map(
      ([host, port]) => addressOf(String(host ?? ""), Number(port), asked),
    );
    for (const address of [primary, ...replicas]) addresses.add(address);
    primaries.fill(primary, Number(first), Number(last) + 1);
    ranges.push(`${first}-${last} ${primary}`);
  }
  return { primaries, addresses, text: ranges.sort().join() };
}

/** As `127.0.0.1:7001`, of a redirection or a map. */
export function addressOf(host: string, port: number, asked: string): string {
  const known = host === "" || host === "?" ? asked : host;
  const bare = known.replace(/^\[(.*)\]$/, "$1");
  return bare.includes(":") ? `[${bare}]:${port}` : `${bare}:${port}`;
}

/** What most servers say, and of as many the first: one that is cut off from
 * the others does not know what became of them. */
export function commonMap(maps: readonly ClusterMap[]): ClusterMap | null {
  const same = Map.groupBy(maps, ({ text }) => text);
  let most: readonly ClusterMap[] = [];
  for (const group of same.values()) {
    if (group.length > most.length) most = group;
  }
  return most[0] ?? null;
}
