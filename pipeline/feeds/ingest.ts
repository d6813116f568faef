import type { Catalog } from "../catalog.ts";
import { Cleaner, type CleanSettings } from "../candles/clean.ts";
import { type Delivery, type FeedKey, feedKeyText } from "../domain/entry.ts";
import type { PartitionLayout } from "../domain/partition_layout.ts";
import type { PartitionMap } from "../domain/partition_map.ts";
import type { EpochMicros } from "../domain/time.ts";
import {
  type Clock,
  type CommittedPartition,
  compareEntryIds,
  type FeedStore,
  type Log,
  type TickBuffer,
  type WarehouseContent,
} from "../ports.ts";
import type { CommitReport } from "./ack_tracker.ts";
import { CommitPace } from "./commit_pace.ts";
import type { ErrorCode } from "./control_message.ts";
import type { DecodedBatch } from "./decoded_batch.ts";
import {
  type FeedEvents,
  FeedIngest,
  type FeedLink,
  type Standing,
} from "./feed_ingest.ts";
import { FEED_DEFAULTS, type FeedSettings } from "./feed_settings.ts";
import type { FeedStats, FeedWaits } from "./feed_stats.ts";

export interface IngestOptions {
  readonly buffer: TickBuffer;
  readonly store: FeedStore;
  readonly catalog: Catalog;
  readonly clean: CleanSettings;
  readonly layout: PartitionLayout;
  /** Name of this process among those that share the warehouse. */
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings?: Partial<FeedSettings>;
  readonly waits?: FeedWaits;
}

/** How far a partition is committed, and what that brought. */
export interface CommitNews extends Omit<CommittedPartition, "p"> {
  /** Numbered ticks that turned out too late. */
  readonly tooLate: readonly { readonly key: FeedKey; readonly seq: number }[];
}

/** What a connection says it is. */
export interface OpenRequest {
  readonly feed: string;
  /** The newest known, or 1, if absent. */
  readonly epoch?: number;
  readonly delivery: Delivery;
  readonly replay: boolean;
  readonly content: WarehouseContent;
  /** Symbols that it may bring; all if absent. */
  readonly allows?: (symbol: string) => boolean;
}

/** A connection's way in. */
export interface FeedEntrance {
  readonly key: FeedKey;
  /** Highest number that the source need not send again, as of now. */
  readonly resumeAfter: number;
  readonly windowBytes: number;
  readonly counts: FeedLink["counts"];
  /** Takes decoded lines; waits while too much is uncommitted. */
  take(batch: DecodedBatch, signal: AbortSignal): Promise<void>;
  /** Everything was sent: `total` lines in all, if it says so. */
  end(total: number | undefined): Promise<void>;
  /**
   * Sends off what was taken, and says that the connection is gone: `complete`
   * if it went by itself, and nothing more was to come.
   */
  detach(complete?: boolean): Promise<void>;
  /** Resolves when all of the feed is committed and acked, or on abort. */
  whenSettled(signal: AbortSignal): Promise<void>;
  /** Hears nothing any more. */
  release(): void;
}

export type OpenResult =
  | { readonly kind: "opened"; readonly entrance: FeedEntrance }
  | {
    readonly kind: "refused";
    readonly code: ErrorCode;
    readonly reason: string;
  };

/** Feeds without a connection that stay in memory, for their counts. */
const IDLE_FEEDS_MAX = 256;
const RETRY_MS = 200;

/**
 * All feeds of this process: the way of ticks from connections to the buffer,
 * and of commits back to acks.
 */
export class Ingest {
  readonly #options: IngestOptions;
  readonly #settings: FeedSettings;
  /** By feed and epoch, longest unused first. */
  readonly #feeds = new Map<string, FeedIngest>();
  readonly #committed = new Map<number, CommitReport>();
  readonly #pace = new CommitPace();
  readonly #opening = new Map<string, Promise<unknown>>();
  readonly #life = new AbortController();
  #acking = false;
  /** What `#feeds` write to: they change all at once. */
  #division: PartitionMap;
  /** While nothing is taken in. */
  #held: PromiseWithResolvers<void> | null = null;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#division = options.layout.now;
    this.#settings = { ...FEED_DEFAULTS, ...options.settings };
  }

  /**
   * Lets a connection in, or says why not. A newer one of a feed with acks
   * ends the older one.
   *
   * @throws {Error} If the buffer or the warehouse does not answer.
   */
  open(
    request: OpenRequest,
    events: FeedEvents,
    symbols: readonly string[],
  ): Promise<OpenResult> {
    const { feed } = request;
    const before = this.#opening.get(feed) ?? Promise.resolve();
    const opening = before.then(() => this.#held?.promise)
      .then(() => this.#open(request, events, symbols));
    const done = opening.catch(() => {}).then(() => {
      if (this.#opening.get(feed) === done) this.#opening.delete(feed);
    });
    this.#opening.set(feed, done);
    return opening;
  }

  async #open(
    request: OpenRequest,
    events: FeedEvents,
    symbols: readonly string[],
  ): Promise<OpenResult> {
    const { store } = this.#options;
    const content = await store.claimContent(request.content);
    if (content !== request.content) {
      const reason = `this warehouse holds ${content} ticks, and must not be ` +
        `mixed with ${request.content} ones`;
      return { kind: "refused", code: "content", reason };
    }
    const newest = await this.#newestEpoch(request.feed);
    const epoch = request.epoch ?? newest ?? 1;
    if (newest !== null && epoch < newest) {
      const reason = `epoch must not fall below ${newest}, got ${epoch}`;
      return { kind: "refused", code: "epoch_too_low", reason };
    }
    const key = { feed: request.feed, epoch };
    const division = this.#division;
    const feed = await this.#feedOf(key, request);
    if (newest === null || epoch > newest) {
      if (request.delivery === "acked") {
        await store.saveAcks([{ key, seq: feed.acked }]);
      }
      for (const older of this.#feeds.values()) {
        if (older !== feed && older.key.feed === key.feed) {
          older.fail("superseded", `epoch ${epoch} of this feed began`);
        }
      }
    }
    if (this.#held !== null || this.#division !== division) {
      // Partitions are being divided, or were meanwhile.
      await this.#held?.promise;
      return await this.#open(request, events, symbols);
    }
    const link = feed.attach(events, symbols, request.allows);
    feed.windowBytes = this.#windowBytes();
    return { kind: "opened", entrance: this.#entrance(feed, link) };
  }

  async #newestEpoch(name: string): Promise<number | null> {
    const known = [...this.#feeds.values()]
      .filter(({ key }) => key.feed === name)
      .map(({ key }) => key.epoch);
    const stored = await this.#options.store.loadAck(name);
    if (stored) known.push(stored.epoch);
    return known.length > 0 ? Math.max(...known) : null;
  }

  async #feedOf(key: FeedKey, request: OpenRequest): Promise<FeedIngest> {
    const text = feedKeyText(key);
    const before = this.#feeds.get(text);
    const standing = before?.delivery === "best_effort"
      ? null
      : await this.#standingOf(key);
    if (standing !== null && standing.division !== this.#division) {
      const { clock } = this.#options;
      await (this.#held?.promise ?? clock.sleep(RETRY_MS, this.#life.signal));
      return await this.#feedOf(key, request);
    }
    // It may have gone meanwhile, as the buffer lost lines of it.
    const known = this.#feeds.get(text);
    if (known) {
      if (standing) known.catchUp(standing);
      this.#feeds.delete(text);
      this.#feeds.set(text, known);
      return known;
    }
    if (standing === null) return await this.#feedOf(key, request);
    const { clean, ...rest } = this.#options;
    const feed = new FeedIngest({
      ...rest,
      key,
      standing,
      delivery: request.delivery,
      replay: request.replay,
      cleaner: new Cleaner(clean),
      settings: this.#settings,
      whenLetIn: () => this.#held?.promise ?? null,
      committedTo: (p) => this.#committed.get(p),
      overBudget: () => this.#overBudget(),
      onLost: (lost) => this.#forget(lost),
    });
    this.#feeds.set(text, feed);
    this.#forgetIdle();
    return feed;
  }

  async #standingOf(key: FeedKey): Promise<Standing> {
    const { store, layout } = this.#options;
    const division = layout.now;
    const buffer = this.#options.buffer.pinned?.() ?? this.#options.buffer;
    const chains = await Promise.all(
      Array.from({ length: division.partitions }, async (_, p) => ({
        bufferLast: await buffer.lastSeq(p, key),
        newest: {
          id: await buffer.newest(p),
          incarnation: await buffer.incarnation(p),
        },
        committedLast: await store.committedSeq(p, key),
      })),
    );
    const stored = await store.loadAck(key.feed, key.epoch);
    return { acked: stored?.seq ?? 0, chains, division };
  }

  /**
   * Takes nothing in until `resume`, so that feeds wait. Resolves once all that
   * was taken is committed, and acked to feeds that are there, or on abort.
   */
  async hold(signal: AbortSignal): Promise<void> {
    this.#held ??= Promise.withResolvers();
    await Promise.all(
      [...this.#feeds.values()].map((feed) => feed.settle(signal)),
    );
  }

  /** Takes lines in again. */
  resume(): void {
    for (const feed of this.#feeds.values()) feed.reopen();
    this.#held?.resolve();
    this.#held = null;
  }

  /**
   * Brings all feeds to the partitions that there are now; nothing is taken in
   * meanwhile. To be asked for again if it fails.
   *
   * @throws {Error} If the buffer or the warehouse does not answer.
   */
  async followLayout(): Promise<void> {
    const { now } = this.#options.layout;
    if (now === this.#division) return;
    this.#held ??= Promise.withResolvers();
    const standings = new Map<FeedIngest, Standing>();
    for (;;) {
      const more = [...this.#feeds.values()]
        .filter((feed) => !standings.has(feed));
      if (more.length === 0) break;
      for (const feed of more) {
        standings.set(feed, await this.#standingOf(feed.key));
      }
    }
    this.#division = now;
    await Promise.all(
      [...standings].map(([feed, standing]) => feed.divide(standing)),
    );
  }

  #entrance(feed: FeedIngest, link: FeedLink): FeedEntrance {
    return {
      key: feed.key,
      get resumeAfter() {
        return feed.acked;
      },
      windowBytes: feed.windowBytes,
      counts: link.counts,
      take: (batch, signal) => feed.take(link, batch, signal),
      end: (total) => feed.end(link, total),
      detach: (complete) => feed.detach(link, complete),
      whenSettled: (signal) => feed.whenSettled(signal),
      release: () => feed.release(link),
    };
  }

  /** A feed's share of what may be uncommitted of all that have acks. */
  #windowBytes(): number {
    const { windowBytes, windowBytesMin, windowsBytes } = this.#settings;
    let feeds = 0;
    for (const { delivery, open } of this.#feeds.values()) {
      if (open && delivery === "acked") feeds += 1;
    }
    const share = Math.floor(windowsBytes / Math.max(1, feeds));
    return Math.min(windowBytes, Math.max(windowBytesMin, share));
  }

  #overBudget(): boolean {
    const { bestEffortBytes, unappendedBytes } = this.#settings;
    const now = this.#options.clock.now();
    let uncommitted = 0;
    let unappended = 0;
    const moving = { bytes: 0, rejectedBytes: 0 };
    for (const feed of this.#feeds.values()) {
      if (feed.delivery !== "best_effort") continue;
      uncommitted += feed.tracker.uncommittedBytes;
      unappended += feed.unappendedBytes;
      for (const { p, since, ...waiting } of feed.tracker.waiting()) {
        if (this.#pace.stuck(p, since, now)) continue;
        moving.bytes += waiting.bytes;
        moving.rejectedBytes += waiting.rejectedBytes;
      }
    }
    return uncommitted > bestEffortBytes || unappended > unappendedBytes ||
      !this.#pace.takes(moving, now);
  }

  #forget(feed: FeedIngest): void {
    const text = feedKeyText(feed.key);
    if (this.#feeds.get(text) === feed) this.#feeds.delete(text);
  }

  #forgetIdle(): void {
    let over = this.#feeds.size - IDLE_FEEDS_MAX;
    for (const feed of this.#feeds.values()) {
      if (over <= 0) return;
      if (feed.connected || !feed.settled) continue;
      feed.dispose();
      this.#forget(feed);
      over -= 1;
    }
  }

  /**
   * Registers an instrument that a source declares with its decimals.
   *
   * @returns What is against it, or `null`.
   */
  async declare(
    symbol: string,
    decimals: { readonly price: number; readonly size: number },
  ): Promise<string | null> {
    try {
      await this.#options.catalog.admit(symbol, decimals);
      return null;
    } catch (error) {
      return String(error);
    }
  }

  /**
   * Partition `p` is committed in the warehouse so far: by this process, or by
   * another one. To be told in any order, and as often as one likes.
   *
   * A feed that is not named has what it had; one that is named and has less
   * than was appended up to the position has lost it.
   */
  onCommitted(p: number, news: CommitNews): void {
    const { position, incarnation } = news;
    const known = this.#committed.get(p);
    if (
      known?.incarnation !== incarnation ||
      compareEntryIds(position, known.position) > 0
    ) this.#committed.set(p, { position, incarnation });
    for (const { key, seq } of news.tooLate) {
      this.#feeds.get(feedKeyText(key))?.onTooLate(seq);
    }
    const numbers = new Map(
      news.feeds.map(({ key, lastSeq }) => [feedKeyText(key), lastSeq]),
    );
    const before = this.#waiting(p);
    for (const [text, feed] of this.#feeds) {
      const lastSeq = numbers.get(text);
      feed.onCommitted(p, {
        position,
        incarnation,
        ...lastSeq !== undefined && { lastSeq },
      });
    }
    const bytes = before.bytes - this.#waiting(p).bytes;
    this.#pace.committed(p, bytes, before.since, this.#options.clock.now());
    this.#ack();
  }

  /** What feeds without acks have in partition `p` that is not committed. */
  #waiting(p: number) {
    let bytes = 0;
    let since: EpochMicros | null = null;
    for (const { delivery, tracker } of this.#feeds.values()) {
      if (delivery !== "best_effort") continue;
      const waiting = tracker.waitingIn(p);
      if (waiting === null) continue;
      bytes += waiting.bytes;
      if (since === null || waiting.since < since) since = waiting.since;
    }
    return { bytes, since };
  }

  /** Feeds that have something appended, or on its way, and not committed. */
  get unsettled(): readonly FeedKey[] {
    return [...this.#feeds.values()].filter(({ tracker }) => !tracker.settled)
      .map(({ key }) => key);
  }

  /** Streams of partition `p` that uncommitted lines stand in. */
  streams(p: number): ReadonlySet<string> {
    const found = new Set<string>();
    for (const feed of this.#feeds.values()) {
      for (const stream of feed.streams(p)) found.add(stream);
    }
    return found;
  }

  /**
   * Streams of partition `p` are gone, and what was committed of them before
   * was told: the rest is lost.
   */
  onStreamsGone(p: number, gone: ReadonlySet<string>): void {
    for (const feed of this.#feeds.values()) feed.onStreamsGone(p, gone);
  }

  /** Saves the acks that are due, then sends them, in rounds. */
  async #ack(): Promise<void> {
    if (this.#acking) return;
    this.#acking = true;
    const { store, clock, log } = this.#options;
    while (!this.#life.signal.aborted) {
      const due = [...this.#feeds.values()].filter((feed) => feed.ackDue);
      if (due.length === 0) break;
      const acks = due.map((feed) => ({ feed, seq: feed.tracker.ack }));
      try {
        await store.saveAcks(
          acks.map(({ feed, seq }) => ({ key: feed.key, seq })),
        );
        for (const { feed, seq } of acks) feed.onAckSaved(seq);
        await clock.sleep(this.#settings.ackMs, this.#life.signal);
      } catch (error) {
        log.warn("Cannot save acks, will try again", { error: String(error) });
        await clock.sleep(RETRY_MS, this.#life.signal);
      }
    }
    this.#acking = false;
  }

  stats(): readonly FeedStats[] {
    return [...this.#feeds.values()].map((feed) => feed.stats());
  }

  /**
   * Sends off what was taken; resolves once the buffer has it, or the signal
   * aborts. A connection that is long gone may have left lines behind.
   */
  async whenAppended(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const late = Promise.withResolvers<void>();
    const stop = () => late.resolve();
    signal.addEventListener("abort", stop);
    const feeds = [...this.#feeds.values()];
    await Promise.race([
      late.promise,
      Promise.all(feeds.map((feed) => feed.whenAppended())),
    ]);
    signal.removeEventListener("abort", stop);
  }

  /**
   * Stops everything. What is not appended by now is given up: a source with
   * acks sends it again, of others it is lost, and said.
   */
  dispose(): void {
    const { log } = this.#options;
    this.#life.abort();
    for (const feed of this.#feeds.values()) {
      const lines = feed.delivery === "best_effort" ? feed.unappendedLines : 0;
      if (lines > 0) {
        const { feed: name, epoch } = feed.key;
        log.error(
          "Lines of a feed without acks are lost, as the buffer did " +
            "not take them in time",
          { feed: name, epoch, lines },
        );
      }
      feed.dispose();
    }
  }
}
