import { decodeEntry } from "../buffer/tick_codec.ts";
import { epochMicros } from "../domain/time.ts";
import type { ArchivedEntry, RawEntry } from "../ports.ts";

/** What an entry is found by, or `null` if it has no ticks. */
export function describeEntry(raw: RawEntry): ArchivedEntry | null {
  const { ticks, symbols, receivedAt } = decodeEntry(raw.bytes);
  if (ticks.length === 0) return null;
  let from = Infinity;
  let to = -Infinity;
  const used = new Set<number>();
  for (let i = 0; i < ticks.length; i++) {
    from = Math.min(from, ticks.ts[i]);
    to = Math.max(to, ticks.ts[i]);
    used.add(ticks.symbol[i]);
  }
  return {
    ...raw,
    receivedAt,
    from: epochMicros(from),
    to: epochMicros(to),
    symbols: [...used].map((index) => symbols[index].symbol),
  };
}
