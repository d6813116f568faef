import { assert, assertNever } from "../domain/assert.ts";
import type { Calendar } from "../domain/calendar.ts";
import {
  type FeedKey,
  feedKeyText,
  type StreamEntry,
} from "../domain/entry.ts";
import { BASE_INTERVAL, ROLLUPS } from "../domain/interval.ts";
import {
  type EpochMicros,
  epochMicros,
  laterOf,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_MS,
} from "../domain/time.ts";
import type {
  EntryId,
  FormingMinute,
  PartitionState,
  ReadEntry,
} from "../ports.ts";
import { BookChange, type BookOutcome } from "./book_change.ts";
import { BOOK_DEFAULTS, type BookSettings } from "./book_settings.ts";
import { CandleEnds } from "./candle_ends.ts";
import { coverageOf } from "./coverage.ts";
import { FeedBook } from "./feed_book.ts";
import { EntryFolds } from "./entry_folds.ts";
import { type EntryFold, foldEntry } from "./fold_entry.ts";
import { rejectOf } from "./refused_tick.ts";
import { SymbolBook } from "./symbol_book.ts";

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
  readonly #ends: CandleEnds;
  readonly #grace: number;
  readonly #formingAtFirst: FormingMinute[] = [];
  readonly #folds = new EntryFolds();
  #change: BookChange;
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
    this.#ends = new CandleEnds(settings, state.markedAt);
    this.#grace = settings.graceMs * MICROS_PER_MS;
    this.#readmittedThrough = state.readmittedThrough ?? 0;
    for (const totals of state.feeds) {
      this.#feeds.set(feedKeyText(totals.key), new FeedBook(totals));
    }
    for (const row of state.progress) {
      const feed = this.#feedOf(row);
      this.#symbol(row.symbol).restore({ feed, row: { ...row } });
    }
    for (const { symbol, interval, t } of state.open) {
      const book = this.#symbol(symbol);
      book.keepOpen(book.bucket(interval, t), false);
    }
    // A longer candle of which no minute was closed has no mark, maybe no row.
    for (const book of this.#symbols.values()) {
      for (const candle of [...book.open]) {
        if (candle.interval !== BASE_INTERVAL) continue;
        this.#formingAtFirst.push(book.marksOf(candle));
      }
    }
    this.#change = new BookChange(this.#readmittedThrough);
  }

  /** Minutes that were not closed when the book was begun. */
  get formingAtFirst(): readonly FormingMinute[] {
    return this.#formingAtFirst;
  }

  /** How many minutes are changed by what was added and not taken out. */
  get candles(): number {
    return this.#change.steps.candles;
  }

  /** How many minutes are closed by it. */
  get closes(): number {
    return this.#change.steps.closes;
  }

  /**
   * Whether a candle is open that is over by the newest tick of any instrument:
   * its own next tick will close it, if one comes soon.
   */
  get awaitsCloses(): boolean {
    let newest = -Infinity;
    for (const book of this.#symbols.values()) {
      if (book.newest > newest) newest = book.newest;
    }
    const over = newest - this.#ends.lateness;
    for (const { nextCloseAt } of this.#symbols.values()) {
      if (nextCloseAt <= over) return true;
    }
    return false;
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
    this.#applyEntry(id, entry);
    this.#change.next = id;
  }

  /** What the entries change that were added since it was asked last. */
  take(): BookOutcome {
    const outcome = this.#change.outcome(
      this.#ends.markedAt,
      this.#readmittedThrough,
    );
    this.#change = new BookChange(this.#readmittedThrough);
    return outcome;
  }

  #applyEntry(id: EntryId, entry: StreamEntry): void {
    switch (entry.kind) {
      case "mark":
        return this.#mark(entry.receivedAt);
      case "start":
        return this.#startNode(entry);
      case "open":
        this.#applyContent(id, entry);
        return this.#feedOf(entry, entry).connect(this.#change);
      case "close":
        return this.#applyClose(id, entry);
      case "end":
        this.#applyContent(id, entry);
        return this.#endFeed(this.#feedOf(entry, entry));
      case "ticks":
        return this.#applyContent(id, entry);
      case "readmit":
        return this.#readmit(entry);
      default:
        return assertNever(entry.kind);
    }
  }

  /** A process has started: every connection that it had is gone. */
  #startNode(entry: StreamEntry): void {
    for (const feed of this.#feeds.values()) {
      const { connected, awaySince, node } = feed.totals;
      if (node !== entry.node && node !== "") continue;
      if (connected) feed.disconnect(entry.receivedAt, this.#change);
      else if (awaySince !== null) {
        feed.totals.awaySince = entry.receivedAt;
        this.#change.feeds.add(feed);
      }
    }
  }

  /** A feed that has connected to another process since is not gone. */
  #applyClose(id: EntryId, entry: StreamEntry): void {
    const { node } = this.#feedOf(entry).totals;
    const elsewhere = node !== "" && node !== entry.node;
    this.#applyContent(id, entry);
    const feed = this.#feedOf(entry, entry);
    if (elsewhere) feed.totals.node = node;
    else feed.disconnect(entry.receivedAt, this.#change);
  }

  // -------------------------------------------------------------- ticks

  #applyContent(id: EntryId, entry: StreamEntry): void {
    const feed = this.#feedOf(entry, entry);
    const acked = entry.delivery === "acked";
    if (acked && feed.hasApplied(entry)) return;
    const books = entry.symbols.map(({ symbol }) => this.#symbol(symbol));
    const resends = acked && !entry.replay;
    const maxEvent = new Float64Array(books.length);
    for (let s = 0; s < books.length; s++) {
      maxEvent[s] = books[s].reachOf(feed)?.row.maxEvent ?? -Infinity;
    }
    const before = resends ? maxEvent.slice() : maxEvent;
    const fold = foldEntry(entry.ticks, {
      symbols: entry.symbols,
      feed: feed.order,
      maxEvent,
      tooLateMicros: this.#ends.lateness + this.#grace,
      appliedSeq: acked ? feed.totals.lastSeq : -Infinity,
      readmitted: entry.readmitted.length > 0
        ? new Set(entry.readmitted)
        : NONE,
    }, this.#folds);

    const touched = this.#merge(fold, books);
    for (let s = 0; s < books.length; s++) {
      if (touched[s] === 0) continue;
      this.#change.reached(books[s].advance(feed, entry, maxEvent[s]));
    }
    feed.cover(entry, fold, this.#change);
    const cameOn = fold.folds.length > 0;
    if (cameOn && this.#ends.hasReturned(feed, entry.receivedAt)) {
      feed.totals.awaySince = null;
    }
    const refusals = fold.refused.map((refused) =>
      rejectOf(entry, refused, this.#grace)
    );
    feed.count(id, entry, fold, refusals, this.#change);
    for (let s = 0; s < books.length; s++) {
      if (touched[s] === 0) continue;
      const book = books[s];
      const closed = this.#ends.ticksMayEnd(book)
        ? this.#closeWhatIsOver(book)
        : NONE;
      if (!resends) continue;
      const to = book.reachOf(feed)!.row.maxEvent;
      this.#recover(book, minutesOf(fold, s), { from: before[s], to }, closed);
    }
  }

  /**
   * Ticks out of quarantine: they make candles, however late they are, and
   * tell nothing of how far their feed has come or what it covers.
   *
   * One that still makes no candle, as its volume is too large, stays where it
   * is.
   */
  #readmit(entry: StreamEntry): void {
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
    }, this.#folds);

    this.#readmittedThrough = n;
    const refused = new Set(fold.refused.map(({ index }) => index));
    this.#change.takenBack.push(...rows.filter((_, i) => !refused.has(i)));
    const taken = rows.length - refused.size;
    feed.totals.rejected -= taken;
    feed.totals.accepted += taken;
    this.#change.feeds.add(feed);
    const books = entry.symbols.map(({ symbol }) => this.#symbol(symbol));
    const touched = this.#merge(fold, books, true);
    for (const [s, book] of books.entries()) {
      if (touched[s] > 0) this.#closeWhatIsOver(book);
    }
  }

  /**
   * Adds an entry's folds to the change, and opens what they touch.
   *
   * @param revises Whether or not a candle was closed, what comes after is
   * another revision.
   * @returns Which of the books took ticks.
   */
  #merge(
    { folds }: EntryFold,
    books: readonly SymbolBook[],
    revises = false,
  ): Uint8Array {
    const touched = new Uint8Array(books.length);
    const { symbol, t, n } = folds.columns;
    const change = this.#change;
    for (let f = 0; f < folds.length; f++) {
      const s = symbol[f];
      const book = books[s];
      const minute = book.minute(t[f] as EpochMicros);
      const place = book.placeOf(minute, change.steps);
      change.steps.merge(place, folds, f, minute.end);
      const marks = book.marksOf(minute);
      if (minute.settled || revises) change.steps.seal(place);
      if (minute.settled) {
        for (const longer of minute.longer) {
          change.markDirty(book.symbol, longer, null);
        }
      } else change.forming.add(marks);
      change.applied += n[f];
      touched[s] = 1;
    }
    return touched;
  }

  // ------------------------------------------------------------ closing

  #mark(time: EpochMicros): void {
    const before = this.#ends.markedAt ?? time;
    const markedAt = this.#ends.markedAt = laterOf(before, time);
    const hour = (t: number) => Math.floor(t / MICROS_PER_HOUR);
    if (hour(before) !== hour(markedAt)) this.#forget(markedAt);
    for (const book of this.#symbols.values()) {
      if (this.#ends.silenceMayEnd(book)) this.#closeWhatIsOver(book);
    }
  }

  #endFeed(feed: FeedBook): void {
    feed.coverUpToLastEvent(this.#change);
    for (const book of this.#symbols.values()) {
      const reach = book.reachOf(feed);
      if (!reach) continue;
      reach.row.ended = true;
      this.#change.reached(reach);
      this.#closeWhatIsOver(book);
    }
  }

  /** @returns Minutes that were open in the warehouse until now. */
  #closeWhatIsOver(book: SymbolBook): ReadonlySet<number> {
    const { symbol } = book;
    const closed = new Set<number>();
    book.closeThose(
      (candle) => this.#ends.endOf(book, candle),
      (candle, by) => {
        if (candle.interval !== BASE_INTERVAL) {
          const { coverageMs } = coverageOf(book, candle);
          this.#change.markDirty(symbol, candle, by, coverageMs);
          return;
        }
        const { t } = candle;
        // Their coverage is the sum of their minutes'.
        this.#markLonger(book, t);
        if (!candle.settled) closed.add(t);
        this.#change.steps.close({
          symbol,
          t,
          closedBy: by,
          ...coverageOf(book, candle),
        });
      },
    );
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
    touched: readonly EpochMicros[],
    { from, to }: { readonly from: number; readonly to: number },
    closed: ReadonlySet<number>,
  ): void {
    const passedFrom = from - this.#ends.lateness;
    const passedTo = to - this.#ends.lateness;
    const minuteOf = (t: number) => Math.floor(t / MICROS_PER_MINUTE);
    if (minuteOf(passedTo) <= minuteOf(passedFrom)) return;
    const { symbol } = book;
    const minutes = touched.map((t) => book.bucket(BASE_INTERVAL, t));
    for (let t = passedFrom; t > -Infinity && t <= from;) {
      const minute = book.bucket(BASE_INTERVAL, epochMicros(t));
      minutes.push(minute);
      t = minute.end;
    }
    for (const minute of minutes) {
      const { t, closeAt } = minute;
      if (closeAt <= passedFrom || passedTo < closeAt || closed.has(t)) {
        continue;
      }
      if (this.#ends.endOf(book, minute) === null) continue;
      this.#change.steps.recover({ symbol, t, ...coverageOf(book, minute) });
      this.#markLonger(book, t);
    }
  }

  /** Marks the longer candles that a moment lies in. */
  #markLonger(book: SymbolBook, t: EpochMicros): void {
    for (const { interval } of ROLLUPS) {
      this.#change.markDirty(book.symbol, book.bucket(interval, t), null);
    }
  }

  // -------------------------------------------------------------- state

  /** Lets go of feeds that are gone for longer than late ticks are taken. */
  #forget(markedAt: EpochMicros): void {
    const gone = markedAt - this.#grace;
    for (const feed of this.#feeds.values()) {
      const { connected, awaySince } = feed.totals;
      if (connected || awaySince === null || awaySince >= gone) continue;
      feed.totals.awaySince = null;
      this.#change.feeds.add(feed);
    }
    for (const book of this.#symbols.values()) {
      for (const reach of book.reaches) {
        const { feed, row } = reach;
        // The newest one tells the state of the instrument's feed.
        if (row.maxEvent === book.newest || feed.totals.connected) continue;
        if (row.lastReceived >= gone) continue;
        book.forget(reach);
        this.#change.forget(reach);
      }
    }
  }

  #symbol(symbol: string): SymbolBook {
    let book = this.#symbols.get(symbol);
    if (!book) {
      book = new SymbolBook(symbol, this.calendarOf(symbol));
      this.#symbols.set(symbol, book);
    }
    return book;
  }

  /** The feed of a row or an entry, brought up to what the entry says. */
  #feedOf(of: { readonly key: FeedKey }, entry?: StreamEntry): FeedBook {
    const name = feedKeyText(of.key);
    let feed = this.#feeds.get(name);
    if (!feed) this.#feeds.set(name, feed = FeedBook.ofNone(of.key));
    if (entry) feed.describedBy(entry);
    return feed;
  }
}

/** Minutes of a symbol that took ticks of the entry. */
function minutesOf({ folds }: EntryFold, s: number): readonly EpochMicros[] {
  const { symbol, t } = folds.columns;
  const minutes: EpochMicros[] = [];
  for (let f = 0; f < folds.length; f++) {
    if (symbol[f] === s) minutes.push(t[f] as EpochMicros);
  }
  return minutes;
}
