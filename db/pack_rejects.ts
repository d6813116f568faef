import { READABLE_REASONS } from "../pipeline/domain/tick.ts";
import type { EpochMicros } from "../pipeline/domain/time.ts";
import type { QuarantineRow } from "../pipeline/ports.ts";

/** Fewer lines of an entry than this are a row each. */
const LINES_MIN = 16;

/** Lines of one entry that hold no tick, as they are kept. */
export interface RejectPack
  extends Pick<QuarantineRow, "entryId" | "key" | "receivedAt"> {
  readonly count: number;
  /** Earliest and latest time of a line, or when it came if it has none. */
  readonly from: EpochMicros;
  readonly to: EpochMicros;
  /** Lowest and highest number, if any line has one. */
  readonly seqFrom: number | null;
  readonly seqTo: number | null;
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
  let seqFrom = Infinity;
  let seqTo = -Infinity;
  for (const { reject: { seq, ts } } of held) {
    const t = ts ?? receivedAt;
    if (t < from) from = t;
    if (t > to) to = t;
    if (seq === null) continue;
    if (seq < seqFrom) seqFrom = seq;
    if (seq > seqTo) seqTo = seq;
  }
  return {
    entryId,
    key,
    receivedAt,
    count: held.length,
    from: from as EpochMicros,
    to: to as EpochMicros,
    seqFrom: seqFrom === Infinity ? null : seqFrom,
    seqTo: seqTo === -Infinity ? null : seqTo,
    lines: readableJson(
      JSON.stringify(held.map(({ index, reject }) => ({ index, ...reject }))),
    ),
  };
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
