import { assert } from "../domain/assert.ts";
import type { ClosedBy } from "../domain/candle.ts";
import { feedKeyText, type QuarantinePlace } from "../domain/entry.ts";
import type { RejectReason } from "../domain/tick.ts";
import type { EpochMicros } from "../domain/time.ts";
import type {
  Commit,
  DirtyRollup,
  EntryId,
  FeedTotals,
  FormingMinute,
  GapRow,
  QuarantineRow,
} from "../ports.ts";
import { CandleSteps } from "./candle_steps.ts";
import type { FeedBook } from "./feed_book.ts";
import type { Bucket, FeedReach } from "./symbol_book.ts";

/** What applying some entries changes: a commit without its fence. */
export type BookOutcome =
  & Omit<Commit, "p" | "leaseEpoch" | "expect" | "incarnation">
  & {
    /** Minutes that took ticks and are not closed; each once. */
    readonly forming: readonly FormingMinute[];
  };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What entries change, until it is taken out. */
export class BookChange {
  /** The last of them; `null` before the first. */
  next: EntryId | null = null;
  applied = 0;
  readonly steps = new CandleSteps();
  readonly forming = new Set<FormingMinute>();
  readonly feeds = new Set<FeedBook>();
  readonly quarantine: QuarantineRow[] = [];
  readonly readmitted: { key: FeedTotals["key"]; seq: number }[] = [];
  readonly takenBack: QuarantinePlace[] = [];
  readonly gaps: GapRow[] = [];
  readonly #dirty = new Map<string, DirtyRollup>();
  readonly #reaches = new Set<FeedReach>();
  readonly #forgotten = new Map<string, Commit["forgotten"][number]>();
  readonly #rejected = new Map<string, Mutable<Commit["rejected"][number]>>();

  /** @param readmittedThrough The last readmission before it. */
  constructor(private readonly readmittedThrough: number) {}

  /** Marks a longer candle that must be made anew. */
  markDirty(
    symbol: string,
    { interval, t, end }: Bucket,
    closedBy: ClosedBy | null,
    coverageMs?: number,
  ): void {
    const key = `${symbol}|${interval}|${t}`;
    const mark = { symbol, interval, t, end };
    // What closes a candle first has closed it.
    const known = this.#dirty.get(key);
    const closing = known?.closedBy ? known : { closedBy, coverageMs };
    this.#dirty.set(key, {
      ...mark,
      closedBy: closing.closedBy,
      ...closing.closedBy && { coverageMs: closing.coverageMs },
    });
  }

  /** How far a feed has come in an instrument is to be stored. */
  reached(reach: FeedReach): void {
    this.#reaches.add(reach);
    if (this.#forgotten.size > 0) this.#forgotten.delete(nameOf(reach));
  }

  /** How far a feed had come in an instrument is kept no longer. */
  forget(reach: FeedReach): void {
    const { key, symbol } = reach.row;
    this.#forgotten.set(nameOf(reach), { key, symbol });
  }

  countRejects(
    totals: Mutable<FeedTotals>,
    reason: RejectReason,
    count: number,
  ): void {
    totals.rejected += count;
    const name = `${feedKeyText(totals.key)}|${reason}`;
    const row = this.#rejected.get(name);
    if (row) row.count += count;
    else this.#rejected.set(name, { key: totals.key, reason, count });
  }

  /** All of it, as the book stands now. */
  outcome(
    markedAt: EpochMicros | null,
    readmittedThrough: number,
  ): BookOutcome {
    const { next } = this;
    assert(next !== null, "there are entries to apply");
    return {
      next,
      markedAt,
      steps: this.steps.list(),
      dirty: [...this.#dirty.values()],
      forming: [...this.forming],
      progress: [...this.#reaches].map(({ row }) => ({ ...row })),
      forgotten: [...this.#forgotten.values()],
      feeds: [...this.feeds].map(({ totals }) => ({ ...totals })),
      rejected: [...this.#rejected.values()],
      quarantine: this.quarantine,
      readmitted: this.readmitted,
      ...readmittedThrough > this.readmittedThrough && {
        readmission: { through: readmittedThrough, rows: this.takenBack },
      },
      gaps: this.gaps,
      applied: this.applied,
    };
  }
}

function nameOf({ row: { key, symbol } }: FeedReach): string {
  return `${feedKeyText(key)}|${symbol}`;
}
