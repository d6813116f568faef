import { assert, assertNever } from "../domain/assert.ts";
import type { Calendar } from "../domain/calendar.ts";
import type { ClosedBy } from "../domain/candle.ts";
import { formatScaled } from "../domain/decimal.ts";
import {
  feedKeyText,
  feedOrder,
  type QuarantinePlace,
  type StreamEntry,
} from "../domain/entry.ts";
import {
  BASE_INTERVAL,
  ROLLUPS,
  type StoredInterval,
} from "../domain/interval.ts";
import type { Reject, RejectReason } from "../domain/tick.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_MS,
  toIso,
  toMillis,
} from "../domain/time.ts";
import type {
  CandleClose,
  Commit,
  DirtyRollup,
  EntryId,
  FeedProgress,
  FeedTotals,
  FormingMinute,
  GapRow,
  PartitionState,
  QuarantineRow,
  ReadEntry,
} from "../ports.ts";
import { CandleSteps } from "./candle_steps.ts";
import { type EntryFold, foldEntry } from "./fold_entry.ts";

export interface BookSettings {
  /** How much later than the newest tick an older one may come. */
  readonly latenessMs: number;
  /** How long after its end a candle takes late ticks, as revisions. */
  readonly graceMs: number;
  /** Silence of a live feed, beyond the lateness, that ends a candle. */
  readonly idleMs: number;
  /** Silence of a replay that ends its candles. */
  readonly replayIdleMs: number;
  /**
   * How long an acked feed that went away holds its candles open, as it sends
   * again what they lack; counted from its close or the program's start.
   */
  readonly awayMs: number;
}

export const BOOK_DEFAULTS: BookSettings = {
  latenessMs: 3_000,
  graceMs: 24 * 3_600_000,
  idleMs: 2_000,
  replayIdleMs: 60_000,
  awayMs: 60_000,
};

/** What applying some entries changes: a commit without its fence. */
export type BookOutcome =
  & Omit<Commit, "p" | "leaseEpoch" | "expect" | "incarnation">
  & {
    /** Minutes that took ticks and are not closed; each once. */
    readonly forming: readonly FormingMinute[];
  };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface FeedBook {
  readonly order: number;
  readonly totals: Mutable<FeedTotals>;
}

interface ProgressBook {
  readonly feed: FeedBook;
  readonly row: Mutable<FeedProgress>;
}

interface Bucket {
  readonly interval: StoredInterval;
  readonly t: EpochMicros;
  readonly end: EpochMicros;
  /** When it is over: `end`, or the close of the day's last session. */
  readonly closeAt: EpochMicros;
}

interface OpenCandle extends Bucket {
  /** Its row may be closed already, so that each entry is a revision. */
  readonly settled: boolean;
  /** Of a minute: the longer ones that it is in. */
  longer: readonly OpenCandle[];
  /** The marks of those, the same ones as long as those are open. */
  marks: FormingMinute;
  /** How many candles of its symbol had closed when those were open. */
  marksAt: number;
  /** Whether it is among its symbol's open candles. */
  isOpen: boolean;
}

interface SymbolBook {
  readonly symbol: string;
  readonly calendar: Calendar;
  readonly progress: Map<string, ProgressBook>;
  readonly open: Map<string, OpenCandle>;
  /** The minute that took ticks last. */
  minute: OpenCandle | null;
  /** Newest bucket looked up, of each interval. */
  readonly buckets: Map<StoredInterval, Bucket>;
  /** Highest event time of any feed. */
  newest: number;
  /** No open candle is over before this time. */
  nextCloseAt: number;
  /** No open candle begins after this time. */
  lastOpenAt: number;
  /** How many of its candles have closed. */
  closes: number;
}

/** What entries change, until it is taken out. */
interface Batch {
  /** The last of them; `null` before the first. */
  next: EntryId | null;
  readonly readmittedThrough: number;
  readonly steps: CandleSteps;
  readonly dirty: Map<string, DirtyRollup>;
  readonly forming: Set<FormingMinute>;
  readonly progress: Set<ProgressBook>;
  readonly forgotten: Map<string, Commit["forgotten"][number]>;
  readonly feeds: Set<FeedBook>;
  readonly rejected: Map<string, Mutable<Commit["rejected"][number]>>;
  readonly quarantine: QuarantineRow[];
  readonly readmitted: { key: FeedTotals["key"]; seq: number }[];
  readonly takenBack: QuarantinePlace[];
  readonly gaps: GapRow[];
  applied: number;
}

const NONE: ReadonlySet<number> = new Set();

/**
 * The candles of one partition, as a state machine over its stream.
 *
 * All that it decides comes from the entries and the state that it was made
 * from, so the same entries give the same candles, however they are batched
 * and however often a crash makes it begin again at what was stored. Its
 * stored half is the warehouse's: what is in memory are the candles that are
 * not closed, how far each feed has come, and the feeds' totals.
 *
 * Memory: instruments x (feeds + open candles).
 */
export class CandleBook {
  readonly #symbols = new Map<string, SymbolBook>();
  readonly #feeds = new Map<string, FeedBook>();
  readonly #lateness: number;
  readonly #grace: number;
  readonly #idle: number;
  readonly #replayIdle: number;
  readonly #away: number;
  readonly #formingAtFirst: FormingMinute[] = [];
  #batch: Batch;
  #markedAt: EpochMicros | null;
  #readmittedThrough: number;

  /** @param calendarOf Calendar of a symbol that the warehouse knows. */
  constructor(
    state: Pick<
      PartitionState,
      "markedAt" | "progress" | "feeds" | "open" | "readmittedThrough"
    >,
    private readonly calendarOf: (symbol: string) => Calendar,
    settings: BookSettings = BOOK_DEFAULTS,
  ) {
    this.#lateness = settings.latenessMs * MICROS_PER_MS;
    this.#grace = settings.graceMs * MICROS_PER_MS;
    this.#idle = this.#lateness + settings.idleMs * MICROS_PER_MS;
    this.#replayIdle = settings.replayIdleMs * MICROS_PER_MS;
    this.#away = settings.awayMs * MICROS_PER_MS;
    this.#markedAt = state.markedAt;
    this.#readmittedThrough = state.readmittedThrough ?? 0;
    for (const totals of state.feeds) {
      this.#feeds.set(feedKeyText(totals.key), {
        order: feedOrder(totals.key),
        totals: { ...totals },
      });
    }
    for (const row of state.progress) {
      const book = this.#symbol(row.symbol);
      book.progress.set(feedKeyText(row.key), {
        feed: this.#feedOf(row),
        row: { ...row },
      });
      book.newest = Math.max(book.newest, row.maxEvent);
    }
    for (const { symbol, interval, t } of state.open) {
      const book = this.#symbol(symbol);
      this.#keepOpen(book, this.#bucket(book, interval, t), false);
    }
    // A longer candle of which no minute was closed has no mark, maybe no row.
    for (const book of this.#symbols.values()) {
      for (const candle of [...book.open.values()]) {
        if (candle.interval !== BASE_INTERVAL) continue;
        this.#formingAtFirst.push(this.#marksOf(book, candle));
      }
    }
    this.#batch = this.#emptyBatch();
  }

  /** Minutes that were not closed when the book was begun. */
  get formingAtFirst(): readonly FormingMinute[] {
    return this.#formingAtFirst;
  }

  /** How many minutes are changed by what was added and not taken out. */
  get candles(): number {
    return this.#batch.steps.candles;
  }

  /** Applies entries in their order: `add` of each, then `take`. */
  apply(entries: readonly ReadEntry[]): BookOutcome {
    for (const read of entries) this.add(read);
    return this.take();
  }

  /**
   * Applies the next entry.
   *
   * Each that touches a candle which one before it has closed or revised is a
   * revision of its own, however many are taken out at a time.
   */
  add({ id, entry }: ReadEntry): void {
    this.#applyEntry(id, entry, this.#batch);
    this.#batch.next = id;
  }

  /** What the entries change that were added since it was asked last. */
  take(): BookOutcome {
    const batch = this.#batch;
    assert(batch.next !== null, "there are entries to apply");
    this.#batch = this.#emptyBatch();
    return {
      next: batch.next,
      markedAt: this.#markedAt,
      steps: batch.steps.list(),
      dirty: [...batch.dirty.values()],
      forming: [...batch.forming],
      progress: [...batch.progress].map(({ row }) => ({ ...row })),
      forgotten: [...batch.forgotten.values()],
      feeds: [...batch.feeds].map(({ totals }) => ({ ...totals })),
      rejected: [...batch.rejected.values()],
      quarantine: batch.quarantine,
      readmitted: batch.readmitted,
      ...this.#readmittedThrough > batch.readmittedThrough && {
        readmission: {
          through: this.#readmittedThrough,
          rows: batch.takenBack,
        },
      },
      gaps: batch.gaps,
      applied: batch.applied,
    };
  }

  #emptyBatch(): Batch {
    return {
      next: null,
      readmittedThrough: this.#readmittedThrough,
      steps: new CandleSteps(),
      dirty: new Map(),
      forming: new Set(),
      progress: new Set(),
      forgotten: new Map(),
      feeds: new Set(),
      rejected: new Map(),
      quarantine: [],
      readmitted: [],
      takenBack: [],
      gaps: [],
      applied: 0,
    };
  }

  #applyEntry(id: EntryId, entry: StreamEntry, batch: Batch): void {
    switch (entry.kind) {
      case "mark":
        return this.#mark(entry.receivedAt, batch);
      case "start":
        for (const feed of this.#feeds.values()) {
          const { connected, awaySince, node } = feed.totals;
          if (node !== entry.node && node !== "") continue;
          if (connected) this.#disconnect(feed, entry.receivedAt, batch);
          else if (awaySince !== null) {
            feed.totals.awaySince = entry.receivedAt;
            batch.feeds.add(feed);
          }
        }
        return;
      case "open":
        this.#applyContent(id, entry, batch);
        return this.#connect(this.#feedOf(entry, entry), batch);
      case "close":
        return this.#applyClose(id, entry, batch);
      case "end":
        this.#applyContent(id, entry, batch);
        return this.#endFeed(this.#feedOf(entry, entry), batch);
      case "ticks":
        return this.#applyContent(id, entry, batch);
      case "readmit":
        return this.#readmit(entry, batch);
      default:
        return assertNever(entry.kind);
    }
  }

  /** A feed that has connected to another process since is not gone. */
  #applyClose(id: EntryId, entry: StreamEntry, batch: Batch): void {
    const { node } = this.#feedOf(entry).totals;
    const elsewhere = node !== "" && node !== entry.node;
    this.#applyContent(id, entry, batch);
    const feed = this.#feedOf(entry, entry);
    if (elsewhere) feed.totals.node = node;
    else this.#disconnect(feed, entry.receivedAt, batch);
  }

  // -------------------------------------------------------------- ticks

  #applyContent(id: EntryId, entry: StreamEntry, batch: Batch): void {
    const feed = this.#feedOf(entry, entry);
    const acked = entry.delivery === "acked";
    if (acked && appliedBefore(entry, feed.totals.lastSeq)) return;
    const books = entry.symbols.map(({ symbol }) => this.#symbol(symbol));
    const resends = acked && !entry.replay;
    const name = feedKeyText(entry.key);
    const maxEvent = Float64Array.from(
      books,
      (book) => book.progress.get(name)?.row.maxEvent ?? -Infinity,
    );
    const fold = foldEntry(entry.ticks, {
      symbols: entry.symbols,
      feed: feed.order,
      maxEvent,
      tooLateMicros: this.#lateness + this.#grace,
      appliedSeq: acked ? feed.totals.lastSeq : -Infinity,
      readmitted: entry.readmitted.length > 0
        ? new Set(entry.readmitted)
        : NONE,
    });

    const touched = this.#merge(fold, batch);
    const before = new Map<SymbolBook, number>();
    for (const [i, book] of books.entries()) {
      if (!touched.has(book)) continue;
      before.set(book, book.progress.get(name)?.row.maxEvent ?? -Infinity);
      this.#advance(book, name, feed, entry, maxEvent[i], batch);
    }
    this.#cover(feed, entry, fold, batch);
    this.#count(id, feed, entry, fold, batch);
    for (const [book, from] of before) {
      const closed = this.#mayClose(book)
        ? this.#closeWhatIsOver(book, batch)
        : NONE;
      if (!resends) continue;
      const to = book.progress.get(name)!.row.maxEvent;
      this.#recover(book, fold, { from, to }, closed, batch);
    }
  }

  /**
   * Ticks out of quarantine: they make candles, however late they are, and
   * tell nothing of how far their feed has come or what it covers.
   *
   * One that still makes no candle, as its volume is too large, stays where it
   * is.
   */
  #readmit(entry: StreamEntry, batch: Batch): void {
    const { readmission, ticks } = entry;
    assert(readmission !== undefined, "a readmit entry says what it takes");
    const { n, rows } = readmission;
    assert(rows.length === ticks.length, "each row taken back is a tick");
    // Asked for again in a stream that was begun anew.
    if (n <= this.#readmittedThrough) return;
    const feed = this.#feedOf(entry);
    const fold = foldEntry(ticks, {
      symbols: entry.symbols,
      feed: feed.order,
      maxEvent: new Float64Array(entry.symbols.length).fill(-Infinity),
      tooLateMicros: Infinity,
      appliedSeq: -Infinity,
      readmitted: NONE,
    });

    this.#readmittedThrough = n;
    const refused = new Set(fold.refused.map(({ index }) => index));
    batch.takenBack.push(...rows.filter((_, i) => !refused.has(i)));
    const taken = rows.length - refused.size;
    feed.totals.rejected -= taken;
    feed.totals.accepted += taken;
    batch.feeds.add(feed);
    const touched = this.#merge(fold, batch);
    // Whether or not it was closed: what comes after is another revision.
    for (const part of fold.folds) batch.steps.seal(part);
    for (const book of touched) this.#closeWhatIsOver(book, batch);
  }

  /** Adds an entry's folds to the batch's, and opens what they touch. */
  #merge(fold: EntryFold, batch: Batch): Set<SymbolBook> {
    const touched = new Set<SymbolBook>();
    for (const part of fold.folds) {
      const book = this.#symbol(part.symbol);
      const minute = this.#minute(book, part.t);
      batch.steps.merge(part, minute.end);
      const marks = this.#marksOf(book, minute);
      if (minute.settled) {
        batch.steps.seal(part);
        for (const longer of minute.longer) {
          markDirty(batch, book, longer, null);
        }
      } else batch.forming.add(marks);
      batch.applied += part.n;
      touched.add(book);
    }
    return touched;
  }

  #advance(
    book: SymbolBook,
    name: string,
    feed: FeedBook,
    entry: StreamEntry,
    maxEvent: number,
    batch: Batch,
  ): void {
    let progress = book.progress.get(name);
    if (!progress) {
      progress = {
        feed,
        row: {
          key: feed.totals.key,
          symbol: book.symbol,
          maxEvent: epochMicros(maxEvent),
          lastReceived: entry.receivedAt,
          replay: entry.replay,
          ended: false,
        },
      };
      book.progress.set(name, progress);
    }
    if (batch.forgotten.size > 0) {
      batch.forgotten.delete(`${name}|${book.symbol}`);
    }
    const { row } = progress;
    row.maxEvent = later(row.maxEvent, epochMicros(maxEvent));
    row.lastReceived = later(row.lastReceived, entry.receivedAt);
    row.replay = entry.replay;
    row.ended = false;
    book.newest = Math.max(book.newest, maxEvent);
    batch.progress.add(progress);
  }

  /** Keeps the feed's books: every line is accepted, duplicate or rejected. */
  #count(
    id: EntryId,
    feed: FeedBook,
    entry: StreamEntry,
    fold: EntryFold,
    batch: Batch,
  ): void {
    const { totals } = feed;
    const { key } = totals;
    const accepted = entry.ticks.length - fold.refused.length -
      fold.duplicates;
    // A stream that was begun anew may bring lines that were rejected before.
    const known = totals.delivery === "acked" ? totals.lastSeq : -Infinity;
    const { rejects, receivedAt } = entry;
    let again = 0;
    const counts = new Map<RejectReason, number>();
    const keep = (index: number, reject: Reject) => {
      batch.quarantine.push({ entryId: id, index, key, receivedAt, reject });
      counts.set(reject.reason, (counts.get(reject.reason) ?? 0) + 1);
    };
    for (let index = 0; index < rejects.length; index++) {
      const { seq } = rejects[index];
      if (seq === null || seq < 1 || seq > known) keep(index, rejects[index]);
      else again++;
    }
    for (const { index, reason } of fold.refused) {
      keep(rejects.length + index, this.#refusal(entry, index, reason));
    }
    const rejected = rejects.length - again + fold.refused.length;
    for (const [reason, count] of counts) {
      countRejects(batch, totals, reason, count);
    }
    // Whose counts by reason the store lowers, as it knows the rows.
    for (const seq of entry.readmitted) batch.readmitted.push({ key, seq });
    totals.rejected -= entry.readmitted.length;
    totals.received += entry.received;
    totals.accepted += accepted;
    totals.duplicates += entry.duplicates + fold.duplicates + again;
    totals.lastSeq = totals.delivery === "acked"
      ? Math.max(totals.lastSeq, highestSeq(entry) ?? 0)
      : totals.lastSeq + accepted + rejected - entry.readmitted.length;
    batch.feeds.add(feed);
  }

  #refusal(
    entry: StreamEntry,
    index: number,
    reason: "too_late" | "volume_too_large",
  ): Reject {
    const { ticks } = entry;
    const { symbol, priceScale, sizeScale } =
      entry.symbols[ticks.symbol[index]];
    const ts = epochMicros(ticks.ts[index]);
    const seq = ticks.seq[index];
    const volume = formatScaled(ticks.size[index], sizeScale);
    const detail = reason === "too_late"
      ? `ts must be at most ${this.#grace / MICROS_PER_MINUTE} minutes older ` +
        `than the feed's newest tick of ${symbol}, got ${toIso(ts)}`
      : `volumes of one batch and minute must sum up to less than 2^53 of ` +
        `the smallest step, got ${volume}`;
    return {
      seq,
      line: 0,
      reason,
      detail,
      symbol,
      ts,
      raw: `{"symbol":${JSON.stringify(symbol)},"ts":${toMillis(ts)},` +
        `"price":${formatScaled(ticks.price[index], priceScale)},` +
        `"volume":${volume},"seq":${seq}}`,
    };
  }

  // ------------------------------------------------------------ closing

  #mark(time: EpochMicros, batch: Batch): void {
    const before = this.#markedAt ?? time;
    this.#markedAt = later(before, time);
    const hour = (t: number) => Math.floor(t / MICROS_PER_HOUR);
    if (hour(before) !== hour(this.#markedAt)) this.#forget(batch);
    const over = this.#markedAt - this.#idle;
    for (const book of this.#symbols.values()) {
      if (book.nextCloseAt > over || this.#isHeld(book)) continue;
      this.#closeWhatIsOver(book, batch);
    }
  }

  #endFeed(feed: FeedBook, batch: Batch): void {
    this.#coveredUpToLastEvent(feed, batch);
    const name = feedKeyText(feed.totals.key);
    for (const book of this.#symbols.values()) {
      const progress = book.progress.get(name);
      if (!progress) continue;
      progress.row.ended = true;
      batch.progress.add(progress);
      this.#closeWhatIsOver(book, batch);
    }
  }

  /**
   * Whether ticks may have ended a candle: only a watermark does, or a silence
   * that was marked before.
   */
  #mayClose(book: SymbolBook): boolean {
    const { nextCloseAt, newest } = book;
    return nextCloseAt <= newest - this.#lateness ||
      this.#silentSince(nextCloseAt) && !this.#isHeld(book);
  }

  /**
   * Whether a live feed has come as far as the start of each open candle, to
   * the end of none, and was heard of a moment ago: all of them wait for it.
   * So it is while ticks of the past come, which every silence is past.
   */
  #isHeld({ progress, nextCloseAt, lastOpenAt }: SymbolBook): boolean {
    for (const { row } of progress.values()) {
      if (
        !row.replay && row.maxEvent >= lastOpenAt &&
        row.maxEvent - this.#lateness < nextCloseAt &&
        this.#markedAt !== null &&
        this.#markedAt - row.lastReceived < this.#idle
      ) return true;
    }
    return false;
  }

  /** @returns Minutes that were open in the warehouse until now. */
  #closeWhatIsOver(book: SymbolBook, batch: Batch): ReadonlySet<number> {
    const closed = new Set<number>();
    for (const [key, candle] of book.open) {
      const by = this.#closedBy(book, candle);
      if (by === null) continue;
      book.open.delete(key);
      candle.isOpen = false;
      book.closes++;
      if (candle.interval !== BASE_INTERVAL) {
        const { coverageMs } = coverageOf(book, candle);
        markDirty(batch, book, candle, by, coverageMs);
        continue;
      }
      const { symbol } = book;
      const { t } = candle;
      // Their coverage is the sum of their minutes'.
      for (const { interval } of ROLLUPS) {
        markDirty(batch, book, this.#bucket(book, interval, t), null);
      }
      if (!candle.settled) closed.add(t);
      batch.steps.close({
        symbol,
        t,
        closedBy: by,
        ...coverageOf(book, candle),
      });
    }
    book.nextCloseAt = Infinity;
    for (const { closeAt } of book.open.values()) {
      book.nextCloseAt = Math.min(book.nextCloseAt, closeAt);
    }
    return closed;
  }

  /**
   * Says again what was covered of the minutes whose end an acked feed has
   * passed only now: if it was away when they closed, it has sent by now what
   * they lacked.
   *
   * Only what is stored and the entry itself decide which they are, so that a
   * crash in between changes nothing.
   */
  #recover(
    book: SymbolBook,
    fold: EntryFold,
    { from, to }: { readonly from: number; readonly to: number },
    closed: ReadonlySet<number>,
    batch: Batch,
  ): void {
    const passedFrom = from - this.#lateness;
    const passedTo = to - this.#lateness;
    const minuteOf = (t: number) => Math.floor(t / MICROS_PER_MINUTE);
    if (minuteOf(passedTo) <= minuteOf(passedFrom)) return;
    const minutes = fold.folds.filter(({ symbol }) => symbol === book.symbol)
      .map(({ t }) => this.#bucket(book, BASE_INTERVAL, t));
    for (let t = passedFrom; t > -Infinity && t <= from;) {
      const minute = this.#bucket(book, BASE_INTERVAL, epochMicros(t));
      minutes.push(minute);
      t = minute.end;
    }
    const { symbol } = book;
    for (const minute of minutes) {
      const { t, closeAt } = minute;
      if (closeAt <= passedFrom || passedTo < closeAt || closed.has(t)) {
        continue;
      }
      if (this.#closedBy(book, minute) === null) continue;
      batch.steps.recover({ symbol, t, ...coverageOf(book, minute) });
      for (const { interval } of ROLLUPS) {
        markDirty(batch, book, this.#bucket(book, interval, t), null);
      }
    }
  }

  /** Lets go of feeds that are gone for longer than late ticks are taken. */
  #forget(batch: Batch): void {
    const gone = this.#markedAt! - this.#grace;
    for (const feed of this.#feeds.values()) {
      const { connected, awaySince } = feed.totals;
      if (connected || awaySince === null || awaySince >= gone) continue;
      feed.totals.awaySince = null;
      batch.feeds.add(feed);
    }
    for (const book of this.#symbols.values()) {
      for (const [name, { feed, row }] of book.progress) {
        // The newest one tells the state of the instrument's feed.
        if (row.maxEvent === book.newest || feed.totals.connected) continue;
        if (row.lastReceived >= gone) continue;
        book.progress.delete(name);
        const { key, symbol } = row;
        batch.forgotten.set(`${name}|${symbol}`, { key, symbol });
      }
    }
  }

  /**
   * What ends a candle by now, or `null` if it must wait.
   *
   * It waits for every feed that has come as far as its start: for live ones
   * only, if there are any, so that a replay neither holds back nor ends what
   * is live.
   */
  #closedBy(book: SymbolBook, candle: Bucket): ClosedBy | null {
    let live = false;
    for (const { row } of book.progress.values()) {
      if (row.maxEvent >= candle.t && !row.replay) live = true;
    }
    let by: ClosedBy = "watermark";
    let contributors = 0;
    for (const { feed, row } of book.progress.values()) {
      if (row.maxEvent < candle.t || (live && row.replay)) continue;
      contributors++;
      const passed = this.#passedBy(feed, row, candle);
      if (passed === null) return null;
      if (by !== "idle" && passed !== "watermark") by = passed;
    }
    if (contributors === 0 && !this.#silentSince(candle.closeAt)) return null;
    if (contributors === 0) by = "idle";
    return by === "idle" && endsSession(book.calendar, candle.closeAt)
      ? "session_end"
      : by;
  }

  /** How a feed has passed the end of a candle, or `null` if it has not. */
  #passedBy(
    feed: FeedBook,
    row: FeedProgress,
    candle: Bucket,
  ): "watermark" | "replay" | "idle" | null {
    if (row.maxEvent - this.#lateness >= candle.closeAt) return "watermark";
    if (row.replay && row.ended) return "replay";
    if (!this.#silentSince(candle.closeAt)) return null;
    if (!row.ended && this.#stillResends(feed, candle)) return null;
    const silence = row.replay ? this.#replayIdle : this.#idle;
    return this.#markedAt! - row.lastReceived >= silence ? "idle" : null;
  }

  /**
   * An acked feed went away a little while ago and has not come as far as the
   * candle's end since: what the candle lacks is sent when it is back.
   */
  #stillResends({ totals }: FeedBook, candle: Bucket): boolean {
    const { awaySince, lastEvent } = totals;
    if (awaySince === null || this.#markedAt! - awaySince >= this.#away) {
      return false;
    }
    return lastEvent === null || lastEvent - this.#lateness < candle.closeAt;
  }

  #silentSince(t: number): boolean {
    return this.#markedAt !== null && this.#markedAt - t >= this.#idle;
  }

  /** The minute that a moment lies in, opened if it is not. */
  #minute(book: SymbolBook, t: EpochMicros): OpenCandle {
    const { minute } = book;
    if (minute?.isOpen && minute.t <= t && t < minute.end) return minute;
    return book.minute = this.#open(book, BASE_INTERVAL, t);
  }

  /** Marks of the longer candles that a minute is in, all of them open. */
  #marksOf(book: SymbolBook, minute: OpenCandle): FormingMinute {
    if (minute.marksAt === book.closes) return minute.marks;
    minute.marksAt = book.closes;
    const { longer } = minute;
    if (longer.length > 0 && longer.every(({ isOpen }) => isOpen)) {
      return minute.marks;
    }
    minute.longer = ROLLUPS.map(({ interval }) =>
      this.#open(book, interval, minute.t)
    );
    const { symbol } = book;
    return minute.marks = minute.longer.map(({ interval, t, end }) => ({
      symbol,
      interval,
      t,
      end,
      closedBy: null,
    }));
  }

  #open(
    book: SymbolBook,
    interval: StoredInterval,
    t: EpochMicros,
  ): OpenCandle {
    const bucket = this.#bucket(book, interval, t);
    return book.open.get(openKey(bucket)) ??
      this.#keepOpen(book, bucket, book.newest >= bucket.t);
  }

  #keepOpen(book: SymbolBook, bucket: Bucket, settled: boolean): OpenCandle {
    const candle: OpenCandle = {
      ...bucket,
      settled,
      longer: [],
      marks: [],
      marksAt: -1,
      isOpen: true,
    };
    book.open.set(openKey(candle), candle);
    book.nextCloseAt = Math.min(book.nextCloseAt, candle.closeAt);
    book.lastOpenAt = Math.max(book.lastOpenAt, candle.t);
    return candle;
  }

  /** The bucket that a moment lies in. */
  #bucket(
    book: SymbolBook,
    interval: StoredInterval,
    t: EpochMicros,
  ): Bucket {
    const known = book.buckets.get(interval);
    if (known && known.t <= t && t < known.end) return known;
    const { calendar } = book;
    const { start, end } = calendar.bucketAt(interval, t);
    const closeAt = interval === "1d"
      ? calendar.sessionsBetween(start, end).at(-1)?.close ?? end
      : end;
    const bucket = { interval, t: start, end, closeAt };
    book.buckets.set(interval, bucket);
    return bucket;
  }

  // ----------------------------------------------------------- coverage

  /** Notes from when on the feed covers its instruments, and its gaps. */
  #cover(
    feed: FeedBook,
    entry: StreamEntry,
    fold: EntryFold,
    batch: Batch,
  ): void {
    const { totals } = feed;
    const first = firstSeen(entry, fold);
    for (const seq of entry.gaps) {
      const to = first ?? entry.receivedAt;
      const from = totals.lastEvent === null
        ? to
        : epochMicros(Math.min(totals.lastEvent, to));
      batch.gaps.push({ key: totals.key, kind: "missing", seq, from, to });
      totals.coveredFrom = null;
      totals.coveredTo = null;
    }
    if (first !== null) this.#present(feed, first, batch);
    for (const { lastTs } of fold.folds) {
      const last = epochMicros(lastTs);
      totals.lastEvent = totals.lastEvent === null
        ? last
        : later(totals.lastEvent, last);
    }
    if (fold.folds.length > 0) this.#returned(feed, entry.receivedAt);
    batch.feeds.add(feed);
  }

  /** Whether ticks show that a feed has made up for what it was away. */
  #returned({ totals }: FeedBook, receivedAt: EpochMicros): void {
    const { awaySince, lastEvent } = totals;
    if (awaySince === null || !totals.connected) return;
    const caughtUp = lastEvent !== null &&
      lastEvent - this.#lateness >= awaySince;
    if (caughtUp || receivedAt - awaySince >= this.#away) {
      totals.awaySince = null;
    }
  }

  /** The feed has shown, by a line of that event time, that it is there. */
  #present(feed: FeedBook, ts: EpochMicros, batch: Batch): void {
    const { totals } = feed;
    totals.connected = true;
    if (totals.coveredFrom === null) {
      totals.coveredFrom = ts;
      totals.coveredTo = null;
    } else if (totals.coveredTo !== null) {
      if (totals.delivery === "acked") {
        totals.coveredTo = null;
      } else if (ts > totals.coveredTo) {
        const { key, coveredTo: from } = totals;
        if (!totals.replay) {
          batch.gaps.push({ key, kind: "outage", seq: null, from, to: ts });
        }
        totals.coveredFrom = ts;
        totals.coveredTo = null;
      }
    }
  }

  #connect(feed: FeedBook, batch: Batch): void {
    feed.totals.connected = true;
    // What an acked feed has not had acked, it sends again.
    if (feed.totals.delivery === "acked") feed.totals.coveredTo = null;
    batch.feeds.add(feed);
  }

  #disconnect(feed: FeedBook, at: EpochMicros, batch: Batch): void {
    const { totals } = feed;
    totals.connected = false;
    if (totals.delivery === "acked" && !totals.replay) {
      totals.awaySince ??= at;
    }
    this.#coveredUpToLastEvent(feed, batch);
  }

  #coveredUpToLastEvent(feed: FeedBook, batch: Batch): void {
    const { totals } = feed;
    if (totals.coveredFrom !== null && totals.coveredTo === null) {
      totals.coveredTo = totals.lastEvent ?? totals.coveredFrom;
    }
    batch.feeds.add(feed);
  }

  // -------------------------------------------------------------- state

  #symbol(symbol: string): SymbolBook {
    let book = this.#symbols.get(symbol);
    if (!book) {
      book = {
        symbol,
        calendar: this.calendarOf(symbol),
        progress: new Map(),
        open: new Map(),
        minute: null,
        buckets: new Map(),
        newest: -Infinity,
        nextCloseAt: Infinity,
        lastOpenAt: -Infinity,
        closes: 0,
      };
      this.#symbols.set(symbol, book);
    }
    return book;
  }

  /** The feed of a row or an entry, brought up to what the entry says. */
  #feedOf(
    of: { readonly key: FeedTotals["key"] },
    entry?: StreamEntry,
  ): FeedBook {
    const name = feedKeyText(of.key);
    let feed = this.#feeds.get(name);
    if (!feed) {
      feed = {
        order: feedOrder(of.key),
        totals: {
          key: of.key,
          delivery: "best_effort",
          replay: false,
          connected: false,
          node: "",
          lastSeq: 0,
          received: 0,
          accepted: 0,
          duplicates: 0,
          rejected: 0,
          coveredFrom: null,
          coveredTo: null,
          lastEvent: null,
          awaySince: null,
        },
      };
      this.#feeds.set(name, feed);
    }
    if (entry) {
      feed.totals.delivery = entry.delivery;
      feed.totals.node = entry.node;
      feed.totals.replay = entry.replay;
    }
    return feed;
  }
}

function openKey({ interval, t }: Bucket): string {
  return `${interval}|${t}`;
}

function markDirty(
  batch: Batch,
  book: SymbolBook,
  { interval, t, end }: Bucket,
  closedBy: ClosedBy | null,
  coverageMs?: number,
): void {
  const { symbol } = book;
  const key = `${symbol}|${interval}|${t}`;
  const mark = { symbol, interval, t, end };
  // What closes a candle first has closed it.
  const known = batch.dirty.get(key);
  const closing = known?.closedBy ? known : { closedBy, coverageMs };
  batch.dirty.set(key, {
    ...mark,
    closedBy: closing.closedBy,
    ...closing.closedBy && { coverageMs: closing.coverageMs },
  });
}

function countRejects(
  batch: Batch,
  totals: Mutable<FeedTotals>,
  reason: RejectReason,
  count: number,
): void {
  totals.rejected += count;
  const name = `${feedKeyText(totals.key)}|${reason}`;
  const row = batch.rejected.get(name);
  if (row) row.count += count;
  else batch.rejected.set(name, { key: totals.key, reason, count });
}

/** Highest number that an entry takes of the feed's chain, if any. */
function highestSeq(entry: StreamEntry): number | null {
  let highest = -1;
  const { seq, length } = entry.ticks;
  for (let i = 0; i < length; i++) if (seq[i] > highest) highest = seq[i];
  for (const reject of entry.rejects) {
    if (reject.seq !== null && reject.seq > highest) highest = reject.seq;
  }
  for (const { to } of entry.gaps) if (to > highest) highest = to;
  return highest < 0 ? null : highest;
}

/**
 * Every tick of an entry was applied from an older stream: this one was begun
 * anew, and the feed has sent again what it had no ack for.
 */
function appliedBefore(entry: StreamEntry, lastSeq: number): boolean {
  return entry.ticks.length > 0 && (highestSeq(entry) ?? 0) <= lastSeq;
}

/**
 * Event time at which the feed was first seen in an entry. What it sent out of
 * hours tells as well: a feed that was there before the session opened covers
 * the session's first candle.
 */
function firstSeen(entry: StreamEntry, fold: EntryFold): EpochMicros | null {
  let first = fold.first < 0 ? Infinity : entry.ticks.ts[fold.first];
  for (const { reason, ts } of entry.rejects) {
    if (reason === "closed_session" && ts !== null && ts < first) first = ts;
  }
  return first === Infinity ? null : epochMicros(first);
}

/** How much of a candle the feeds that have come as far as it covered. */
function coverageOf(
  book: SymbolBook,
  candle: Bucket,
): Pick<CandleClose, "coverageMs" | "complete"> {
  const sessions = book.calendar.sessionsBetween(candle.t, candle.end);
  const parts = sessions.length > 0
    ? sessions
    : [{ open: candle.t, close: candle.end }];
  const spans: [number, number][] = [];
  for (const { feed, row } of book.progress.values()) {
    const { coveredFrom, coveredTo } = feed.totals;
    if (row.maxEvent < candle.t || coveredFrom === null) continue;
    spans.push([coveredFrom, coveredTo ?? Infinity]);
  }
  spans.sort((a, b) => a[0] - b[0]);
  let covered = 0;
  let whole = 0;
  for (const { open, close } of parts) {
    const from = Math.max(candle.t, open);
    const to = Math.min(candle.end, close);
    whole += to - from;
    covered += coveredBetween(from, to, spans);
  }
  return {
    coverageMs: Math.floor(covered / MICROS_PER_MS),
    complete: covered >= whole,
  };
}

/** Microseconds of [from, to) that are in any of the spans, sorted by start. */
function coveredBetween(
  from: number,
  to: number,
  spans: readonly (readonly [number, number])[],
): number {
  let covered = 0;
  let reached = from;
  for (const [start, spanEnd] of spans) {
    const end = Math.min(to, spanEnd);
    if (end <= reached) continue;
    covered += Math.max(0, end - Math.max(start, reached));
    reached = end;
  }
  return covered;
}

/** A session ends at that moment, and none begins. */
function endsSession(calendar: Calendar, t: EpochMicros): boolean {
  const before = calendar.stateAt(epochMicros(t - 1));
  if (before.kind !== "open" || before.session.close !== t) return false;
  return calendar.stateAt(t).kind !== "open";
}

function later(a: EpochMicros, b: EpochMicros): EpochMicros {
  return a > b ? a : b;
}
