import { AssertionError } from "../domain/assert.ts";
import type { Calendar } from "../domain/calendar.ts";
import { BatchBudget } from "./batch_budget.ts";
import { CommitInHand, type Waited } from "./commit_in_hand.ts";
import type { Ownership } from "./ownership.ts";
import type { EntrySymbol, FeedKey } from "../domain/entry.ts";
import type { Instrument } from "../domain/instrument.ts";
import { epochMicros, MICROS_PER_MS } from "../domain/time.ts";
import type { WaitSketch } from "../domain/wait_sketch.ts";
import {
  type AggregateStore,
  BEFORE_FIRST,
  type Clock,
  type CommittedCandle,
  type CommittedPartition,
  compareEntryIds,
  type EntryId,
  type FormingMinute,
  type Log,
  type PartitionState,
  type QuarantineRow,
  type ReadBatch,
  type ReadEntry,
  type TickBuffer,
} from "../ports.ts";
import type { BookOutcome } from "./book_change.ts";
import { BOOK_DEFAULTS, type BookSettings } from "./book_settings.ts";
import { CandleBook } from "./candle_book.ts";

export interface AggregatorSettings {
  readonly book: BookSettings;
  /** Budget of one read, so that applying it takes a few milliseconds. */
  readonly batchEntriesMax: number;
  readonly batchBytesMax: number;
  /** Longest wait for the first entry of a read. */
  readonly readWaitMs: number;
  /**
   * A commit of more candles than this takes in more reads, up to so many in
   * all and for about so long, while there is more to read or the last one was
   * a moment ago: as most of it goes to the candles that it has already.
   */
  readonly joinCandlesMin: number;
  readonly joinReadsMax: number;
  readonly joinMsMax: number;
  /**
   * The next turn takes less after one that was longer: stores give up after
   * seconds, and what else is asked of them may have to wait for it.
   */
  readonly turnMsMax: number;
  /** Share of what a turn may take that the first one takes, up to 1. */
  readonly firstShare: number;
  /** Rejects of a commit, as each takes its time: less after a slow one, too. */
  readonly rejectsMax: number;
  /** As `furtherMinutes`, of a commit: as many candles, each with its time. */
  readonly furtherMinutesMax: number;
  /** Least and most time from one commit's turn to the next. */
  readonly paceMsMin: number;
  readonly paceMsMax: number;
  /** Least time between two rounds of rollups. */
  readonly rollUpEveryMs: number;
  /** Rollups of one statement, and statements of one round. */
  readonly rollUpLimit: number;
  readonly rollUpRoundsMax: number;
  /** About how long commits wait for one round, of as much as that allows. */
  readonly rollUpMsMax: number;
  /** Applied ticks are kept for this long, and at least five minutes. */
  readonly retentionMs: number;
  /**
   * Applied ticks are kept for less once the buffer holds more than this, and
   * at least half a minute.
   */
  readonly bufferBytesMax: number;
  readonly trimEveryMs: number;
  /** Wait after a partition that was not to be had, or brought nothing. */
  readonly claimRetryMs: number;
  /** First and longest wait after a store or the buffer failed. */
  readonly retryMsMin: number;
  readonly retryMsMax: number;
}

export const AGGREGATOR_DEFAULTS: AggregatorSettings = {
  book: BOOK_DEFAULTS,
  batchEntriesMax: 512,
  batchBytesMax: 2_097_152,
  readWaitMs: 1_000,
  joinCandlesMin: 512,
  joinReadsMax: 16,
  joinMsMax: 500,
  turnMsMax: 2_000,
  firstShare: 1,
  rejectsMax: 4_096,
  furtherMinutesMax: Infinity,
  paceMsMin: 20,
  paceMsMax: 100,
  rollUpEveryMs: 250,
  rollUpLimit: 500,
  rollUpRoundsMax: 4,
  rollUpMsMax: 250,
  retentionMs: 7 * 86_400_000,
  bufferBytesMax: Infinity,
  trimEveryMs: 300_000,
  claimRetryMs: 150,
  retryMsMin: 50,
  retryMsMax: 150,
};

const TRIM_LAG_MS_MIN = 300_000;
/** The same while the buffer is over its budget: full, it takes no tick. */
const TRIM_LAG_MS_OVER = 30_000;
/** How often a partition to which ticks come looks whether it is. */
const BUDGET_LOOK_MS = 5_000;
/** How much less is kept at a time while the buffer is over its budget. */
const TRIM_LAG_STEP = 0.75;
/** Ticks of a read, or a share of its entries, that tell of more behind it. */
const MUCH_TICKS = 16_384;
const MUCH_OF_ENTRIES = 1 / 4;
/**
 * From one turn to the next, in times of what the turn took: one commit is soon
 * where commits are cheap, and takes more ticks where they are dear.
 */
const PACE = 3;
/** Ticks of a read from which on a turn is behind, and the next one follows. */
const BEHIND_TICKS = 65_536;
/** How often a commit of many candles looks for more ticks of them. */
const JOIN_EVERY_MS = 50;
/**
 * Rest after a round of rollups, in times of what it took: more after one of
 * minutes that are forming, which are made again and again.
 */
const ROLL_UP_REST = 3;
const FORMING_REST = 8;

/** What the loop needs of the instruments; `Catalog` has it. */
export interface InstrumentCalendars {
  get(symbol: string): Instrument | undefined;
  calendarOf(instrument: Instrument): Calendar;
  refresh(): Promise<void>;
  /** Registers a symbol that the buffer knows and the warehouse has lost. */
  restore(
    symbol: string,
    scales: { readonly priceScale: number; readonly sizeScale: number },
  ): Promise<void>;
}

/** Called after the fact; they must not throw, and must not take long. */
export interface AggregatorEvents {
  /** Something of it is stored that nobody may have been told of. */
  onUntold?(p: number): void;
  /** The partition is ours from here on; others may have committed before. */
  onClaimed?(p: number): void;
  /** The partition is not ours any more, or was given back. */
  onLost?(p: number): void;
  /** Everything up to `position` is in the warehouse: acks may go out. */
  onCommitted(p: number, position: EntryId, change: {
    readonly candles: readonly CommittedCandle[];
    /** Of the stream that the position is in. */
    readonly incarnation: string;
    /** Ticks that the commit brought into candles. */
    readonly applied: number;
    /** Chain positions of the feeds that the commit brought on. */
    readonly feeds: CommittedPartition["feeds"];
    /** Numbered ticks that went to quarantine as too late. */
    readonly tooLate: readonly {
      readonly key: FeedKey;
      readonly seq: number;
    }[];
  }): void;
  /** Longer candles have been brought up to date. */
  onRolledUp(p: number, candles: readonly CommittedCandle[]): void;
}

export interface AggregatorOptions {
  readonly p: number;
  /** Name of this process, for the lease. */
  readonly owner: string;
  readonly buffer: TickBuffer;
  readonly store: AggregateStore;
  readonly catalog: InstrumentCalendars;
  /** Which partitions are ours, of several processes; all if absent. */
  readonly ownership?: Ownership;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Keeps what is trimmed next: entries of the stream up to and including
   * `through`. Nothing is trimmed unless it resolves.
   */
  readonly archive?: (through: EntryId, incarnation: string) => Promise<void>;
  readonly events: AggregatorEvents;
  /** From an entry's place in the buffer to its candles' in the warehouse. */
  readonly waits?: WaitSketch;
  readonly settings?: Partial<AggregatorSettings>;
  /** From 0 to 1; for the jitter of retries. */
  readonly random?: () => number;
}

/** The buffer or the warehouse failed: retried, from what is stored. */
export class AggregatorOutageError extends Error {
  override name = "AggregatorOutageError";
}

/**
 * Turns one partition's stream into committed candles, until aborted.
 *
 * The position that it reads on from is the one found in the warehouse, stored
 * with the candles. When a commit is refused, or nobody knows whether it came
 * through, what is in memory is dropped and the partition claimed again, so
 * nothing is ever applied twice. Aborted, it commits the batch in hand and
 * gives the partition back.
 *
 * @throws {AssertionError} For a bug of ours: the process must end.
 */
export async function runAggregator(
  options: AggregatorOptions,
  signal: AbortSignal,
): Promise<void> {
  const loop = new AggregatorLoop(options, signal);
  while (!signal.aborted) {
    try {
      const progressed = await loop.ownPartition();
      loop.succeeded();
      if (!progressed) await loop.rest();
    } catch (error) {
      if (!(error instanceof AggregatorOutageError)) throw error;
      await loop.waitAfter(error);
    }
  }
  await loop.stop();
}

/** Doubles from the first wait to the longest, less up to half at random. */
export function retryDelayMs(
  failures: number,
  { retryMsMin, retryMsMax }: Pick<
    AggregatorSettings,
    "retryMsMin" | "retryMsMax"
  >,
  random: () => number = Math.random,
): number {
  const full = Math.min(retryMsMax, retryMsMin * 2 ** (failures - 1));
  return Math.round(full * (1 - random() / 2));
}

class AggregatorLoop {
  readonly settings: AggregatorSettings;
  readonly #budget: BatchBudget;
  /** Of rollups, which are the warehouse's work from the first on. */
  readonly #rollUps: BatchBudget;
  #leaseEpoch: number | null = null;
  /** In a row. */
  #failures = 0;
  /** Whether the last of them was a read. */
  #unread = false;
  /** The stream that is read: all that is done holds for this one only. */
  #incarnation = "";
  /** Newest one committed, and whether it is of that stream. */
  #position: EntryId = BEFORE_FIRST;
  #positionIsOfStream = false;
  /** Longer candles may differ from their minutes. */
  #dirty = true;
  /** Minutes that are not closed and whose longer candles may differ. */
  #forming = new Set<FormingMinute>();
  #rolledUpAt = -Infinity;
  #rollUpRestMs = 0;
  /**
   * Something may be stored that nobody was told of: by who had the partition
   * before, or as the answer to a commit was lost. It is until that is told.
   */
  #untold = false;
  /** What the last commit took: one of many candles is no sooner than by it. */
  #committedInMs = 0;
  /** When what is in hand was first seen to close candles. */
  #closesAt: number | null = null;
  /** How many it had closed before the last wait for more. */
  #closesSeen = 0;
  #trimmedAt: number;
  /** What was old enough the last time. */
  #trimLagMs = Infinity;
  #budgetSeenAt: number;
  /** Entries came since then, or it was over its budget. */
  #mayBeOver = false;
  #trimming: Promise<void> | null = null;

  constructor(
    private readonly options: AggregatorOptions,
    private readonly signal: AbortSignal,
  ) {
    this.settings = { ...AGGREGATOR_DEFAULTS, ...options.settings };
    const { turnMsMax, firstShare, rollUpMsMax } = this.settings;
    this.#budget = new BatchBudget(turnMsMax, firstShare);
    this.#rollUps = new BatchBudget(rollUpMsMax);
    this.#trimmedAt = this.#budgetSeenAt = this.#nowMs();
  }

  /** Waits before the partition is asked for again. */
  async rest(): Promise<void> {
    await this.options.clock.sleep(this.settings.claimRetryMs, this.signal);
  }

  /** Something came through: the next failure is a first one. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** Waits after a failure, the longer the more there were in a row. */
  async waitAfter(error: AggregatorOutageError): Promise<void> {
    const { clock, log, p, buffer, random } = this.options;
    const failures = ++this.#failures;
    this.#budget.failed();
    this.#rollUps.failed();
    const waitMs = retryDelayMs(failures, this.settings, random);
    // At first, and then ever more seldom: an outage may last.
    if (Number.isInteger(Math.log2(failures))) {
      log.warn("Aggregation waits for a store", {
        p,
        failures,
        waitMs,
        error: error.message,
        cause: String(error.cause),
      });
    }
    const back = buffer.back?.();
    await clock.sleep(
      waitMs,
      back ? AbortSignal.any([this.signal, back]) : this.signal,
    );
  }

  /**
   * Claims the partition and applies its stream until aborted or fenced.
   *
   * @returns False if another process holds it, or if nothing was committed
   * before it was taken away or the stream was lost.
   */
  async ownPartition(): Promise<boolean> {
    const { p, buffer, log, ownership } = this.options;
    await ownership?.turn(p, this.signal);
    if (this.signal.aborted) return false;
    // Asked first: while the buffer is away, the warehouse is left in peace.
    // Should the stream be begun anew after this, the first read says so.
    this.#incarnation = await outside(
      "ask the buffer which stream it has",
      () => buffer.incarnation(p),
    );
    const state = await this.#claim();
    if (state === null) {
      this.#tellUntold();
      ownership?.onLost(p);
      return false;
    }
    buffer.raiseFloor(p, state.position);
    const sameStream = state.incarnation === null ||
      state.incarnation === this.#incarnation;
    this.#position = state.position;
    this.#positionIsOfStream = sameStream;
    if (!sameStream) {
      log.warn("The buffer was begun anew; reading it from its start", {
        p,
        position: state.position,
      });
    }
    await this.#knowSymbols([...state.progress, ...state.open]);
    const book = new CandleBook(
      state,
      (symbol) => this.#calendarOf(symbol),
      this.settings.book,
    );
    this.#forming = new Set(book.formingAtFirst);
    const readFrom = sameStream ? state.position : BEFORE_FIRST;
    this.#tellUntold();
    this.options.events.onClaimed?.(p);
    // What was committed before a crash may not have been announced.
    this.options.events.onCommitted(p, readFrom, {
      incarnation: this.#incarnation,
      applied: 0,
      feeds: state.feeds,
      candles: [],
      tooLate: [],
    });
    return await this.#applyStream(book, state, readFrom);
  }

  /**
   * Takes the partition, with its longer candles up to date: only then are all
   * that are open among those that it is told of. Of what nobody else has had since
   * it was ours, only what had no answer is untold.
   */
  async #claim(): Promise<PartitionState | null> {
    const { p, owner, store, ownership } = this.options;
    for (;;) {
      ownership?.onClaiming(p);
      const state = await outside(
        "claim the partition",
        () => store.claim(p, owner),
      );
      const before = this.#leaseEpoch;
      this.#leaseEpoch = state?.leaseEpoch ?? null;
      // At once, to be renewed: rolling up may take longer than a lease.
      if (state) ownership?.onClaimed(p, state.leaseEpoch);
      if (state === null) return null;
      this.#untold ||= state.lapsed && state.leaseEpoch - 1 !== before;
      if (!await this.#rollUpOnce()) return state;
      while (await this.#rollUpOnce());
    }
  }

  #tellUntold(): void {
    if (this.#untold) this.options.events.onUntold?.(this.options.p);
    this.#untold = false;
  }

  async #applyStream(
    book: CandleBook,
    state: PartitionState,
    readFrom: EntryId,
  ): Promise<boolean> {
    const { leaseEpoch } = state;
    const inHand = new CommitInHand();
    this.#closesAt = null;
    let committed = false;
    let position = readFrom;
    let expect = state.position;
    const commit = async () => {
      const outcome = book.take();
      if (!await this.#commit(outcome, leaseEpoch, expect)) {
        this.#lose();
        return false;
      }
      committed = true;
      expect = outcome.next;
      this.#noteWaits(inHand.clear());
      return true;
    };
    while (!this.signal.aborted) {
      if (!await this.#goesOn()) return committed;
      const turnAt = this.#nowMs();
      let readAt = turnAt;
      let read: ReadBatch | null;
      let much = false;
      let waitedMs = 0;
      for (let reads = 1;; reads++) {
        const maxEntries = this.#budget.of(this.settings.batchEntriesMax);
        read = await this.#read(position, {
          maxEntries,
          maxBytes: this.#budget.of(this.settings.batchBytesMax),
          waitMs: reads === 1 ? this.settings.readWaitMs : 0,
        });
        if (reads === 1) readAt = this.#nowMs();
        if (read === null) break;
        // What is in hand is of the stream that was: it is committed first.
        if (read.incarnation !== this.#incarnation) break;
        const { entries } = read;
        await this.#knowSymbols(this.#unknownIn(entries));
        const limits = {
          rejectsMax: this.#budget.of(this.settings.rejectsMax),
          furtherMinutesMax: this.settings.furtherMinutesMax,
        };
        if (entries.length > 0) this.#mayBeOver = true;
        for (const next of entries) {
          if (!inHand.tryAdd(next.entry, limits)) {
            if (!await commit()) return committed;
            inHand.tryAdd(next.entry, limits);
          }
          book.add(next);
          position = next.id;
        }
        much = entries.length >= maxEntries * MUCH_OF_ENTRIES ||
          ticksIn(entries) >= this.#budget.of(MUCH_TICKS);
        const waitsFrom = this.#nowMs();
        const brought = entries.length;
        const turn = { reads, turnAt, much, brought };
        const joins = await this.#joinsMore(book, turn);
        waitedMs += this.#nowMs() - waitsFrom;
        if (!joins) break;
      }
      if (!inHand.empty && !await commit()) return committed;
      if (read === null) continue;
      if (read.incarnation !== this.#incarnation) return committed;
      const tookMs = this.#nowMs() - readAt;
      if (much) this.#budget.took(this.#nowMs() - turnAt - waitedMs);
      if (!await this.#rollUp(leaseEpoch)) {
        this.#lose();
        return committed;
      }
      this.#trimNowAndThen();
      await this.#pace(read.entries, { readAt, tookMs });
    }
    return true;
  }

  /**
   * Whether what is in hand waits for what another read brings, and waits until
   * it is worth a read.
   *
   * Where it closes candles, only for those that follow at once: a minute ends
   * for all instruments at about the same time.
   */
  async #joinsMore(
    book: CandleBook,
    turn: {
      readonly reads: number;
      readonly turnAt: number;
      readonly much: boolean;
      /** Entries of its last read. */
      readonly brought: number;
    },
  ): Promise<boolean> {
    const { joinCandlesMin, joinReadsMax, joinMsMax } = this.settings;
    if (book.candles < joinCandlesMin || this.signal.aborted) return false;
    if (turn.reads >= this.#budget.of(joinReadsMax)) return false;
    const { closes } = book;
    if (closes > 0) {
      if (this.#closesAt === null) {
        this.#closesAt = this.#nowMs();
        this.#closesSeen = 0;
      }
      if (!book.awaitsCloses) return false;
      if (this.#passed(this.#closesAt, joinMsMax)) return false;
      if (!turn.much && closes === this.#closesSeen) return false;
    } else {
      // Who sent them may be waiting for their commit.
      if (turn.reads > 1 && turn.brought === 0) return false;
      const ms = turn.much
        ? joinMsMax
        : Math.min(joinMsMax, PACE * this.#committedInMs);
      if (this.#passed(turn.turnAt, ms)) return false;
    }
    if (turn.much) return true;
    this.#closesSeen = closes;
    await this.options.clock.sleep(JOIN_EVERY_MS, this.signal);
    return true;
  }

  /**
   * What comes after a position, or null if the buffer is away: that harms
   * nothing that is in memory, so the same is tried again as long as the
   * partition is ours.
   */
  async #read(
    position: EntryId,
    most: {
      readonly maxEntries: number;
      readonly maxBytes: number;
      readonly waitMs: number;
    },
  ): Promise<ReadBatch | null> {
    const { p, buffer } = this.options;
    try {
      const read = await outside(
        "read the buffer",
        () => buffer.read(p, position, { ...most, signal: this.signal }),
      );
      if (this.#unread) this.succeeded();
      this.#unread = false;
      return read;
    } catch (error) {
      if (!(error instanceof AggregatorOutageError)) throw error;
      this.#unread = true;
      await this.waitAfter(error);
      return null;
    }
  }

  /** Waits before the next turn, as this one took so long and brought that. */
  async #pace(
    entries: readonly ReadEntry[],
    { readAt, tookMs }: { readonly readAt: number; readonly tookMs: number },
  ): Promise<void> {
    const { paceMsMin, paceMsMax, batchEntriesMax } = this.settings;
    const ticks = ticksIn(entries);
    const behind = ticks >= this.#budget.of(BEHIND_TICKS) ||
      entries.length >= this.#budget.of(batchEntriesMax) * MUCH_OF_ENTRIES;
    if (entries.length === 0 || behind) return;
    const ms = Math.max(paceMsMin, Math.min(paceMsMax, PACE * tookMs));
    if (this.#passed(readAt, ms)) return;
    const leftMs = readAt + ms - this.#nowMs();
    await this.options.clock.sleep(leftMs, this.signal);
  }

  /** These entries are committed: how long have they waited? */
  #noteWaits(waited: readonly Waited[]): void {
    const { waits, clock } = this.options;
    const now = clock.now();
    for (const { receivedAt, ticks } of waited) {
      waits?.add((now - receivedAt) / MICROS_PER_MS, ticks);
    }
  }

  #lose(): void {
    const { p, log, ownership, events } = this.options;
    log.warn("Another process has taken the partition", { p });
    this.#leaseEpoch = null;
    ownership?.onLost(p);
    events.onLost?.(p);
  }

  /** Whether the partition is ours to go on with; if not, it is let go. */
  async #goesOn(): Promise<boolean> {
    const { p, ownership, log } = this.options;
    const verdict = ownership?.verdict(p) ?? "keep";
    if (verdict === "keep") return true;
    if (verdict === "yield") {
      log.info("Another process is to have the partition", { p });
      await this.#release();
      ownership?.onLost(p);
    }
    this.options.events.onLost?.(p);
    this.#leaseEpoch = null;
    return false;
  }

  /** Stores what is told at once; if the answer is lost, it may be untold. */
  async #write<T>(action: string, work: () => Promise<T>): Promise<T> {
    const before = this.#untold;
    this.#untold = true;
    const result = await outside(action, work);
    this.#untold = before;
    return result;
  }

  async #commit(
    change: BookOutcome,
    leaseEpoch: number,
    expect: EntryId,
  ): Promise<boolean> {
    const { p, store, events } = this.options;
    const startedAt = this.#nowMs();
    const result = await this.#write("commit candles", () =>
      store.commit({
        p,
        leaseEpoch,
        expect,
        incarnation: this.#incarnation,
        ...change,
      }));
    if (result.kind === "fenced") return false;
    this.#committedInMs = this.#nowMs() - startedAt;
    this.#closesAt = null;
    this.succeeded();
    this.#position = change.next;
    this.#positionIsOfStream = true;
    this.#dirty ||= change.dirty.length > 0;
    for (const minute of change.forming) this.#forming.add(minute);
    this.options.buffer.raiseFloor(p, change.next);
    events.onCommitted(p, change.next, {
      incarnation: this.#incarnation,
      applied: change.applied,
      feeds: change.feeds,
      candles: result.candles,
      tooLate: tooLateOf(change.quarantine),
    });
    return true;
  }

  /**
   * Brings longer candles up to date; what is left waits for the next turn.
   *
   * It rests some times as long as it took, so that commits have most of a
   * warehouse that is busy, and is short, so that no close waits for it long.
   *
   * @returns False if the partition is not ours any more.
   */
  async #rollUp(leaseEpoch: number): Promise<boolean> {
    const { rollUpEveryMs, rollUpRoundsMax, rollUpMsMax } = this.settings;
    if (!this.#dirty && this.#forming.size === 0) return true;
    if (!this.#passed(this.#rolledUpAt, this.#rollUpRestMs)) return true;
    const startedAt = this.#nowMs();
    const rest = this.#dirty ? ROLL_UP_REST : FORMING_REST;
    let ours = true;
    for (let round = 0; ours && round < rollUpRoundsMax; round++) {
      if (round > 0 && this.#passed(startedAt, rollUpMsMax)) break;
      if (this.#dirty) this.#dirty = await this.#rollUpOnce();
      else if (this.#forming.size > 0) {
        ours = await this.#rollUpForming(leaseEpoch);
      } else break;
    }
    this.#rolledUpAt = this.#nowMs();
    const tookMs = this.#rolledUpAt - startedAt;
    this.#rollUpRestMs = Math.max(rollUpEveryMs, rest * tookMs);
    return ours;
  }

  /** @returns Whether anything was dirty. */
  async #rollUpOnce(): Promise<boolean> {
    const { p, store, events } = this.options;
    const startedAt = this.#nowMs();
    const candles = await this.#write(
      "roll candles up",
      () => store.rollUp(p, this.#rollUps.of(this.settings.rollUpLimit)),
    );
    this.#rollUps.took(this.#nowMs() - startedAt);
    if (candles.length > 0) events.onRolledUp(p, candles);
    return candles.length > 0;
  }

  /** @returns False if the partition is not ours any more. */
  async #rollUpForming(leaseEpoch: number): Promise<boolean> {
    const { p, store, events } = this.options;
    const limit = this.#rollUps.of(this.settings.rollUpLimit);
    const minutes = this.#forming.values().take(limit).toArray();
    const startedAt = this.#nowMs();
    const candles = await this.#write(
      "roll candles up",
      () => store.rollUpForming({ p, leaseEpoch }, minutes),
    );
    this.#rollUps.took(this.#nowMs() - startedAt);
    if (candles === null) return false;
    for (const minute of minutes) this.#forming.delete(minute);
    if (candles.length > 0) events.onRolledUp(p, candles);
    return true;
  }

  /**
   * Starts a trim beside the loop, if it is time or the buffer over its budget,
   * and none is under way.
   */
  #trimNowAndThen(): void {
    const { p, log } = this.options;
    if (this.#trimming || !this.#positionIsOfStream) return;
    const due = this.#passed(this.#trimmedAt, this.settings.trimEveryMs);
    if (!due && !this.#looksAtBudget()) return;
    this.#trimming = this.#trimIf(due)
      .catch((error) => {
        if (error instanceof AssertionError) throw error;
        log.warn("Could not trim the buffer; it is tried again", {
          p,
          error: String(error),
        });
      })
      .finally(() => {
        if (due) this.#trimmedAt = this.#nowMs();
        this.#trimming = null;
      });
  }

  #looksAtBudget(): boolean {
    if (this.settings.bufferBytesMax === Infinity) return false;
    return this.#mayBeOver &&
      this.#passed(this.#budgetSeenAt, BUDGET_LOOK_MS);
  }

  async #trimIf(due: boolean): Promise<void> {
    if (due || await this.#isOverBudget()) await this.#trim();
  }

  async #isOverBudget(): Promise<boolean> {
    this.#budgetSeenAt = this.#nowMs();
    const { bytes } = await this.options.buffer.stats({ rough: true });
    this.#mayBeOver = bytes > this.settings.bufferBytesMax;
    return this.#mayBeOver;
  }

  /**
   * Forgets ticks that are old enough and whose candles are safe even from
   * power loss: lagging, so that a warehouse that comes back a little behind
   * finds the ticks it lacks. While the buffer is over its budget, what is old
   * enough becomes younger, down to a lag that is left.
   */
  async #trim(): Promise<void> {
    const { p, buffer, store } = this.options;
    const incarnation = this.#incarnation;
    // What is committed meanwhile may or may not be safe.
    const position = this.#position;
    await store.checkpoint();
    const longest = Math.max(TRIM_LAG_MS_MIN, this.settings.retentionMs);
    let lagMs = Math.min(longest, Math.ceil(this.#trimLagMs / TRIM_LAG_STEP));
    for (;;) {
      const through = await this.#oldOf(position, lagMs);
      if (await buffer.incarnation(p) !== incarnation) return;
      if (compareEntryIds(through, BEFORE_FIRST) > 0) {
        await this.options.archive?.(through, incarnation);
        await buffer.trim(p, through);
      }
      this.#trimLagMs = lagMs;
      if (lagMs <= TRIM_LAG_MS_OVER || !await this.#isOverBudget()) return;
      lagMs = Math.max(TRIM_LAG_MS_OVER, Math.floor(lagMs * TRIM_LAG_STEP));
    }
  }

  /** The newest entry up to `position` that is older than a lag. */
  async #oldOf(position: EntryId, lagMs: number): Promise<EntryId> {
    const { p, buffer, clock } = this.options;
    const before = epochMicros(clock.now() - lagMs * MICROS_PER_MS);
    const old = await buffer.newestBefore(p, before);
    return compareEntryIds(position, old) < 0 ? position : old;
  }

  async stop(): Promise<void> {
    await this.#trimming;
    await this.#release();
    this.options.ownership?.onLost(this.options.p);
    this.options.events.onLost?.(this.options.p);
  }

  /** What may be untold is left to run out: whoever has it next tells of it. */
  async #release(): Promise<void> {
    const { p, store, log } = this.options;
    if (this.#leaseEpoch === null) return;
    if (this.#untold) {
      log.warn("Nobody may know of what was stored last; the lease runs out", {
        p,
      });
      return;
    }
    try {
      await store.release(p, this.#leaseEpoch);
    } catch (error) {
      log.warn("Could not release the partition; its lease runs out", {
        p,
        error: String(error),
      });
    }
  }

  /**
   * Others may have registered instruments since the catalog was read. What
   * the warehouse does not know either it has lost: the buffer is synced at
   * every append, and it is not at every commit.
   */
  async #knowSymbols(
    symbols: Iterable<Pick<EntrySymbol, "symbol"> & Partial<EntrySymbol>>,
  ): Promise<void> {
    const { catalog, log, p } = this.options;
    const unknown = [...symbols].filter(({ symbol }) => !catalog.get(symbol));
    if (unknown.length === 0) return;
    await outside("read the instruments", async () => {
      await catalog.refresh();
      for (const { symbol, priceScale = 0, sizeScale = 0 } of unknown) {
        if (catalog.get(symbol)) continue;
        log.warn("The warehouse has lost an instrument, registering it anew", {
          p,
          symbol,
        });
        await catalog.restore(symbol, { priceScale, sizeScale });
      }
    });
  }

  /** Each unknown symbol of the entries once, with the widest of its scales. */
  #unknownIn(entries: readonly ReadEntry[]): Iterable<EntrySymbol> {
    const { catalog } = this.options;
    const unknown = new Map<string, EntrySymbol>();
    for (const { entry } of entries) {
      for (const { symbol, priceScale, sizeScale } of entry.symbols) {
        if (catalog.get(symbol)) continue;
        const known = unknown.get(symbol);
        unknown.set(symbol, {
          symbol,
          priceScale: Math.max(priceScale, known?.priceScale ?? 0),
          sizeScale: Math.max(sizeScale, known?.sizeScale ?? 0),
        });
      }
    }
    return unknown.values();
  }

  #calendarOf(symbol: string): Calendar {
    const { catalog } = this.options;
    const instrument = catalog.get(symbol);
    if (!instrument) throw new AssertionError(`${symbol} was looked up before`);
    return catalog.calendarOf(instrument);
  }

  #passed(since: number, ms: number): boolean {
    return this.#nowMs() - since >= ms;
  }

  #nowMs(): number {
    return this.options.clock.steadyMs();
  }
}

function ticksIn(entries: readonly ReadEntry[]): number {
  return entries.reduce((sum, { entry }) => sum + entry.ticks.length, 0);
}

/** Runs what may fail for reasons outside, and says what it was. */
async function outside<T>(
  action: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof AssertionError) throw cause;
    throw new AggregatorOutageError(`Cannot ${action}`, { cause });
  }
}

function tooLateOf(
  rows: readonly QuarantineRow[],
): readonly { readonly key: FeedKey; readonly seq: number }[] {
  return rows.flatMap(({ key, reject: { reason, seq } }) =>
    reason === "too_late" && seq !== null ? [{ key, seq }] : []
  );
}
