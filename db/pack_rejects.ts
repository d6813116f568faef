import {
  READABLE_REASONS,
  type RejectReason,
} from "../pipeline/domain/tick.ts";
import { type EpochMicros, MICROS_PER_DAY } from "../pipeline/domain/time.ts";
import type { QuarantineRow } from "../pipeline/ports.ts";

/** Fewer lines of an entry than this are a row each. */
const LINES_MIN = 16;
/** Characters of all symbols that are told of a pack: some 500 symbols. */
const SYMBOLS_LENGTH_MAX = 4_096;
/** Days that are told of a pack. */
const DAYS_MAX = 16;

/** Lines of one entry that hold no tick, as they are kept. */
export interface RejectPack
  extends Pick<QuarantineRow, "entryId" | "key" | "receivedAt"> {
  readonly count: number;
  /** Earliest and latest time of a line, or when it came if it has none. */
  readonly from: EpochMicros;
  readonly to: EpochMicros;
  /** Days since 1970 that these times are in; `null` if they are too many. */
  readonly days: readonly number[] | null;
  readonly reasons: readonly RejectReason[];
  /** Symbols of the lines; `null` if they are too many, or too long. */
  readonly symbols: readonly string[] | null;
  /** A JSON array in one line, as `packed_lines` reads it. */
  readonly lines: string;
}

/**
 * Puts lines that hold no tick together, those of an entry as one: nobody can
 * take them back, so that none is changed any more. Few of an entry stay rows,
 * and so do all that may hold a tick.
 */
export function packRejects(quarantine: readonly QuarantineRow[]): {
  readonly rows: readonly QuarantineRow[];
  readonly packs: readonly RejectPack[];
} {
  if (quarantine.length < LINES_MIN) return { rows: quarantine, packs: [] };
  const rows: QuarantineRow[] = [];
  const packs: RejectPack[] = [];
  for (let from = 0; from < quarantine.length;) {
    const { entryId } = quarantine[from];
    const held: QuarantineRow[] = [];
    let to = from;
    for (; quarantine[to]?.entryId === entryId; to++) {
      const row = quarantine[to];
      if (READABLE_REASONS.has(row.reject.reason)) rows.push(row);
      else held.push(row);
    }
    if (held.length < LINES_MIN) rows.push(...held);
    else packs.push(packOf(held));
    from = to;
  }
  return { rows, packs };
}

function packOf(held: readonly QuarantineRow[]): RejectPack {
  const { entryId, key, receivedAt } = held[0];
  let from = Infinity;
  let to = -Infinity;
  const days = new Set<number>();
  const reasons = new Set<RejectReason>();
  const symbols = new Set<string>();
  for (const { reject: { reason, symbol, ts } } of held) {
    const t = ts ?? receivedAt;
    if (t < from) from = t;
    if (t > to) to = t;
    days.add(Math.floor(t / MICROS_PER_DAY));
    reasons.add(reason);
    if (symbol !== null) symbols.add(symbol);
  }
  return {
    entryId,
    key,
    receivedAt,
    count: held.length,
    from: from as EpochMicros,
    to: to as EpochMicros,
    days: days.size > DAYS_MAX ? null : [...days],
    reasons: [...reasons],
    symbols: lengthOf(symbols) > SYMBOLS_LENGTH_MAX ? null : [...symbols],
    lines: readableJson(
      JSON.stringify(held.map(({ index, reject }) => ({ index, ...reject }))),
    ),
  };
}

function lengthOf(texts: Iterable<string>): number {
  let length = 0;
  for (const text of texts) length += text.length;
  return length;
}

/** Escapes of what no text of PostgreSQL holds: NUL, and halves of a pair. */
const UNREADABLE = /\\u(?:0000|d[89a-f])/;
/** Any escape, so that none is looked for within another. */
const ESCAPE = /\\(?:u0000|ud[89a-f][0-9a-f]{2}|.)/g;

function readableJson(json: string): string {
  if (!UNREADABLE.test(json)) return json;
  return json.replace(
    ESCAPE,
    (escape) => escape.length > 2 ? "\u{FFFD}" : escape,
  );
}
