/** What the stages need from outside; adapters implement, `main.ts` wires. */
import type {
  CandleFold,
  CandleKey,
  ClosedBy,
  StoredCandle,
} from "./domain/candle.ts";
import type {
  Delivery,
  FeedKey,
  QuarantinePlace,
  SeqGap,
  StreamEntry,
} from "./domain/entry.ts";
import type { Instrument, InstrumentSpec } from "./domain/instrument.ts";
import type { ReadableInterval, StoredInterval } from "./domain/interval.ts";
import type { ReplicaFault } from "./domain/replica_fault.ts";
import type { QuarantineId } from "./domain/quarantine_id.ts";
import type { Reject, RejectReason } from "./domain/tick.ts";
import type { Brand } from "./domain/brand.ts";
import type { Division, WantedDivision } from "./domain/partition_map.ts";
import type { EpochMicros } from "./domain/time.ts";

// ---------------------------------------------------------------- time, log

export interface Clock {
  /** The time of day. It is set now and then, and may go back or jump. */
  now(): EpochMicros;
  /**
   * Milliseconds since some moment before the first call, which pass evenly
   * whatever the time of day is set to: for how long something takes, and when
   * it is due.
   */
  steadyMs(): number;
  /** Resolves after `ms`, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/**
 * For how many milliseconds a look may wait for others to go with, as long as
 * the signal does not abort.
 */
export interface MayWait {
  readonly ms: number;
  readonly signal: AbortSignal;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** One fixed sentence and fields; a line of JSON. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

// ------------------------------------------------------------------- buffer

/**
 * Position of an entry in a partition's stream, as `1700000000000-0`: two
 * whole numbers that compare one after the other. `0-0` is before the first.
 */
export type EntryId = Brand<string, "EntryId">;
export const BEFORE_FIRST = "0-0" as EntryId;

/**
 * Orders two positions of one stream.
 *
 * @returns Below 0 if `a` comes first, 0 if they are the same.
 */
export function compareEntryIds(a: EntryId, b: EntryId): number {
  const [aMajor, aMinor] = a.split("-").map(Number);
  const [bMajor, bMinor] = b.split("-").map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}

export interface AppendRequest {
  readonly p: number;
  readonly key: FeedKey;
  /** The feed's last number in this partition that this append follows. */
  readonly expectLast: number;
  /** The feed's last number after it; equal for marks and counts. */
  readonly newLast: number;
  readonly entry: StreamEntry;
  /**
   * Who appends to this chain, and the how manyth of its appends it is, from
   * 1: asked again because the answer got lost, the same append is answered
   * as appended and not done twice. Absent where a second copy does no harm.
   */
  readonly from?: AppendOrigin;
  /**
   * For what each of several processes appends and one is enough: nothing is
   * appended where the newest such entry was received less than this before or
   * after. A buffer of one process need not look.
   */
  readonly spacingMs?: number;
}

export interface AppendOrigin {
  /** Random for each writer of a chain. */
  readonly writer: string;
  readonly n: number;
}

export type AppendResult =
  | {
    readonly kind: "appended";
    readonly id: EntryId;
    /** Of the stream that the entry is in. */
    readonly incarnation: string;
    /** It was there, or one from which it is to keep its distance. */
    readonly already?: boolean;
  }
  /** Somebody else appended first: `last` is where the chain stands. */
  | { readonly kind: "conflict"; readonly last: number }
  /** The stream takes no more: its partition is being divided, or was. */
  | { readonly kind: "sealed" };

export interface ReadEntry {
  readonly id: EntryId;
  readonly entry: StreamEntry;
}

/** What one read found, and in which stream. */
export interface ReadBatch {
  readonly incarnation: string;
  readonly entries: readonly ReadEntry[];
}

/** An entry as it is kept, for moving it elsewhere as it is. */
export interface RawEntry {
  readonly id: EntryId;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface BufferStats {
  /** Bytes held, applied or not. */
  readonly bytes: number;
  readonly entries: number;
}

/**
 * The log between the feeds and the candles: one stream a partition.
 *
 * An append is durable when it resolves. Appends of one feed and partition
 * name the number they follow, so a failed one makes every later one a
 * conflict: the stream never has a hole that nobody knows of.
 */
export interface TickBuffer {
  /** Random; changes when the partition's stream was lost and begun anew. */
  incarnation(p: number): Promise<string>;
  append(request: AppendRequest): Promise<AppendResult>;
  /** Where the chain of a feed stands in a partition; 0 if it never was. */
  lastSeq(p: number, key: FeedKey): Promise<number>;
  /**
   * Entries after a position, oldest first; waits up to `waitMs` for the
   * first one. Empty if none came or the signal aborted.
   */
  read(p: number, after: EntryId, options: {
    readonly maxEntries: number;
    readonly maxBytes: number;
    readonly waitMs: number;
    readonly signal?: AbortSignal;
  }): Promise<ReadBatch>;
  /** As `read`, at once and not decoded; up to and including `through`. */
  readRaw(p: number, after: EntryId, options: {
    readonly through: EntryId;
    readonly maxEntries: number;
    readonly maxBytes: number;
  }): Promise<readonly RawEntry[]>;
  /**
   * Positions given from now on are above this one, also in a stream that was
   * begun anew: to be told of what the warehouse has committed.
   */
  raiseFloor(p: number, floor: EntryId): void;
  /** Forgets entries up to and including `through`; repeatable. */
  trim(p: number, through: EntryId): Promise<void>;
  /** Position of the newest entry, or `BEFORE_FIRST`. */
  newest(p: number): Promise<EntryId>;
  /** Position of the newest entry appended before `time`. */
  newestBefore(p: number, time: EpochMicros): Promise<EntryId>;
  /**
   * Of all streams; rejects unless all of the buffer answers.
   *
   * @param options With `rough`, what was found a moment ago will do, the longer
   * ago the more partitions there are: what all processes ask together is bound.
   */
  stats(options?: { readonly rough: boolean }): Promise<BufferStats>;
  /**
   * The same streams for good: of the number of partitions there is now,
   * whatever it will be. Absent where that number stays.
   */
  pinned?(): TickBuffer;
  /**
   * Aborts once the buffer is there again after it was away: whoever waits to
   * try again need not wait longer. Absent where it is never away.
   */
  back?(): AbortSignal;
  close(): Promise<void>;
}

/** A buffer whose partitions can be divided while they are in use. */
export interface DivisibleBuffer extends TickBuffer {
  /**
   * Lets a stream take no more, or take appends again; repeatable.
   *
   * @returns The stream, and its newest entry: the last one, once it is sealed.
   */
  seal(p: number, sealed: boolean): Promise<{
    readonly newest: EntryId;
    readonly incarnation: string;
  }>;
  /** The streams of one time, by their tag. */
  ofDivision(tag: string): DivisibleBuffer;
}

/**
 * Where the servers of a Redis are: what is sent to be forgotten has
 * connections of its own.
 */
export interface RedisPlaces {
  /** Several servers, each with a part of the keys. */
  readonly clustered: boolean;
  /** URL of the server that has a key, or a channel, now. */
  urlOf(key: string): string;
  /**
   * Calls back when keys have moved to other servers.
   *
   * @returns Ends that.
   */
  onMoved(callback: () => void): () => void;
  /** A server has said that it does not have a key: looks where it is. */
  doubt(): void;
}

// ------------------------------------------------------------------ replica

export interface ReplicaState {
  /** `null` while it is read. */
  readonly fault: ReplicaFault | null;
  /** How old what it has is at most; `null` if it is no copy, or unknown. */
  readonly lagMs: number | null;
}

// ------------------------------------------------------------------ candles

/** How far one feed has come with one instrument. */
export interface FeedProgress {
  readonly key: FeedKey;
  readonly symbol: string;
  /** Highest event time, of accepted ticks. */
  readonly maxEvent: EpochMicros;
  /** Listener's clock at the last accepted tick. */
  readonly lastReceived: EpochMicros;
  readonly replay: boolean;
  /** The feed said that its session is complete. */
  readonly ended: boolean;
}

/** One feed in one partition: numbers that must add up, and its state. */
export interface FeedTotals {
  readonly key: FeedKey;
  readonly delivery: Delivery;
  readonly replay: boolean;
  readonly connected: boolean;
  /** Process that has its connection, or had it last; "" if unknown. */
  readonly node: string;
  /** Chain position: the feed's last number in this partition. */
  readonly lastSeq: number;
  readonly received: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Event time from which this connection covers its instruments. */
  readonly coveredFrom: EpochMicros | null;
  /** Event time to which it did, if it went away. */
  readonly coveredTo: EpochMicros | null;
  /** Event time of its last accepted tick. */
  readonly lastEvent: EpochMicros | null;
  /**
   * Listener's clock when an acked feed went away, until it has sent again
   * what was under way then.
   */
  readonly awaySince: EpochMicros | null;
}

/** What a partition's owner finds when it starts: where to go on. */
export interface PartitionState {
  readonly p: number;
  readonly leaseEpoch: number;
  /**
   * Whether the lease before was not given back: of what was committed under it
   * last, nobody may have been told.
   */
  readonly lapsed: boolean;
  readonly position: EntryId;
  readonly incarnation: string | null;
  /** Newest listener's clock that a mark has brought. */
  readonly markedAt: EpochMicros | null;
  readonly progress: readonly FeedProgress[];
  readonly feeds: readonly FeedTotals[];
  /** Candles that are not closed, of every stored interval. */
  readonly open: readonly CandleKey[];
  /** Number of the last readmission applied; 0 if none was. */
  readonly readmittedThrough?: number;
}

export interface CandleClose {
  readonly symbol: string;
  readonly t: EpochMicros;
  readonly closedBy: ClosedBy;
  /** Milliseconds of the bucket that a feed covered. */
  readonly coverageMs: number;
  readonly complete: boolean;
}

/** What a closed candle's feed turned out to cover; raised, never lowered. */
export interface CandleCoverage {
  readonly symbol: string;
  readonly t: EpochMicros;
  readonly coverageMs: number;
  readonly complete: boolean;
}

/** A fold to merge into its row; `end` as the calendar cuts the bucket. */
export interface CandleDelta {
  readonly fold: CandleFold;
  readonly end: EpochMicros;
}

export interface QuarantineRow {
  readonly entryId: EntryId;
  readonly index: number;
  readonly key: FeedKey;
  readonly receivedAt: EpochMicros;
  readonly reject: Reject;
}

export interface GapRow {
  readonly key: FeedKey;
  /** `missing`: numbers never sent. `outage`: nobody was connected. */
  readonly kind: "missing" | "outage";
  readonly seq: SeqGap | null;
  readonly from: EpochMicros;
  readonly to: EpochMicros;
}

/** A gap as it is known now: `to` is `null` while the feed is away. */
export interface FeedGap extends Omit<GapRow, "to"> {
  readonly to: EpochMicros | null;
}

/** A longer candle that may differ from the merge of its shorter ones. */
export interface DirtyRollup {
  readonly symbol: string;
  readonly interval: StoredInterval;
  readonly t: EpochMicros;
  readonly end: EpochMicros;
  /** The bucket is over: close the candle, for this reason. */
  readonly closedBy: ClosedBy | null;
  /** With `closedBy`: what feeds covered of it, its quiet minutes too. */
  readonly coverageMs?: number;
}

/** The longer candles that a minute is in, which is not closed yet. */
export type FormingMinute = readonly DirtyRollup[];

/**
 * Changes of one-minute candles, each candle once at most: first what comes in,
 * then what closes, then what is covered better.
 */
export interface CandleStep {
  readonly deltas: readonly CandleDelta[];
  readonly closes: readonly CandleClose[];
  /** Of candles closed before; each that it changes is a revision. */
  readonly recovered: readonly CandleCoverage[];
}

/** Everything that applying some entries changes, in one transaction. */
export interface Commit {
  readonly p: number;
  readonly leaseEpoch: number;
  readonly expect: EntryId;
  readonly next: EntryId;
  readonly incarnation: string;
  readonly markedAt: EpochMicros | null;
  /**
   * One after the other. What comes to a candle that a step before has closed
   * or revised is a revision of its own.
   */
  readonly steps: readonly CandleStep[];
  /**
   * Marked until they are rolled up. Those of minutes that are not closed need
   * no mark: whoever claims the partition finds the minutes open.
   */
  readonly dirty: readonly DirtyRollup[];
  readonly progress: readonly FeedProgress[];
  /** Progress of feeds long gone, which decides nothing any more. */
  readonly forgotten: readonly {
    readonly key: FeedKey;
    readonly symbol: string;
  }[];
  /** Absolute values, not differences. */
  readonly feeds: readonly FeedTotals[];
  /** Differences of this commit, by feed and reason. */
  readonly rejected: readonly {
    readonly key: FeedKey;
    readonly reason: RejectReason;
    readonly count: number;
  }[];
  readonly quarantine: readonly QuarantineRow[];
  readonly readmitted: readonly {
    readonly key: FeedKey;
    readonly seq: number;
  }[];
  /** Rows taken out of quarantine because somebody asked for it. */
  readonly readmission?: {
    /** Number of the last readmission applied. */
    readonly through: number;
    readonly rows: readonly QuarantinePlace[];
  };
  readonly gaps: readonly GapRow[];
  /** Ticks in the deltas: the books. */
  readonly applied: number;
}

/**
 * A one-minute candle after a commit, and what the commit did to it: one that
 * it closed and then revised, it closed.
 */
export interface CommittedCandle {
  readonly candle: StoredCandle;
  readonly change: "updated" | "closed" | "revised";
}

export type CommitResult =
  | { readonly kind: "committed"; readonly candles: readonly CommittedCandle[] }
  /** The position or the lease was not ours any more: nothing was written. */
  | { readonly kind: "fenced" };

/** What the aggregation loop needs of the warehouse. */
export interface AggregateStore {
  /** Takes a partition; `null` while another process holds it. */
  claim(p: number, owner: string): Promise<PartitionState | null>;
  commit(commit: Commit): Promise<CommitResult>;
  /** Brings up to `limit` dirty rollups up to date; empty if none is dirty. */
  rollUp(p: number, limit: number): Promise<readonly CommittedCandle[]>;
  /**
   * Brings the longer candles up to date that forming minutes are in.
   *
   * @returns Those that changed; `null` if the lease is not ours any more.
   */
  rollUpForming(
    lease: { readonly p: number; readonly leaseEpoch: number },
    minutes: readonly FormingMinute[],
  ): Promise<readonly CommittedCandle[] | null>;
  release(p: number, leaseEpoch: number): Promise<void>;
  /**
   * Makes what was committed before safe from power loss; then trimming is too.
   */
  checkpoint(): Promise<void>;
}

/** What the feeds need of the warehouse. */
export interface FeedStore {
  /** Highest number acked, of the epoch given or else of the newest one. */
  loadAck(
    feed: string,
    epoch?: number,
  ): Promise<{ readonly epoch: number; readonly seq: number } | null>;
  saveAcks(acks: readonly { key: FeedKey; seq: number }[]): Promise<void>;
  /** A feed's chain position in a partition, as committed; 0 if none. */
  committedSeq(p: number, key: FeedKey): Promise<number>;
  /** How far every partition is committed, with the chains of these feeds. */
  committed(
    keys: readonly FeedKey[],
    mayWait?: MayWait,
  ): Promise<readonly CommittedPartition[]>;
  /** What this warehouse holds; `null` as long as nobody said. */
  content(): Promise<WarehouseContent | null>;
  /**
   * Says what this warehouse holds, once and for good: the first to say wins.
   *
   * @returns What it holds, which may differ from what was said.
   */
  claimContent(content: WarehouseContent): Promise<WarehouseContent>;
}

/** What a partition's commits have reached. */
export interface CommittedPartition {
  readonly p: number;
  readonly position: EntryId;
  /** Of the stream that the position is in; `null` before the first commit. */
  readonly incarnation: string | null;
  /** Chain positions of feeds, of those that were asked for. */
  readonly feeds: readonly {
    readonly key: FeedKey;
    readonly lastSeq: number;
  }[];
}

// --------------------------------------------------------------- quarantine

/** A line or tick that was not accepted, as it is kept. */
export interface QuarantinedRow {
  readonly id: QuarantineId;
  readonly key: FeedKey;
  readonly delivery: Delivery;
  readonly receivedAt: EpochMicros;
  readonly reject: Reject;
  readonly readmitted: boolean;
  /**
   * Out of band, and no tick was accepted since: a jump of the price may yet
   * bring it back by itself.
   */
  readonly held: boolean;
}

/** Where a page of rows goes on: after this one, in the order of arrival. */
export interface QuarantineCursor {
  readonly receivedAt: EpochMicros;
  readonly id: QuarantineId;
}

export interface QuarantineQuery {
  readonly reason?: RejectReason;
  readonly feed?: string;
  readonly symbol?: string;
  /** Of the time at which the line came in: [from, to). */
  readonly from?: EpochMicros;
  readonly to?: EpochMicros;
  readonly readmitted?: boolean;
  readonly after?: QuarantineCursor;
  readonly limit: number;
}

export interface QuarantineStore {
  /** Rows in the order of their arrival. */
  find(query: QuarantineQuery): Promise<readonly QuarantinedRow[]>;
  /** Those of the rows that are there. */
  get(ids: readonly QuarantineId[]): Promise<readonly QuarantinedRow[]>;
  /** The newest rows that are in quarantine now, up to `each` of a reason. */
  samples(each: number): Promise<readonly QuarantinedRow[]>;
  /** Rows that are in quarantine now, by reason. */
  counts(): Promise<Readonly<Record<string, number>>>;
  /** Number of a partition's last readmission that is in the candles. */
  readmittedThrough(p: number): Promise<number>;
}

/** What came of asking for rows to be taken back. */
export interface ReadmitResult {
  /** In the candles now. */
  readonly readmitted: readonly QuarantineId[];
  readonly refused: readonly {
    readonly id: QuarantineId;
    readonly why: string;
  }[];
  /** Not in the candles by the end of the wait; they may be later. */
  readonly pending: readonly QuarantineId[];
}

/** Takes rows out of quarantine, into candles. */
export interface QuarantineDesk {
  /**
   * Takes back those rows that can be, and waits until they are committed.
   * Asking again for the same rows does no harm.
   *
   * @throws {Error} If the buffer or the warehouse does not answer.
   */
  readmit(
    ids: readonly QuarantineId[],
    options: { readonly waitMs: number; readonly signal?: AbortSignal },
  ): Promise<ReadmitResult>;
}

// ------------------------------------------------------------------ archive

/** An entry with ticks, as the buffer kept it, and what it is found by. */
export interface ArchivedEntry extends RawEntry {
  /** The listener's clock; its day in UTC is where the entry is kept. */
  readonly receivedAt: EpochMicros;
  /** Event times of its first and last tick. */
  readonly from: EpochMicros;
  readonly to: EpochMicros;
  readonly symbols: readonly string[];
}

/** An entry of whichever stream of its partition. */
export interface StreamedEntry extends RawEntry {
  readonly incarnation: string;
}

/** Ticks that were not taken into candles, of those that were asked about. */
export interface RefusedTicks {
  /** By their place: `index` counts the entry's rejects first. */
  readonly places: readonly {
    readonly incarnation: string;
    readonly id: EntryId;
    readonly index: number;
    /** Taken into candles later, by an entry of its own. */
    readonly readmitted: boolean;
  }[];
  /** By the number that an acked feed gave them; those still refused. */
  readonly numbers: readonly { readonly key: FeedKey; readonly seq: number }[];
}

/** Ticks that are in candles, kept after the buffer has forgotten them. */
export interface TickArchive {
  /**
   * Keeps entries of a stream, which is archived up to `through` then. What is
   * kept already stays as it is.
   */
  keep(p: number, incarnation: string, batch: {
    readonly through: EntryId;
    readonly entries: readonly ArchivedEntry[];
  }): Promise<void>;
  /** How far a stream is archived; `BEFORE_FIRST` if it never was. */
  archivedThrough(p: number, incarnation: string): Promise<EntryId>;
  /** Entries with ticks of a symbol that may be in [from, to), in pages. */
  entries(query: {
    readonly p: number;
    readonly symbol: string;
    readonly from: EpochMicros;
    readonly to: EpochMicros;
  }): AsyncIterable<readonly StreamedEntry[]>;
  /** Which ticks of these entries, or with these numbers, were refused. */
  refused(p: number, of: {
    readonly entries: readonly {
      readonly incarnation: string;
      readonly id: EntryId;
    }[];
    /** Numbers, both included. */
    readonly numbers: readonly {
      readonly key: FeedKey;
      readonly from: number;
      readonly to: number;
    }[];
  }): Promise<RefusedTicks>;
  /**
   * Forgets whole days that were over at that time.
   *
   * @returns How many days were there.
   */
  dropBefore(time: EpochMicros): Promise<number>;
}

/** A one-minute candle as it is stored, digit by digit. */
export interface StoredMinute {
  readonly t: EpochMicros;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  readonly notional: string | null;
  readonly n: number;
  readonly firstTs: number | null;
  readonly firstFeed: number | null;
  readonly firstSeq: number | null;
  readonly lastTs: number | null;
  readonly lastFeed: number | null;
  readonly lastSeq: number | null;
  readonly closed: boolean;
  readonly closedBy: ClosedBy | null;
  readonly rev: number;
  readonly coverageMs: number;
  readonly origin: "ticks" | "import";
}

/** Minutes of one moment, and the position whose ticks they are made of. */
export interface MinuteSnapshot {
  readonly position: EntryId;
  /** Of the stream that the position is in; `null` before the first commit. */
  readonly incarnation: string | null;
  readonly priceScale: number;
  readonly sizeScale: number;
  /** Ascending by `t`. */
  readonly minutes: readonly StoredMinute[];
}

export interface MinuteStore {
  /**
   * One-minute candles of [from, to), with the position of the same moment:
   * the first ones, or the last ones, up to `limit`. `null` if the instrument
   * is unknown.
   */
  minutes(query: {
    readonly symbol: string;
    readonly from: EpochMicros;
    readonly to: EpochMicros;
    readonly limit: number;
    readonly countFrom: "start" | "end";
  }): Promise<MinuteSnapshot | null>;
}

/** A process that has said that it is alive. */
export interface Heartbeat {
  readonly owner: string;
  /** For so long it counts as alive, whether or not it says so again. */
  readonly leftMs: number;
}

/** Sees at once when a process ends, where something can tell. */
export interface Presence {
  /**
   * Which of these processes do not seem to be there. One that is may be among
   * them for a while, and one that is not may be missing from them.
   */
  missing(owners: readonly string[]): Promise<readonly string[]>;
}

/** What a claim of a partition gave. */
export interface PartitionLease {
  readonly p: number;
  readonly leaseEpoch: number;
}

/** What a process found when it said that it is alive. */
export interface LeaseRound {
  /** All that said so within the last lease. */
  readonly processes: readonly Heartbeat[];
  /** Of what it said that it holds, the partitions that are still its own. */
  readonly kept: readonly number[];
  /** Partitions that nobody holds, ascending. */
  readonly free: readonly number[];
}

/** Who does what is done once, whichever processes are there. */
export interface LeaseStore {
  /**
   * Says that this process is alive, keeps what it holds for another term, and
   * looks who else is there and what nobody holds: all in one transaction,
   * however many partitions there are.
   *
   * @param isCounted Whether it takes partitions, and so counts as alive.
   */
  round(owner: string, round: {
    readonly held: readonly PartitionLease[];
    readonly isCounted: boolean;
  }): Promise<LeaseRound>;
  /**
   * Ends the leases of processes that are known to be gone. Of one that is not,
   * the commits are refused from here on, and it claims anew.
   *
   * @returns The partitions that are free by it.
   */
  bury(owners: readonly string[]): Promise<readonly number[]>;
  /** Takes or keeps a task by its name; false while another process has it. */
  hold(task: string, owner: string): Promise<boolean>;
  /** Gives up a task, if it is the owner's. */
  release(task: string, owner: string): Promise<void>;
  /** Gives up all tasks, and is not counted any more. */
  leave(owner: string): Promise<void>;
}

/** One start of a process that shares the stores, of whatever roles. */
export interface SharedNode {
  /** As whom it holds leases. */
  readonly owner: string;
  /** Its name. */
  readonly node: string;
  readonly roles: readonly string[];
  readonly startedAt: EpochMicros;
  /** It has begun to give its work away. */
  readonly drained: boolean;
  /** Somebody said that it is to have no work. */
  readonly toDrain: boolean;
}

/** Which processes there are, and which are to have no work. */
export interface NodeStore {
  /**
   * Says that a process is there: it counts as that for some seconds.
   *
   * @returns Whether it is to have no work.
   */
  beat(
    self: Omit<SharedNode, "toDrain">,
    mayWait?: MayWait,
  ): Promise<boolean>;
  /** The process ends. */
  leave(owner: string): Promise<void>;
  /** Those that are there. */
  all(): Promise<readonly SharedNode[]>;
  /** Says by its name that a process is to have no work, or to have it again. */
  drain(node: string, toDrain: boolean): Promise<void>;
}

/** How many partitions a warehouse has, has had, and is to have. */
export interface LayoutState {
  /** Oldest first; the last one is that of now. */
  readonly divisions: readonly Division[];
  /** What is to come after them; `null` if they are to stay. */
  readonly wanted: WantedDivision | null;
}

/** A process, as far as dividing partitions concerns it. */
export interface LayoutNode {
  readonly owner: string;
  readonly node: string;
  readonly roles: readonly string[];
  /** Streams that it knows of; `null` of a program that cannot divide. */
  readonly stream: string | null;
  /** It takes no ticks in, and what it had taken is committed. */
  readonly holds: boolean;
  /** It knows of instruments with a partition of their own. */
  readonly pins: boolean;
}

/** How far a stream is committed. */
export interface DrainedStream {
  readonly p: number;
  readonly position: EntryId;
  /** Of the stream that the position is in; `null` before the first commit. */
  readonly incarnation: string | null;
}

/** Dividing the partitions of a warehouse while it is in use. */
export interface LayoutStore {
  state(mayWait?: MayWait): Promise<LayoutState>;
  /** Processes that are there. */
  nodes(): Promise<readonly LayoutNode[]>;
  /**
   * Says of a process which streams it knows of, and whether it holds; false if
   * it is not there yet, or no more.
   */
  say(
    owner: string,
    what: { readonly stream: string; readonly holds: boolean },
  ): Promise<boolean>;
  /**
   * Asks for a division; false if there was another one than those `before`
   * meanwhile, or one is asked for.
   */
  want(
    before: readonly Division[],
    wanted: WantedDivision,
  ): Promise<boolean>;
  /** Takes that back; false if none is asked for. */
  giveUp(): Promise<boolean>;
  /** How far the streams are committed. */
  positions(partitions: number): Promise<readonly DrainedStream[]>;
  /**
   * Divides, in one transaction: whoever has a partition has it no more, all
   * that is kept of symbols goes to where they are from then on, and streams
   * begin with the tag of `next`.
   *
   * @returns False, and nothing is changed, if something is not as it is said:
   * what there is `before`, that it is asked for, how far streams are committed.
   */
  divide(
    before: readonly Division[],
    next: Division,
    drained: readonly DrainedStream[],
  ): Promise<boolean>;
}

/** The pipeline as the warehouse has it, whichever processes work on it. */
export interface PipelineState {
  /** The warehouse's own clock. */
  readonly now: EpochMicros;
  /** Those that some process has had. */
  readonly partitions: readonly {
    readonly p: number;
    /** Who has it, or had it last; `null` before the first. */
    readonly owner: string | null;
    readonly leaseEpoch: number;
    /** The owner's lease has not run out; of servers only. */
    readonly held: boolean;
    readonly position: EntryId;
    readonly markedAt: EpochMicros | null;
  }[];
  /** Processes that share the stores and are there. */
  readonly processes: readonly SharedNode[];
  /** Who does what is done once. */
  readonly tasks: readonly { readonly task: string; readonly owner: string }[];
  /** The newest gaps of all feeds, newest first. */
  readonly gaps: readonly FeedGap[];
  /** Minutes revised within a day. */
  readonly revisedLastDay: number;
  /** The newest revisions of minutes, newest first. */
  readonly revisions: readonly {
    readonly symbol: string;
    readonly interval: string;
    readonly t: EpochMicros;
    /** Revision that was replaced, and its ticks. */
    readonly rev: number;
    readonly n: number;
    readonly revisedAt: EpochMicros;
  }[];
}

export interface PipelineStore {
  state(): Promise<PipelineState>;
}

/** Simulated and real ticks never share a warehouse. */
export type WarehouseContent = "simulated" | "real";

/** One feed and instrument, as committed: what a feed's state is made from. */
export interface FeedActivity extends FeedProgress {
  readonly delivery: Delivery;
  readonly connected: boolean;
}

export interface FeedActivityStore {
  /** Of each instrument, the feed that brought its newest tick. */
  activity(): Promise<readonly FeedActivity[]>;
}

export interface InstrumentStore {
  /**
   * The instruments that changed, whoever changed them; some may be named that
   * did not.
   *
   * @param since What the call before gave as `seen`; all of them if null.
   */
  changes(since: string | null, mayWait?: MayWait): Promise<{
    readonly instruments: readonly Instrument[];
    readonly seen: string;
  }>;
  /** Adds what is new, updates what changed; returns the ones given. */
  upsert(specs: readonly InstrumentSpec[]): Promise<readonly Instrument[]>;
  /** Widens the scales, as a dated change. */
  widen(
    symbol: string,
    scales: { readonly priceScale: number; readonly sizeScale: number },
  ): Promise<Instrument>;
}

export interface CandleQuery {
  readonly symbol: string;
  readonly interval: ReadableInterval;
  readonly from?: EpochMicros;
  readonly to?: EpochMicros;
  /** Counted from the end when `from` is absent. */
  readonly limit: number;
  /** As known at that time: closed candles only, with the revision then. */
  readonly asof?: EpochMicros;
}

/** A closed candle as it was before a revision: known in [from, to). */
export interface CandleRevision {
  readonly candle: StoredCandle;
  readonly knownFrom: EpochMicros;
  readonly knownTo: EpochMicros;
}

export interface RevisionQuery {
  readonly symbol: string;
  readonly interval: StoredInterval;
  /** Of the candles' open times: [from, to). */
  readonly from?: EpochMicros;
  readonly to?: EpochMicros;
  /** Where a page goes on: after this revision. */
  readonly after?: { readonly t: EpochMicros; readonly rev: number };
  readonly limit: number;
}

/** A candle without its prices: a day of them is read at once. */
export type CandleBasis = Pick<
  StoredCandle,
  "t" | "n" | "closed" | "complete" | "coverageMs" | "rev" | "origin"
>;

/** Reading candles; for the web, the forecasts and the tasks. */
export interface CandleStore {
  /** Ascending by `t`. */
  candles(query: CandleQuery): Promise<readonly StoredCandle[]>;
  /** What the one-minute candles in [from, to) rest on, ascending by `t`. */
  bases(
    symbol: string,
    from: EpochMicros,
    to: EpochMicros,
  ): Promise<readonly CandleBasis[]>;
  /**
   * What candles were before they were revised, ascending by `t` and `rev`;
   * what they are now is not among it.
   */
  revisions(query: RevisionQuery): Promise<readonly CandleRevision[]>;
  /** The newest candles of many instruments, for lists. */
  latest(
    symbols: readonly string[],
    interval: StoredInterval,
    limit: number,
  ): Promise<ReadonlyMap<string, readonly StoredCandle[]>>;
  /** Closes of the newest one-minute candles, oldest first, for sparklines. */
  closes(
    symbols: readonly string[],
    limit: number,
  ): Promise<ReadonlyMap<string, readonly number[]>>;
  /** Closed candles of history; never over candles made from ticks. */
  importCandles(
    symbol: string,
    candles: readonly StoredCandle[],
  ): Promise<{ readonly imported: number; readonly kept: number }>;
  /**
   * Time in [from, to) that a feed of the symbol missed, or in which none of
   * its feeds was there; what still goes on ends with the range.
   */
  gaps(symbol: string, from: EpochMicros, to: EpochMicros): Promise<
    readonly { from: EpochMicros; to: EpochMicros; kind: GapRow["kind"] }[]
  >;
  /** What feeds of a symbol missed, from the oldest on. */
  feedGaps(symbol: string, query: {
    readonly from?: EpochMicros;
    readonly to?: EpochMicros;
    readonly limit: number;
  }): Promise<readonly FeedGap[]>;
}

/** The balance that must hold at every moment. */
export interface Audit {
  readonly ticks_unaccounted: number;
  readonly balanced: boolean;
  readonly partitions: readonly {
    readonly p: number;
    readonly position: string;
    readonly applied: number;
    readonly in_candles: number;
    readonly rejected: number;
    readonly in_quarantine: number;
  }[];
  readonly feeds: readonly {
    readonly feed: string;
    readonly epoch: number;
    readonly delivery: Delivery;
    readonly connected: boolean;
    readonly last_seq: number;
    readonly acked: number | null;
    readonly received: number;
    readonly accepted: number;
    readonly duplicates: number;
    readonly rejected: number;
    readonly rejected_by_reason: Readonly<Record<string, number>>;
    readonly balanced: boolean;
  }[];
}

/** What came of one instrument's lines, as far as they can be told apart. */
export interface InstrumentBooks {
  /**
   * Lines of the range, by reason: by their own time, or by when they came
   * where that could not be read.
   */
  readonly rejected: Readonly<
    Record<string, { readonly lines: number; readonly readmitted: number }>
  >;
  /** Each feed that ever had it, with all its instruments, since it began. */
  readonly feeds: readonly {
    readonly key: FeedKey;
    readonly delivery: Delivery;
    readonly connected: boolean;
    readonly received: number;
    readonly accepted: number;
    readonly duplicates: number;
    readonly rejected: number;
  }[];
  /**
   * Our clock less the market's where ticks came in, in milliseconds: of the
   * first archived entry of each five minutes of the range that came within
   * a minute. `null` without any.
   */
  readonly clockSkew: {
    readonly samples: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
  } | null;
}

export interface AuditStore {
  /**
   * The books, from sums that each commit keeps of the rows it wrote.
   *
   * `full` counts the rows themselves instead, a day at a time so that commits
   * come in between: slow, and in no need of those sums being right.
   */
  audit(options?: { readonly full?: boolean }): Promise<Audit>;
  booksOf(
    symbol: string,
    range: { readonly from: EpochMicros; readonly to: EpochMicros },
  ): Promise<InstrumentBooks>;
  /** Resolves if the warehouse answers. */
  ping(): Promise<void>;
}

export type { FeedKey };
