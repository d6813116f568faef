import type { EventName } from "./connect_live.ts";

// deno-lint-ignore no-explicit-any
type Tap = (name: EventName, data: any) => void;

const taps = new Set<Tap>();
/** Streams that are connected, each with its symbols, `null` for all. */
const connected = new Set<{ readonly symbols: readonly string[] | null }>();

/** Hears what any stream of this page tells; returns how to stop. */
export function tapLive(tap: Tap): () => void {
  taps.add(tap);
  return () => taps.delete(tap);
}

// deno-lint-ignore no-explicit-any
export function tellTaps(name: EventName, data: any): void {
  for (const tap of taps) tap(name, data);
}

/** Notes that a stream is connected; returns how to note that it is not. */
export function noteConnected(url: string): () => void {
  const named = new URL(url, "http://localhost").searchParams.get("symbols");
  const stream = { symbols: named === null ? null : named.split(",") };
  connected.add(stream);
  return () => connected.delete(stream);
}

/** Whether a connected stream of this page tells of an instrument. */
export function isHeard(symbol: string): boolean {
  return [...connected].some(({ symbols }) =>
    symbols === null || symbols.includes(symbol)
  );
}
