import fc from "fast-check";
import { ENTRY_KINDS, type StreamEntry } from "../../domain/entry.ts";
import {
  REJECT_REASONS,
  type TickColumns,
  tickColumns,
} from "../../domain/tick.ts";
import { epochMicros } from "../../domain/time.ts";

interface Row {
  readonly symbol: number;
  readonly ts: number;
  readonly price: number;
  readonly size: number;
  readonly seq: number;
}

/** Columns with one row of `rows` each. */
export function columnsOf(rows: readonly Row[]): TickColumns {
  const ticks = tickColumns(rows.length);
  rows.forEach((row, i) => {
    ticks.symbol[i] = row.symbol;
    ticks.ts[i] = row.ts;
    ticks.price[i] = row.price;
    ticks.size[i] = row.size;
    ticks.seq[i] = row.seq;
  });
  ticks.length = rows.length;
  return ticks;
}

const WHOLE = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

/** A column in every way that it can be packed. */
const column = (n: number) =>
  fc.oneof(
    WHOLE.map((value) => Array(n).fill(value)),
    fc.nat().map((first) => Array.from({ length: n }, (_, i) => first + i)),
    fc.tuple(fc.nat(), fc.array(fc.nat(), { minLength: n, maxLength: n }))
      .map(([base, more]) => more.map((value) => base + value)),
    fc.array(WHOLE, { minLength: n, maxLength: n }),
  );

const ticks = fc.nat(40).chain((n) =>
  fc.record({
    symbol: fc.oneof(
      fc.nat(9).map((symbol) => Array(n).fill(symbol)),
      fc.array(fc.nat(0xffff), { minLength: n, maxLength: n }),
    ),
    ts: column(n),
    price: column(n),
    size: column(n),
    seq: column(n),
  }).map((columns) =>
    columnsOf(Array.from({ length: n }, (_, i) => ({
      symbol: columns.symbol[i],
      ts: columns.ts[i],
      price: columns.price[i],
      size: columns.size[i],
      seq: columns.seq[i],
    })))
  )
);

const text = fc.string({ unit: "binary", maxLength: 40 });
const micros = WHOLE.map(epochMicros);

/** Any entry at all, also ones that no feed would send. */
export const arbitraryEntry: fc.Arbitrary<StreamEntry> = fc.record({
  kind: fc.constantFrom(...ENTRY_KINDS),
  key: fc.record({ feed: text, epoch: fc.nat() }, { noNullPrototype: true }),
  delivery: fc.constantFrom("acked" as const, "best_effort" as const),
  node: fc.constantFrom("", "main", "b"),
  replay: fc.boolean(),
  receivedAt: micros,
  received: fc.nat(),
  duplicates: fc.nat(),
  symbols: fc.array(
    fc.record({
      symbol: text,
      priceScale: fc.nat(8),
      sizeScale: fc.nat(8),
    }, { noNullPrototype: true }),
    { maxLength: 3 },
  ),
  ticks,
  rejects: fc.array(
    fc.record({
      seq: fc.option(fc.nat()),
      line: fc.nat(),
      reason: fc.constantFrom(...REJECT_REASONS),
      detail: text,
      symbol: fc.option(text),
      ts: fc.option(micros),
      raw: text,
    }, { noNullPrototype: true }),
    { maxLength: 3 },
  ),
  readmitted: fc.array(fc.nat(), { maxLength: 3 }),
  gaps: fc.array(
    fc.record({ from: fc.nat(), to: fc.nat() }, { noNullPrototype: true }),
    { maxLength: 3 },
  ),
}, { noNullPrototype: true });
