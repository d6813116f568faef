import { type Catalog, type Decimals, UnknownSymbolError } from "../catalog.ts";
import type { Cleaner, CleanState } from "../candles/clean.ts";
import type {
  Delivery,
  EntryKind,
  EntrySymbol,
  FeedKey,
} from "../domain/entry.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { PartitionMap } from "../domain/partition_map.ts";
import type { RejectReason } from "../domain/tick.ts";
import { type EpochMicros, MICROS_PER_MS } from "../domain/time.ts";
import type { Clock, FeedStore, Log, TickBuffer } from "../ports.ts";
import { AckTracker, type CommitReport, type Place } from "./ack_tracker.ts";
import { POWERS_OF_TEN } from "./byte_tables.ts";
import { ChainWriter } from "./chain_writer.ts";
import type { ErrorCode } from "./control_message.ts";
import {
  DecodedBatch,
  type RejectedLine,
  ROW_REJECT,
  ROW_TICK,
} from "./decoded_batch.ts";
import type { FeedSettings } from "./feed_settings.ts";
import {
  type FeedStats,
  type FeedWaits,
  type LineCounts,
  lineCounts,
} from "./feed_stats.ts";

/** What a connection hears of its feed. */
export interface FeedEvents {
  buffered(seq: number): void;
  ack(seq: number): void;
  nack(nack: {
    readonly seq: number | null;
    readonly line: number | null;
    readonly code: RejectReason;
    readonly reason: string;
  }): void;
  resend(from: number): void;
  /** The connection must be closed with this error. */
  fail(code: ErrorCode, reason: string): void;
}

/** One symbol of a feed: where its ticks go, and at which scales. */
interface Route {
  readonly symbol: string;
  readonly writer: ChainWriter;
  instrument: Instrument;
  clean: CleanState;
  priceScale: number;
  sizeScale: number;
  /** Number of the symbol in the entry of that version. */
  slot: number;
  version: number;
}

/** A number that did not come, and the lines after it. */
interface Hole {
  /** First number that is there after the hole. */
  first: number;
  /** Lines after the hole, as many as fit. */
  held: DecodedBatch | null;
  heldLast: number;
  /** Lines after the held ones are not kept: they are not counted either. */
  full: boolean;
  readonly timer: AbortController;
}

/** One connection's hold of a feed. */
export interface FeedLink {
  readonly events: FeedEvents;
  readonly counts: LineCounts;
  /** By the connection's number of the symbol. */
  readonly routes: (Route | undefined)[];
  /** By the connection's number of the symbol, as the decoder fills it. */
  readonly symbols: readonly string[];
  readonly allows: (symbol: string) => boolean;
  /** Its lines are taken; false once it was closed or replaced. */
  attached: boolean;
}

/** Where a feed stands in the stores. */
export interface Standing {
  readonly acked: number;
  /** The partitions that there are. */
  readonly division: PartitionMap;
  /** Of each partition. */
  readonly chains: readonly Chain[];
}

interface Chain {
  readonly bufferLast: number;
  readonly committedLast: number;
  /** Newest entry of the partition, when `bufferLast` was asked or later. */
  readonly newest: Place;
}

export interface FeedIngestOptions {
  readonly key: FeedKey;
  readonly delivery: Delivery;
  /** Name of this process, for its entries. */
  readonly node: string;
  readonly replay: boolean;
  readonly standing: Standing;
  readonly buffer: TickBuffer;
  readonly store: FeedStore;
  readonly catalog: Catalog;
  readonly cleaner: Cleaner;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: FeedSettings;
  readonly waits?: FeedWaits;
  /** Resolves once lines may be taken in; `null` while they may. */
  readonly whenLetIn: () => Promise<void> | null;
  /** What is known of a partition's commits. */
  readonly committedTo: (p: number) => CommitReport | undefined;
  /** All feeds without acks together have more uncommitted than they may. */
  readonly overBudget: () => boolean;
  /** Called when the feed lost what it had appended and cannot go on. */
  readonly onLost: (feed: FeedIngest) => void;
}

const HELD_ROWS = 16_384;
const HELD_BYTES = 1_048_576;
const RETRY_MS = 200;
/** How often a feed that waits for room looks for it without being told. */
const LOOK_MS = 1_000;

const MOVED = "the partitions were divided, connect and send again";

type Stop = "end" | "admit" | "held";

/**
 * Takes the decoded lines of one feed epoch into the buffer: orders them,
 * drops what came before, asks for what is missing, admits symbols, cleans,
 * and groups by partition.
 *
 * A feed with acks numbers its lines from 1 without a hole, over all its
 * symbols, and has one connection at a time. The lines of any other feed are
 * numbered here, in the order in which they come, from any connections.
 *
 * Every line that is counted as received is counted as accepted, duplicate or
 * rejected too. Lines after a hole are counted when the hole is closed.
 */
export class FeedIngest {
  readonly key: FeedKey;
  readonly delivery: Delivery;
  readonly replay: boolean;
  readonly tracker: AckTracker;
  /** Highest number that was acked and saved. */
  acked: number;
  /** Of a feed with acks: bytes that may be uncommitted. */
  windowBytes: number;
  readonly #options: FeedIngestOptions;
  readonly #sequenced: boolean;
  #writers: readonly ChainWriter[] = [];
  /** Which of them has a symbol. */
  #division!: PartitionMap;
  #feedWriter!: ChainWriter;
  readonly #routes = new Map<string, Route>();
  readonly #links = new Set<FeedLink>();
  /** Who hears of acks: the newest connection, also while it closes. */
  #listener: FeedLink | null = null;
  readonly #counts = lineCounts();
  readonly #rejectedBy: Partial<Record<RejectReason, number>> = {};
  readonly #life = new AbortController();
  /** Number of the next line. */
  #next: number;
  #hole: Hole | null = null;
  /** `hole.first`, or Infinity: what the hot loop looks at. */
  #holeFirst = Infinity;
  #pendingEnd: { readonly total: number | undefined } | null = null;
  #missing = 0;
  #resends = 0;
  /** When its last connection went, unless it had said that all was sent. */
  #awaySince: EpochMicros | null = null;
  /** The source said that it has sent everything. */
  #ended = false;
  /** Lines that the buffer lost and nobody sends again. */
  #lost = 0;
  #stop: Stop = "end";
  #now: EpochMicros = 0 as EpochMicros;
  #lastReceived: EpochMicros | null = null;
  /** Highest number that the source was told is in the buffer. */
  #buffered: number;
  #turn: Promise<unknown> = Promise.resolve();
  #lingering = false;
  #counting = false;
  #pausedTakes = 0;
  #waiters: (() => void)[] = [];

  constructor(options: FeedIngestOptions) {
    const { key, delivery, replay, standing, ...rest } = options;
    const { acked, chains } = standing;
    this.#options = options;
    this.key = key;
    this.delivery = delivery;
    this.replay = replay;
    this.acked = acked;
    this.windowBytes = options.settings.windowBytes;
    this.#buffered = acked;
    this.#sequenced = delivery === "acked";
    this.tracker = new AckTracker(
      acked,
      this.#sequenced ? "number" : "position",
      ({ since, lines }) => {
        const waited = options.clock.now() - since;
        if (lines > 0) {
          options.waits?.committed.add(waited / MICROS_PER_MS, lines);
        }
      },
    );
    chains.forEach((chain, p) => this.#knowEarlier(p, chain));
    this.#writeTo(standing);
    this.#next = 1 +
      (this.#sequenced
        ? acked
        : Math.max(...this.#writers.map(({ last }) => last)));
    chains.forEach((_, p) => {
      const known = rest.committedTo(p);
      if (known) this.tracker.committed(p, known);
    });
  }

  /** Appends go to these partitions from now on, and to their streams for good. */
  #writeTo({ division, chains }: Standing): void {
    const { key, delivery, node, replay, clock, log, waits } = this.#options;
    const buffer = this.#options.buffer.pinned?.() ?? this.#options.buffer;
    this.#division = division;
    this.#writers = chains.map((chain, p) =>
      new ChainWriter({
        p,
        key,
        delivery,
        node,
        replay,
        buffer,
        tracker: this.tracker,
        clock,
        log,
        signal: this.#life.signal,
        bufferLast: chain.bufferLast,
        last: Math.max(chain.bufferLast, chain.committedLast),
        waits: waits?.buffered,
        onAppended: () => this.#onAppended(),
        onSealed: () => this.#wake(),
        onLost: (after) => this.#onLost(p, { after }),
      })
    );
    this.#feedWriter = this.#writerOf(key.feed);
  }

  /**
   * The partitions were divided: goes on in what they are now. Of a feed with
   * acks, what is not in the old ones is sent again; of others it is lost, and
   * said. That is nothing if it was settled before.
   */
  async divide(standing: Standing): Promise<void> {
    const { chains } = standing;
    await this.#exclusive(() => {
      if (this.#life.signal.aborted) return;
      chains.forEach(({ committedLast }, p) => {
        if (this.#sequenced) this.tracker.reached(p, committedLast);
      });
      const idle = this.#writers.every(({ idle }) => idle);
      if (this.#sequenced && !(idle && this.tracker.settled)) {
        this.#startOver(MOVED);
      } else {
        if (idle) this.#writeTo(standing);
        else this.#leaveBehind(standing);
        // Another process may have gone on with it before.
        chains.forEach((chain, p) => this.#knowEarlier(p, chain));
      }
      this.#routes.clear();
      for (const { routes } of this.#links) routes.length = 0;
    });
  }

  #leaveBehind(standing: Standing): void {
    const { key: { feed, epoch }, unappendedLines: lines } = this;
    if (lines > 0) {
      this.#options.log.error(
        "Lines of a feed without acks are lost, as the partitions were " +
          "divided while this process stood still",
        { feed, epoch, lines },
      );
    }
    this.#lost += lines;
    for (const writer of this.#writers) writer.giveUp();
    this.#writeTo(standing);
    // What was to be said of its connection may be among it.
    this.#say(this.connected ? "open" : "close");
  }

  /** The partitions were not divided after all. */
  reopen(): void {
    for (const writer of this.#writers) writer.reopen();
  }

  /**
   * Another process may have had the feed since it was here last: goes on from
   * where it stands now. What is on its way here finds that out by itself.
   */
  catchUp({ acked, chains }: Standing): void {
    this.acked = Math.max(this.acked, acked);
    this.tracker.passed(this.acked);
    this.#next = Math.max(this.#next, this.acked + 1);
    for (const writer of this.#writers) {
      const chain = chains[writer.p];
      const last = Math.max(chain.bufferLast, chain.committedLast);
      if (last > writer.last) this.#knowEarlier(writer.p, chain);
      else this.tracker.reached(writer.p, chain.committedLast);
      writer.reached(last);
    }
    this.#wake();
  }

  /** What is in the buffer from elsewhere is safe once it is committed. */
  #knowEarlier(p: number, chain: Chain): void {
    if (this.#sequenced && chain.bufferLast > this.acked) {
      const earlier = this.tracker.hand(p, this.#options.clock.now());
      this.tracker.addNumber(earlier, this.acked + 1);
      this.tracker.addNumber(earlier, chain.bufferLast);
      this.tracker.appended(p, earlier, chain.newest);
    }
    if (this.#sequenced) this.tracker.reached(p, chain.committedLast);
  }

  // ------------------------------------------------------------ connections

  /** Gives a connection its hold; of a feed with acks, the only one. */
  attach(
    events: FeedEvents,
    symbols: readonly string[],
    allows: (symbol: string) => boolean = () => true,
  ): FeedLink {
    if (this.#sequenced) {
      for (const link of [...this.#links]) {
        this.#drop(link);
        link.events.fail("superseded", "a newer hello of this feed came");
      }
    }
    const link: FeedLink = {
      events,
      symbols,
      allows,
      counts: lineCounts(),
      routes: [],
      attached: true,
    };
    this.#links.add(link);
    this.#awaySince = null;
    this.#ended = false;
    this.#listener = link;
    if (this.#links.size === 1) this.#say("open");
    return link;
  }

  /**
   * Ends a connection's hold: what it brought is sent off, and its end said.
   *
   * @param complete It went by itself, and nothing more was to come.
   */
  async detach(link: FeedLink, complete = false): Promise<void> {
    await this.#options.whenLetIn();
    await this.#exclusive(() => {
      if (!link.attached) return;
      this.#ended ||= complete && this.#links.size === 1;
      this.#drop(link);
      if (this.#links.size === 0) this.#say("close");
    });
  }

  #drop(link: FeedLink): void {
    link.attached = false;
    this.#links.delete(link);
    if (this.#links.size === 0 && !this.#ended) {
      this.#awaySince = this.#options.clock.now();
    }
    this.#pendingEnd = null;
    this.#closeHole();
    this.#wake();
  }

  /** The connection hears nothing more. */
  release(link: FeedLink): void {
    if (this.#listener === link) this.#listener = null;
  }

  /** Ends all its connections with an error. */
  fail(code: ErrorCode, reason: string): void {
    const links = [...this.#links];
    for (const link of links) {
      this.#drop(link);
      link.events.fail(code, reason);
    }
    if (links.length > 0) this.#say("close");
  }

  get connected(): boolean {
    return this.#links.size > 0;
  }

  /** Nothing of it is on its way, and what can be acked is. */
  get settled(): boolean {
    return this.tracker.settled && this.#writers.every(({ idle }) => idle) &&
      (!this.#sequenced || this.tracker.ack <= this.acked);
  }

  /** Resolves once it is settled, or the signal aborts. */
  async whenSettled(signal: AbortSignal): Promise<void> {
    await this.#until(() => this.settled, signal);
  }

  async #until(done: () => boolean, signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake();
    signal.addEventListener("abort", wake);
    while (!done() && !signal.aborted && !this.#life.signal.aborted) {
      await this.#changed();
    }
    signal.removeEventListener("abort", wake);
  }

  /**
   * Sends off what was taken. Resolves once all of it that streams take is
   * committed, and acked, or the signal aborts.
   */
  async settle(signal: AbortSignal): Promise<void> {
    await this.#exclusive(() => this.flush());
    await this.#until(
      () =>
        this.#writers.every(({ idle, sealedOff }) => idle || sealedOff) &&
        !this.tracker.waits && !this.ackDue,
      signal,
    );
  }

  /** Whether a connection of it is open. */
  get open(): boolean {
    return this.#links.size > 0;
  }

  /** Bytes of lines that are in memory only. */
  get unappendedBytes(): number {
    return this.#writers.reduce((sum, one) => sum + one.unappendedBytes, 0);
  }

  /** Lines that are in memory only. */
  get unappendedLines(): number {
    return this.#writers.reduce((sum, one) => sum + one.unappendedLines, 0);
  }

  /** Sends off what was taken; resolves once the buffer has it, or on dispose. */
  async whenAppended(): Promise<void> {
    this.flush();
    await Promise.all(this.#writers.map((writer) => writer.whenIdle()));
  }

  /** Stops all that is under way; what is not appended is given up. */
  dispose(): void {
    this.#closeHole();
    this.#life.abort();
    this.#wake();
  }

  // ------------------------------------------------------------------ lines

  /**
   * Takes the lines of a batch, then waits while more is uncommitted than may
   * be, unless `signal` says that nothing more will be read.
   *
   * The batch may be used again when this resolves.
   */
  async take(
    link: FeedLink,
    batch: DecodedBatch,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#letIn(link, signal);
    await this.#exclusive(() => this.#takeAll(link, batch));
    await this.#room(link, signal);
  }

  /** Waits while nothing may be taken in, unless nothing more will be read. */
  async #letIn(link: FeedLink, signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake();
    for (;;) {
      const held = this.#options.whenLetIn();
      if (held === null || !link.attached || signal.aborted) return;
      this.#pausedTakes += 1;
      signal.addEventListener("abort", wake);
      await Promise.race([held, this.#changed()]);
      signal.removeEventListener("abort", wake);
      this.#pausedTakes -= 1;
    }
  }

  /** The source says that it has sent everything, `total` lines in all. */
  async end(link: FeedLink, total: number | undefined): Promise<void> {
    await this.#options.whenLetIn();
    await this.#exclusive(() => {
      if (!link.attached) return;
      this.#pendingEnd = { total };
      this.#checkEnd(link);
    });
  }

  async #takeAll(link: FeedLink, batch: DecodedBatch): Promise<void> {
    let i = 0;
    while (link.attached && !this.#life.signal.aborted) {
      this.#now = this.#options.clock.now();
      i = this.#takeRows(link, batch, i);
      if (this.#stop === "end") break;
      if (this.#stop === "admit") await this.#admit(link, batch, i);
      else await this.#takeHeld(link);
    }
    this.#lastReceived = this.#now;
    this.#taken();
  }

  #taken(): void {
    if (this.#sequenced) this.tracker.passed(this.#next - 1);
    this.#flushSoon();
  }

  /**
   * The hot loop: rows from `i` on, until one needs something to be waited
   * for, which `#stop` says.
   *
   * @returns The first row that was not taken.
   */
  #takeRows(link: FeedLink, batch: DecodedBatch, from: number): number {
    const { kind, symbol, ts, price, priceScale, size, sizeScale, seq } = batch;
    const { cleaner } = this.#options;
    const sequenced = this.#sequenced;
    const routes = link.routes;
    const now = this.#now;
    let accepted = 0;
    let i = from;
    this.#stop = "end";
    for (; i < batch.length; i++) {
      if (this.#next >= this.#holeFirst) {
        this.#stop = "held";
        break;
      }
      if (sequenced && seq[i] !== this.#next) {
        if (this.#outOfTurn(link, batch, i)) {
          if (link.attached) continue;
          break;
        }
      }
      if (kind[i] === ROW_REJECT) {
        this.#reject(link, batch, i, batch.rejectedLine(i));
        continue;
      }
      const route = routes[symbol[i]];
      if (
        route === undefined || priceScale[i] > route.priceScale ||
        sizeScale[i] > route.sizeScale
      ) {
        this.#stop = "admit";
        break;
      }
      const number = this.#next;
      const writer = route.writer;
      if (sequenced && number <= writer.last) {
        this.#duplicate(link);
        this.#next = number + 1;
        continue;
      }
      const ticks = price[i] *
        POWERS_OF_TEN[route.priceScale - priceScale[i]];
      const lots = size[i] * POWERS_OF_TEN[route.sizeScale - sizeScale[i]];
      if (
        ticks > Number.MAX_SAFE_INTEGER || lots > Number.MAX_SAFE_INTEGER
      ) {
        this.#reject(link, batch, i, tooLarge(route, batch, i));
        continue;
      }
      const at = ts[i] as EpochMicros;
      const order = seq[i] >= 0 ? seq[i] : number;
      const verdict = cleaner.check(route.clean, at, ticks, lots, order, now);
      if (verdict.kind === "rejected") {
        this.#reject(link, batch, i, {
          reason: verdict.reason,
          detail: verdict.detail,
          seq: order,
          symbol: route.symbol,
          ts: at,
        });
        continue;
      }
      const draft = writer.draft;
      if (route.version !== draft.version) this.#enter(route);
      if (verdict.kind === "readmits") {
        for (const tick of verdict.earlier) {
          if (!writer.mayReadmit(tick.seq)) continue;
          draft.addTick(route.slot, tick.ts, tick.price, tick.size, tick.seq);
          draft.markReadmitted(tick.seq, number);
          this.#recount(link, "out_of_band", -1);
        }
      }
      draft.addTick(route.slot, at, ticks, lots, order);
      writer.count(number, batch.rawEnd[i] - batch.rawStart[i] + 1);
      this.#next = number + 1;
      accepted += 1;
      if (draft.full) writer.flush();
    }
    if (this.#stop === "end" && this.#next >= this.#holeFirst) {
      this.#stop = "held";
    }
    this.#counts.received += accepted;
    this.#counts.accepted += accepted;
    link.counts.received += accepted;
    link.counts.accepted += accepted;
    return i;
  }

  /** Numbers a symbol in the entry that is being filled. */
  #enter(route: Route): void {
    route.slot = route.writer.draft.addSymbol(
      {
        symbol: route.symbol,
        priceScale: route.priceScale,
        sizeScale: route.sizeScale,
      } satisfies EntrySymbol,
    );
    route.version = route.writer.draft.version;
  }

  /**
   * A row of a feed with acks whose number is not the next one.
   *
   * @returns False if the row is to be taken all the same: as a reject.
   */
  #outOfTurn(link: FeedLink, batch: DecodedBatch, i: number): boolean {
    const seq = batch.seq[i];
    if (!(seq >= 1)) {
      if (batch.kind[i] === ROW_TICK) {
        batch.rejectRow(i, withoutSeq(link, batch, i));
      }
      batch.seq[i] = NaN;
      return false;
    }
    if (seq > this.#next) {
      if (seq - 1 <= this.#inStream) {
        // Acked before, and forgotten here as a power failure took the ack.
        this.#next = seq;
        return false;
      }
      this.#hold(link, batch, i);
      return true;
    }
    if (this.#next - seq > this.#options.settings.replayWindow) {
      const reason =
        `seq must go on from ${this.#next}, got ${seq}; a source ` +
        `that counts anew must say hello with a higher epoch`;
      this.fail("seq_too_low", reason);
      return true;
    }
    this.#duplicate(link);
    return true;
  }

  /** Every number up to this one is in the stream, whoever's symbol it has. */
  get #inStream(): number {
    return Math.min(...this.#writers.map(({ last }) => last));
  }

  #duplicate(link: FeedLink): void {
    this.#feedWriter.countDuplicate();
    this.#counts.received += 1;
    this.#counts.duplicates += 1;
    link.counts.received += 1;
    link.counts.duplicates += 1;
  }

  #reject(
    link: FeedLink,
    batch: DecodedBatch,
    i: number,
    line: RejectedLine,
  ): void {
    const numbered = !this.#sequenced || batch.seq[i] === this.#next;
    const number = numbered ? this.#next : Infinity;
    const writer = line.symbol === null
      ? this.#feedWriter
      : this.#writerOf(line.symbol);
    if (numbered) this.#next = number + 1;
    if (this.#sequenced && number <= writer.last) {
      this.#duplicate(link);
      return;
    }
    const reject = batch.rejectAt(i, line);
    writer.draft.addReject(reject);
    writer.countReject(number, batch.bytesOf(i));
    for (const counts of [this.#counts, link.counts]) {
      counts.received += 1;
      counts.accepted += 1;
    }
    this.#recount(link, reject.reason, 1);
    link.events.nack({
      seq: reject.seq,
      line: reject.line,
      code: reject.reason,
      reason: reject.detail,
    });
    if (writer.draft.full) writer.flush();
  }

  /** Moves lines between accepted and rejected. */
  #recount(link: FeedLink | null, reason: RejectReason, lines: number): void {
    this.#rejectedBy[reason] = (this.#rejectedBy[reason] ?? 0) + lines;
    for (const counts of [this.#counts, link?.counts]) {
      if (!counts) continue;
      counts.rejected += lines;
      counts.accepted -= lines;
    }
  }

  #writerOf(symbol: string): ChainWriter {
    return this.#writers[this.#division.of(symbol)];
  }

  // ---------------------------------------------------------------- symbols

  /** Makes the row's symbol known at scales that hold it, or rejects the row. */
  async #admit(link: FeedLink, batch: DecodedBatch, i: number): Promise<void> {
    const { catalog, clock, log } = this.#options;
    const symbol = link.symbols[batch.symbol[i]];
    const price = batch.priceScale[i];
    const size = batch.sizeScale[i];
    const reject = (reason: RejectReason, detail: string) =>
      batch.rejectRow(i, {
        reason,
        detail,
        seq: Number.isNaN(batch.seq[i]) ? null : batch.seq[i],
        symbol,
        ts: batch.ts[i] as EpochMicros,
      });
    if (!link.allows(symbol)) {
      reject("unknown_symbol", `Symbol ${symbol} is not one of this feed`);
      return;
    }
    while (link.attached && !this.#life.signal.aborted) {
      try {
        if (catalog.get(symbol) === undefined) {
          await catalog.admitAll(unknownFrom(link, batch, i));
        }
        const instrument = await catalog.admit(symbol, { price, size });
        link.routes[batch.symbol[i]] = this.#route(instrument);
        if (price > instrument.priceScale) {
          reject(
            "too_many_decimals",
            `price must have at most ${instrument.priceScale} decimals, ` +
              `got ${price}`,
          );
        } else if (size > instrument.sizeScale) {
          reject(
            "too_many_decimals",
            `volume must have at most ${instrument.sizeScale} decimals, ` +
              `got ${size}`,
          );
        }
        return;
      } catch (error) {
        if (error instanceof UnknownSymbolError) {
          reject("unknown_symbol", error.message);
          return;
        }
        log.warn("Cannot admit a symbol, will try again", {
          symbol,
          error: String(error),
        });
        await clock.sleep(RETRY_MS, this.#life.signal);
      }
    }
  }

  /** The feed's route of an instrument, brought to its scales. */
  #route(instrument: Instrument): Route {
    const { catalog, cleaner } = this.#options;
    const known = this.#routes.get(instrument.symbol);
    if (known?.instrument === instrument) return known;
    const clean = cleaner.stateOf(instrument, catalog.calendarOf(instrument));
    const { priceScale, sizeScale, symbol } = instrument;
    if (known) {
      // One symbol has one pair of scales in an entry.
      if (known.version === known.writer.draft.version) known.writer.flush();
      return Object.assign(known, { instrument, clean, priceScale, sizeScale });
    }
    const route: Route = {
      symbol,
      writer: this.#writerOf(symbol),
      instrument,
      clean,
      priceScale,
      sizeScale,
      slot: 0,
      version: 0,
    };
    this.#routes.set(symbol, route);
    return route;
  }

  // ------------------------------------------------------------------ holes

  /** Keeps a line that comes after a hole, and asks for the hole once. */
  #hold(link: FeedLink, batch: DecodedBatch, i: number): void {
    const seq = batch.seq[i];
    const hole = this.#hole ?? this.#openHole(link, seq);
    if (seq < hole.first) {
      // The source went back, though not to the hole: it sends the rest again.
      hole.held = null;
      hole.heldLast = 0;
      hole.full = false;
      this.#holeFirst = hole.first = seq;
    }
    if (seq <= hole.heldLast) {
      this.#duplicate(link);
      return;
    }
    if (hole.full) return;
    hole.held ??= new DecodedBatch(new Uint8Array(HELD_BYTES), HELD_ROWS);
    if (hole.held.copyRow(batch, i)) hole.heldLast = seq;
    else hole.full = true;
  }

  #openHole(link: FeedLink, first: number): Hole {
    const { clock, settings, log } = this.#options;
    const timer = new AbortController();
    const hole: Hole = { first, held: null, heldLast: 0, full: false, timer };
    this.#hole = hole;
    this.#holeFirst = first;
    const from = this.#next;
    link.events.resend(from);
    this.#resends += 1;
    log.warn("A feed has a hole, asked for it again", {
      feed: this.key.feed,
      epoch: this.key.epoch,
      from,
      got: first,
    });
    clock.sleep(settings.holeMs, timer.signal)
      .then(() => this.#options.whenLetIn())
      .then(() => this.#exclusive(() => this.#giveUp(link, hole)));
    return hole;
  }

  #closeHole(): Hole | null {
    const hole = this.#hole;
    hole?.timer.abort();
    this.#hole = null;
    this.#holeFirst = Infinity;
    return hole;
  }

  /** The missing numbers did not come in time: says so, and goes on. */
  async #giveUp(link: FeedLink, hole: Hole): Promise<void> {
    if (this.#hole !== hole || !link.attached) return;
    const gap = { from: this.#next, to: hole.first - 1 };
    this.#options.log.warn("A feed has a gap", {
      feed: this.key.feed,
      epoch: this.key.epoch,
      ...gap,
    });
    // Any partition's instruments may lack what was in it.
    for (const writer of this.#writers) writer.addGap(gap);
    this.#missing += gap.to - gap.from + 1;
    this.#next = hole.first;
    this.#now = this.#options.clock.now();
    await this.#takeHeld(link);
    this.#taken();
  }

  /** The hole is closed: takes the lines after it. */
  async #takeHeld(link: FeedLink): Promise<void> {
    const hole = this.#closeHole();
    if (hole?.held) await this.#takeAll(link, hole.held);
    this.#checkEnd(link);
  }

  /** Says the end, once everything up to it has come or was given up. */
  #checkEnd(link: FeedLink): void {
    if (!this.#pendingEnd || this.#hole || !link.attached) return;
    const total = this.#pendingEnd.total ?? this.#next - 1;
    if (this.#sequenced && total >= this.#next) {
      this.#openHole(link, total + 1);
      return;
    }
    this.#pendingEnd = null;
    this.#ended = true;
    this.#say("end");
  }

  // ------------------------------------------------------ buffer and commits

  #say(kind: EntryKind): void {
    for (const writer of this.#writers) writer.say(kind);
  }

  flush(): void {
    for (const writer of this.#writers) writer.flush();
  }

  /** Lines wait a little for others, and counts of duplicates longer. */
  #flushSoon(): void {
    const { clock, settings } = this.#options;
    const pressing = this.#writers.some(({ draft }) => draft.pressing);
    if (pressing && !this.#lingering) {
      this.#lingering = true;
      const behind = this.tracker.uncommittedBytes / settings.behindBytes;
      const most = settings.lingerTimesMax[this.delivery];
      const times = Math.max(1, Math.min(most, behind));
      clock.sleep(times * settings.lingerMs, this.#life.signal).then(() => {
        this.#lingering = false;
        this.flush();
      });
    }
    const counts = !pressing && this.#writers.some(({ draft }) => !draft.empty);
    if (counts && !this.#counting) {
      this.#counting = true;
      clock.sleep(settings.countsMs, this.#life.signal).then(() => {
        this.#counting = false;
        this.flush();
      });
    }
  }

  #onAppended(): void {
    const { buffered } = this.tracker;
    if (this.#sequenced && buffered > this.#buffered) {
      this.#buffered = buffered;
      this.#listener?.events.buffered(buffered);
    }
    this.#wake();
  }

  /** Partition `p` is in the warehouse so far. */
  onCommitted(p: number, report: CommitReport): void {
    const lost = this.tracker.committed(p, report);
    if (lost) this.#onLost(p, {});
    this.#wake();
  }

  /** Streams of partition `p` that uncommitted lines of it stand in. */
  streams(p: number): ReadonlySet<string> {
    return this.tracker.streams(p);
  }

  /** Streams of partition `p` are gone, with what was not committed of them. */
  onStreamsGone(p: number, gone: ReadonlySet<string>): void {
    const here = this.tracker.streams(p).intersection(gone);
    if (here.size > 0) this.#onLost(p, { streams: here });
  }

  /** A tick was accepted here, and found too late when it was applied. */
  onTooLate(seq: number): void {
    this.#recount(null, "too_late", 1);
    this.#listener?.events.nack({
      seq,
      line: null,
      code: "too_late",
      reason: "ts must not be older than the grace allows",
    });
  }

  /** There is a number to ack that was not saved. */
  get ackDue(): boolean {
    return this.#sequenced && this.tracker.ack > this.acked;
  }

  /** The ack was saved: tells the source. */
  onAckSaved(seq: number): void {
    // Another process may have gone further while this one was being saved.
    this.acked = Math.max(this.acked, seq);
    this.#listener?.events.ack(this.acked);
    this.#wake();
  }

  /**
   * The buffer lost appended lines. A source that numbers its own sends them
   * again; what others sent is gone, and counted.
   */
  #onLost(p: number, lost: Parameters<AckTracker["forget"]>[1]): void {
    const { log } = this.#options;
    const fields = { p, feed: this.key.feed, epoch: this.key.epoch };
    if (!this.#sequenced) {
      const lines = this.tracker.forget(p, lost);
      this.#lost += lines;
      log.error("The buffer lost lines of a feed without acks", {
        ...fields,
        lines,
      });
      this.#wake();
      return;
    }
    log.error("The buffer lost lines of a feed, it must resend", fields);
    this.#startOver("the buffer lost ticks, connect and send again");
  }

  /** Of a feed with acks: its source connects again, and sends from its ack. */
  #startOver(reason: string): void {
    this.dispose();
    this.fail("buffer_lost", reason);
    this.#options.onLost(this);
  }

  // ---------------------------------------------------------------- waiting

  get #tooMuch(): boolean {
    if (this.#sequenced) {
      return this.tracker.uncommittedBytes > this.windowBytes;
    }
    return this.#options.overBudget();
  }

  async #room(link: FeedLink, signal: AbortSignal): Promise<void> {
    if (!this.#tooMuch) return;
    this.flush();
    this.#pausedTakes += 1;
    const wake = () => this.#wake();
    signal.addEventListener("abort", wake);
    const waiting = new AbortController();
    if (!this.#sequenced) this.#look(waiting.signal);
    while (
      this.#tooMuch && link.attached && !signal.aborted &&
      !this.#life.signal.aborted
    ) await this.#changed();
    waiting.abort();
    signal.removeEventListener("abort", wake);
    this.#pausedTakes -= 1;
  }

  /** That a store is away makes room for feeds without acks, and nobody says it. */
  async #look(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(LOOK_MS, signal);
      this.#wake();
    }
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  /** Runs one piece of work on the feed's state at a time. */
  #exclusive<T>(work: () => T | Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  stats(): FeedStats {
    const sequenced = this.#sequenced;
    return {
      feed: this.key.feed,
      epoch: this.key.epoch,
      delivery: this.delivery,
      replay: this.replay,
      connections: this.#links.size,
      ...this.#counts,
      rejectedBy: { ...this.#rejectedBy },
      bufferedSeq: sequenced ? this.tracker.buffered : null,
      ackedSeq: sequenced ? this.acked : null,
      missingSeq: this.#hole ? this.#next : null,
      missing: this.#missing,
      resends: this.#resends,
      ended: this.#ended,
      awaySince: this.#awaySince,
      lost: this.#lost,
      uncommittedBytes: this.tracker.uncommittedBytes,
      paused: this.#pausedTakes > 0,
      trouble: this.#writers.find(({ trouble }) => trouble)?.trouble ?? null,
      lastReceived: this.#lastReceived,
    };
  }
}

function withoutSeq(
  link: FeedLink,
  batch: DecodedBatch,
  i: number,
): RejectedLine {
  return {
    reason: "seq_missing",
    detail: Number.isNaN(batch.seq[i])
      ? "a feed that said hello must number its ticks, got no seq"
      : "seq must be at least 1, got 0",
    seq: null,
    symbol: link.symbols[batch.symbol[i]],
    ts: batch.ts[i] as EpochMicros,
  };
}

function tooLarge(
  route: Route,
  batch: DecodedBatch,
  i: number,
): RejectedLine {
  return {
    reason: "schema",
    detail: `price and volume must fit in 2^53 steps at ${route.priceScale} ` +
      `and ${route.sizeScale} decimals`,
    seq: Number.isNaN(batch.seq[i]) ? null : batch.seq[i],
    symbol: route.symbol,
    ts: batch.ts[i] as EpochMicros,
  };
}

/**
 * Symbols of rows from `from` on that the feed has no route of yet, with the
 * most decimals of each.
 */
function unknownFrom(
  { symbols, routes, allows }: FeedLink,
  { length, kind, symbol, priceScale, sizeScale }: DecodedBatch,
  from: number,
): ReadonlyMap<string, Decimals> {
  const unknown = new Map<string, Decimals>();
  for (let i = from; i < length; i++) {
    if (kind[i] === ROW_REJECT || routes[symbol[i]] !== undefined) continue;
    const name = symbols[symbol[i]];
    const known = unknown.get(name);
    if (!known && !allows(name)) continue;
    unknown.set(name, {
      price: Math.max(known?.price ?? 0, priceScale[i]),
      size: Math.max(known?.size ?? 0, sizeScale[i]),
    });
  }
  return unknown;
}
