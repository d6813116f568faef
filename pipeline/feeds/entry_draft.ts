import type {
  Delivery,
  EntryKind,
  EntrySymbol,
  SeqGap,
} from "../domain/entry.ts";
import { MinuteSpread } from "../domain/minute_spread.ts";
import { type Reject, type TickColumns, tickColumns } from "../domain/tick.ts";
import type { EpochMicros } from "../domain/time.ts";
import type { Handed } from "./ack_tracker.ts";

/**
 * Ticks that one entry holds at most. Of many symbols a large one is cheaper,
 * as each has its name in it, its candle and its progress; but a window for
 * acks must have room for some of each partition.
 */
const ENTRY_TICKS_MAX: Readonly<Record<Delivery, number>> = {
  acked: 4_096,
  best_effort: 16_384,
};
/**
 * Minutes that the ticks of one entry go to beyond the first of each symbol: an
 * entry is committed as a whole, and each minute is a candle of it.
 */
export const ENTRY_FURTHER_MINUTES_MAX = 256;
/** Bytes of rejects that one entry holds at most, about. */
export const ENTRY_REJECT_BYTES_MAX = 65_536;

const FIRST_CAPACITY = 64;
/** Columns up to this many ticks are kept, larger ones only if they are used. */
const KEPT_CAPACITY = 4_096;
/** About what a reject takes beside its text. */
const REJECT_OVERHEAD_BYTES = 128;

/** A tick that was rejected once; `trigger` is the number that brought it back. */
interface Readmission {
  readonly row: number;
  readonly seq: number;
  readonly trigger: number;
}

/** What will be one entry: sealed, waiting to be appended, or on its way. */
export interface SealedDraft {
  readonly kind: EntryKind;
  received: number;
  duplicates: number;
  readonly symbols: readonly EntrySymbol[];
  ticks: TickColumns;
  rejects: readonly Reject[];
  readmissions: readonly Readmission[];
  gaps: readonly SeqGap[];
  /** Number of its last line, or 0 if none has one. */
  readonly chainTo: number;
  readonly handed: Handed;
  /** When its first line came. */
  readonly since: EpochMicros;
}

/** The entry being filled: columns that grow, and are used again. */
export class EntryDraft {
  received = 0;
  duplicates = 0;
  chainTo = 0;
  handed: Handed | null = null;
  /** When its first line came; of no meaning before. */
  since = 0 as EpochMicros;
  /** Changes with each entry: symbols are numbered anew in each. */
  version = 1;
  #symbols: EntrySymbol[] = [];
  #ticks = tickColumns(FIRST_CAPACITY);
  #capacity = FIRST_CAPACITY;
  readonly #spread = new MinuteSpread();
  #rejects: Reject[] = [];
  #rejectBytes = 0;
  #readmissions: Readmission[] = [];
  #gaps: SeqGap[] = [];

  readonly #ticksMax: number;

  constructor(delivery: Delivery) {
    this.#ticksMax = ENTRY_TICKS_MAX[delivery];
  }

  /** It has lines that must not wait, not only counts. */
  get pressing(): boolean {
    return this.#ticks.length > 0 || this.#rejects.length > 0 ||
      this.#gaps.length > 0;
  }

  get empty(): boolean {
    return !this.pressing && this.received === 0;
  }

  get full(): boolean {
    return this.#ticks.length >= this.#ticksMax ||
      this.#spread.count >= ENTRY_FURTHER_MINUTES_MAX ||
      this.#rejectBytes >= ENTRY_REJECT_BYTES_MAX;
  }

  /** Number of a symbol in this entry. */
  addSymbol(symbol: EntrySymbol): number {
    return this.#symbols.push(symbol) - 1;
  }

  addTick(
    slot: number,
    ts: number,
    price: number,
    size: number,
    seq: number,
  ): void {
    if (this.#ticks.length === this.#capacity) this.#grow();
    const ticks = this.#ticks;
    const i = ticks.length++;
    ticks.symbol[i] = slot;
    ticks.ts[i] = ts;
    ticks.price[i] = price;
    ticks.size[i] = size;
    ticks.seq[i] = seq;
    this.#spread.add(slot, ts);
  }

  /** The tick added last is one that was rejected before. */
  markReadmitted(seq: number, trigger: number): void {
    this.#readmissions.push({ row: this.#ticks.length - 1, seq, trigger });
  }

  addReject(reject: Reject): void {
    this.#rejects.push(reject);
    this.#rejectBytes += reject.raw.length + reject.detail.length +
      REJECT_OVERHEAD_BYTES;
  }

  addGap(gap: SeqGap): void {
    this.#gaps.push(gap);
  }

  /** Takes out what was collected, and begins the next entry. */
  seal(kind: EntryKind, handed: Handed): SealedDraft {
    const sealed: SealedDraft = {
      kind,
      received: this.received,
      duplicates: this.duplicates,
      symbols: this.#symbols,
      ticks: copyTicks(this.#ticks),
      rejects: this.#rejects,
      readmissions: this.#readmissions,
      gaps: this.#gaps,
      chainTo: this.chainTo,
      handed,
      since: this.since,
    };
    this.received = 0;
    this.duplicates = 0;
    this.chainTo = 0;
    this.handed = null;
    this.version += 1;
    this.#symbols = [];
    this.#clearTicks();
    this.#spread.clear();
    this.#rejects = [];
    this.#rejectBytes = 0;
    this.#readmissions = [];
    this.#gaps = [];
    return sealed;
  }

  #clearTicks(): void {
    const unused = this.#capacity > 4 * this.#ticks.length;
    this.#ticks.length = 0;
    if (!unused || this.#capacity <= KEPT_CAPACITY) return;
    this.#capacity = KEPT_CAPACITY;
    this.#ticks = tickColumns(KEPT_CAPACITY);
  }

  #grow(): void {
    this.#capacity *= 2;
    const wider = tickColumns(this.#capacity);
    const { length, symbol, ts, price, size, seq } = this.#ticks;
    wider.length = length;
    wider.symbol.set(symbol);
    wider.ts.set(ts);
    wider.price.set(price);
    wider.size.set(size);
    wider.seq.set(seq);
    this.#ticks = wider;
  }
}

function copyTicks(ticks: TickColumns): TickColumns {
  const n = ticks.length;
  return {
    length: n,
    symbol: ticks.symbol.slice(0, n),
    ts: ticks.ts.slice(0, n),
    price: ticks.price.slice(0, n),
    size: ticks.size.slice(0, n),
    seq: ticks.seq.slice(0, n),
  };
}

/**
 * Leaves out of a draft what another writer has appended already: everything
 * with a number up to `last`, which becomes a duplicate.
 */
export function dropAppended(draft: SealedDraft, last: number): void {
  keepTicks(draft, (i, readmission) => {
    const seq = readmission ? readmission.trigger : draft.ticks.seq[i];
    if (seq > last) return true;
    // A readmitted tick was counted when it was rejected.
    if (!readmission) draft.duplicates += 1;
    return false;
  });
  const rejects = draft.rejects.filter(({ seq }) => seq === null || seq > last);
  draft.duplicates += draft.rejects.length - rejects.length;
  draft.rejects = rejects;
  draft.gaps = draft.gaps.filter(({ to }) => to > last);
}

/**
 * Takes back no tick with a number up to `last`: another writer may have done
 * that, or accepted it. One that it rejected stays so.
 */
export function dropReadmissions(draft: SealedDraft, last: number): void {
  if (!draft.readmissions.some(({ seq }) => seq <= last)) return;
  keepTicks(
    draft,
    (_, readmission) => !(readmission && readmission.seq <= last),
  );
}

function keepTicks(
  draft: SealedDraft,
  keeps: (row: number, readmission: Readmission | undefined) => boolean,
): void {
  const readmissions = new Map(
    draft.readmissions.map((entry) => [entry.row, entry]),
  );
  const kept = copyTicks(draft.ticks);
  const keptReadmissions: Readmission[] = [];
  let n = 0;
  for (let i = 0; i < draft.ticks.length; i++) {
    const readmission = readmissions.get(i);
    if (!keeps(i, readmission)) continue;
    if (readmission) keptReadmissions.push({ ...readmission, row: n });
    kept.symbol[n] = draft.ticks.symbol[i];
    kept.ts[n] = draft.ticks.ts[i];
    kept.price[n] = draft.ticks.price[i];
    kept.size[n] = draft.ticks.size[i];
    kept.seq[n] = draft.ticks.seq[i];
    n += 1;
  }
  kept.length = n;
  draft.ticks = copyTicks(kept);
  draft.readmissions = keptReadmissions;
}
