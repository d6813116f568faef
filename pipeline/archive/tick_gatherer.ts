import { decodeEntry } from "../buffer/tick_codec.ts";
import { assert } from "../domain/assert.ts";
import { rescale } from "../domain/decimal.ts";
import {
  type FeedKey,
  feedKeyText,
  feedOrder,
  type QuarantinePlace,
  type StreamEntry,
} from "../domain/entry.ts";
import type { EntryId, RefusedTicks, StreamedEntry } from "../ports.ts";
import type { SymbolTicks } from "./symbol_ticks.ts";

/** More ticks than one request may read. */
export class TooManyTicksError extends Error {
  override name = "TooManyTicksError";
}

/** An entry that has ticks of the range. */
interface Source {
  readonly incarnation: string;
  readonly id: EntryId;
  readonly key: FeedKey;
  readonly name: string;
  readonly order: number;
  readonly acked: boolean;
  readonly priceScale: number;
  readonly sizeScale: number;
}

interface Found {
  readonly source: Source;
  /** Place in its entry, which counts the rejects first. */
  readonly index: number;
  /** The row of the quarantine that it was taken out of. */
  readonly row: QuarantinePlace | null;
  readonly ts: number;
  readonly price: number;
  readonly size: number;
  readonly seq: number;
}

/** Collects the ticks of one instrument and range out of entries. */
export class TickGatherer {
  readonly #sources = new Map<string, Source>();
  readonly #ticks: Found[] = [];

  constructor(
    private readonly wanted: {
      readonly symbol: string;
      readonly from: number;
      readonly to: number;
      readonly ticksMax: number;
    },
  ) {}

  /**
   * Takes an entry, once however often it is given.
   *
   * @throws {TooManyTicksError} If there are more ticks than were wanted.
   */
  add({ incarnation, id, bytes }: StreamedEntry): void {
    const place = placeText(incarnation, id);
    if (this.#sources.has(place)) return;
    const entry = decodeEntry(bytes);
    const { symbol, from, to, ticksMax } = this.wanted;
    const { ticks, symbols } = entry;
    const at = symbols.findIndex((known) => known.symbol === symbol);
    if (at < 0) return;
    let source: Source | null = null;
    for (let i = 0; i < ticks.length; i++) {
      const ts = ticks.ts[i];
      if (ticks.symbol[i] !== at || ts < from || ts >= to) continue;
      source ??= sourceOf(entry, at, { incarnation, id });
      this.#ticks.push({
        source,
        index: entry.rejects.length + i,
        row: entry.readmission?.rows[i] ?? null,
        ts,
        price: ticks.price[i],
        size: ticks.size[i],
        seq: ticks.seq[i],
      });
    }
    if (this.#ticks.length > ticksMax) {
      throw new TooManyTicksError(
        `Cannot read more than ${ticksMax} ticks of ${symbol} at once`,
      );
    }
    if (source) this.#sources.set(place, source);
  }

  /** What must be asked of the archive to leave out what was refused. */
  questions(): {
    readonly entries: readonly Pick<Source, "incarnation" | "id">[];
    readonly numbers: readonly {
      readonly key: FeedKey;
      readonly from: number;
      readonly to: number;
    }[];
  } {
    const numbers = new Map<
      string,
      { key: FeedKey; from: number; to: number }
    >();
    for (const { source, seq } of this.#ticks) {
      if (!source.acked) continue;
      const range = numbers.get(source.name);
      if (!range) {
        numbers.set(source.name, { key: source.key, from: seq, to: seq });
      } else {
        range.from = Math.min(range.from, seq);
        range.to = Math.max(range.to, seq);
      }
    }
    const entries = new Map<string, Pick<Source, "incarnation" | "id">>();
    for (const [place, source] of this.#sources) entries.set(place, source);
    for (const { row } of this.#ticks) {
      if (row === null) continue;
      const { incarnation } = row;
      const id = row.id as EntryId;
      entries.set(placeText(incarnation, id), { incarnation, id });
    }
    return { entries: [...entries.values()], numbers: [...numbers.values()] };
  }

  /**
   * The ticks that made candles, each once.
   *
   * A tick that was refused stays out where it is: if it was taken later, an
   * entry of its own brought it, which counts if its row says that it did. A
   * number of an acked feed counts once, since a stream that was begun anew
   * has lines that the one before had; and not at all while it is in
   * quarantine, whichever stream brought it.
   */
  ticks(refused: RefusedTicks): SymbolTicks {
    const places = new Map(
      refused.places.map((place) => [rowText(place), place.readmitted]),
    );
    const numbers = new Set(
      refused.numbers.map(({ key, seq }) => `${feedKeyText(key)}|${seq}`),
    );
    const taken = new Set<string>();
    const sorted = this.#ticks.filter(({ source, index, seq, row }) => {
      const { incarnation, id, name, acked } = source;
      if (row !== null) {
        const text = rowText(row);
        if (taken.has(text) || places.get(text) !== true) return false;
        taken.add(text);
        return true;
      }
      if (places.size > 0 && places.has(rowText({ incarnation, id, index }))) {
        return false;
      }
      return !acked || numbers.size === 0 || !numbers.has(`${name}|${seq}`);
    }).sort(inTotalOrder);
    const once = sorted.filter((tick, i) =>
      i === 0 || !isSameTick(sorted[i - 1], tick)
    );
    return columnsOf(once);
  }
}

function sourceOf(
  entry: StreamEntry,
  at: number,
  { incarnation, id }: { readonly incarnation: string; readonly id: EntryId },
): Source {
  const { priceScale, sizeScale } = entry.symbols[at];
  return {
    incarnation,
    id,
    key: entry.key,
    name: feedKeyText(entry.key),
    order: feedOrder(entry.key),
    acked: entry.delivery === "acked",
    priceScale,
    sizeScale,
  };
}

function placeText(incarnation: string, id: EntryId): string {
  return `${incarnation}|${id}`;
}

function rowText({ incarnation, id, index }: QuarantinePlace): string {
  return `${incarnation}|${id}|${index}`;
}

function inTotalOrder(a: Found, b: Found): number {
  return a.ts - b.ts || a.source.order - b.source.order || a.seq - b.seq ||
    a.price - b.price;
}

function isSameTick(a: Found, b: Found): boolean {
  return a.source.acked && a.seq === b.seq && a.ts === b.ts &&
    a.source.name === b.source.name;
}

function columnsOf(ticks: readonly Found[]): SymbolTicks {
  const priceScale = ticks.reduce(
    (most, { source }) => Math.max(most, source.priceScale),
    0,
  );
  const sizeScale = ticks.reduce(
    (most, { source }) => Math.max(most, source.sizeScale),
    0,
  );
  const column = (of: (tick: Found) => number) => Float64Array.from(ticks, of);
  return {
    length: ticks.length,
    priceScale,
    sizeScale,
    ts: column(({ ts }) => ts),
    price: column(({ price, source }) =>
      widened(price, source.priceScale, priceScale)
    ),
    size: column(({ size, source }) =>
      widened(size, source.sizeScale, sizeScale)
    ),
    feed: column(({ source }) => source.order),
    seq: column(({ seq }) => seq),
  };
}

function widened(units: number, from: number, to: number): number {
  const wide = rescale(units, from, to);
  assert(wide !== null, `${units} fits in a double at scale ${to}`);
  return wide;
}
