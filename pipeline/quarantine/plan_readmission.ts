import {
  type EntrySymbol,
  feedKeyText,
  type StreamEntry,
  streamEntry,
} from "../domain/entry.ts";
import type { QuarantineId } from "../domain/quarantine_id.ts";
import { tickColumns } from "../domain/tick.ts";
import type { EpochMicros } from "../domain/time.ts";
import type { QuarantinedRow } from "../ports.ts";
import {
  type ReadableTick,
  readableTick,
  type ReadContext,
} from "./readable_tick.ts";

/** Rows that one entry takes back at most. */
export const READMIT_ROWS_MAX = 500;

export interface ReadmissionPlan {
  /** The next entry to append, but for its number; `null` if there is none. */
  readonly next: PlannedEntry | null;
  readonly refused: readonly {
    readonly id: QuarantineId;
    readonly why: string;
  }[];
}

export interface PlannedEntry {
  readonly rows: readonly QuarantineId[];
  /** The entry as the readmission of that number. */
  readonly entry: (n: number, at: EpochMicros) => StreamEntry;
}

interface Usable {
  readonly row: QuarantinedRow;
  readonly tick: ReadableTick;
}

/**
 * What can be taken back of a partition's rows, as they are now.
 *
 * An entry is of one feed: its next one has as many rows of the first row's
 * feed as it may. Rows without a number of their feed get an entry that says
 * nothing of numbers.
 */
export function planReadmission(
  rows: readonly QuarantinedRow[],
  context: ReadContext,
): ReadmissionPlan {
  const refused: { id: QuarantineId; why: string }[] = [];
  const usable: Usable[] = [];
  for (const row of rows) {
    const tick = readableTick(row, context);
    if (typeof tick === "string") refused.push({ id: row.id, why: tick });
    else usable.push({ row, tick });
  }
  if (usable.length === 0) return { next: null, refused };
  const first = groupOf(usable[0].row);
  const group = usable.filter(({ row }) => groupOf(row) === first)
    .slice(0, READMIT_ROWS_MAX);
  return { next: plannedEntry(group), refused };
}

function groupOf({ key, delivery, reject }: QuarantinedRow): string {
  const numbered = delivery === "acked" && reject.seq !== null;
  return `${feedKeyText(key)} ${numbered}`;
}

function plannedEntry(group: readonly Usable[]): PlannedEntry {
  const symbols = new Map<string, EntrySymbol>();
  for (const { tick: { instrument } } of group) {
    const { symbol, priceScale, sizeScale } = instrument;
    symbols.set(symbol, { symbol, priceScale, sizeScale });
  }
  const names = [...symbols.keys()];
  const ticks = tickColumns(group.length);
  ticks.length = group.length;
  for (const [i, { tick }] of group.entries()) {
    ticks.symbol[i] = names.indexOf(tick.instrument.symbol);
    ticks.ts[i] = tick.ts;
    ticks.price[i] = tick.price;
    ticks.size[i] = tick.size;
    ticks.seq[i] = tick.seq;
  }
  const [{ row: { key, delivery, reject } }] = group;
  const rows = group.map(({ row }) => row.id);
  return {
    rows,
    entry: (n, receivedAt) =>
      streamEntry({
        kind: "readmit",
        key,
        delivery: reject.seq === null ? "best_effort" : delivery,
        receivedAt,
        symbols: [...symbols.values()],
        ticks,
        readmission: {
          n,
          rows: rows.map(({ incarnation, id, index }) => ({
            incarnation,
            id,
            index,
          })),
        },
      }),
  };
}
