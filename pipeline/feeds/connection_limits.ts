import type { ConnectionStats } from "./feed_stats.ts";

export interface ConnectionLimitSettings {
  /** Connections at a time, over all listeners. */
  readonly connectionsMax: number;
  /** Of those, from one address; loopback has no such limit. */
  readonly perAddressMax: number;
}

/** Whether an address is this machine's own. */
export function isLoopbackAddress(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(address);
}

/** The connections of all listeners that are open now, within their bounds. */
export class OpenConnections {
  readonly #open = new Map<symbol, {
    readonly address: string;
    stats: (() => ConnectionStats) | null;
  }>();

  constructor(private readonly settings: ConnectionLimitSettings) {}

  /**
   * Lets a connection in, unless there are too many.
   *
   * @returns What to call with its counts and at its end, or `null`.
   */
  enter(address: string): {
    readonly onStats: (stats: () => ConnectionStats) => void;
    readonly leave: () => void;
  } | null {
    if (this.#open.size >= this.settings.connectionsMax) return null;
    if (
      !isLoopbackAddress(address) &&
      this.#from(address) >= this.settings.perAddressMax
    ) return null;
    const id = Symbol(address);
    const entry = { address, stats: null as (() => ConnectionStats) | null };
    this.#open.set(id, entry);
    return {
      onStats: (stats) => entry.stats = stats,
      leave: () => this.#open.delete(id),
    };
  }

  #from(address: string): number {
    let count = 0;
    for (const open of this.#open.values()) {
      if (open.address === address) count += 1;
    }
    return count;
  }

  stats(): readonly ConnectionStats[] {
    return [...this.#open.values()].flatMap(({ stats }) =>
      stats ? [stats()] : []
    );
  }
}
