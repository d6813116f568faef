import { type FeedKey, feedKeyText } from "../domain/entry.ts";
import type { PartitionLayout } from "../domain/partition_layout.ts";
import { type EpochMicros, MICROS_PER_MS } from "../domain/time.ts";
import {
  type AppendRequest,
  type AppendResult,
  BEFORE_FIRST,
  type BufferStats,
  type Clock,
  compareEntryIds,
  type DivisibleBuffer,
  type EntryId,
  type Log,
  type RawEntry,
  type ReadBatch,
  type RedisPlaces,
  type TickBuffer,
} from "../ports.ts";
import { AppendSignal } from "./append_signal.ts";
import { BufferError } from "./buffer_error.ts";
import { openRedis } from "./open_redis.ts";
import { OwnEntries } from "./own_entries.ts";
import { checkNodes } from "./redis_checks.ts";
import type { RedisCommands } from "./redis_commands.ts";
import { RING_MS } from "./redis_scripts.ts";
import type { RedisReply } from "./redis_session.ts";
import { appendChannel, RedisWakes } from "./redis_wakes.ts";
import { decodeEntry, encodeEntry } from "./tick_codec.ts";

/** How often a waiting reader looks that is not told of appends. */
const POLL_MS = 20;
/** And one that is told, as what is told may be lost: the next is told, too. */
const LOOK_MS = 1_000;
/** After what was told, more may have come that was not. */
const MORE_MS = RING_MS + 5;
/** For so long a rough count is good, times the streams, and at least. */
const ROUGH_MS = 100;
/** And while half of what may be held is. */
const ROUGH_MS_FULL = 30;
const ROUGH_MS_MIN = 2_000;
/** How often servers are asked for one, however many ask for it here. */
const ROUGH_EVERY_MS = 900;
/** How often a full buffer is asked whether it still is. */
const FULL_MS = 250;
/** Of a tick in columns. */
const BYTES_PER_TICK = 34;

export interface RedisBufferOptions {
  /**
   * `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS; of a
   * cluster one server or several, as `host:port,host:port`.
   */
  readonly url: string;
  /** Partitions of the warehouse, and what their streams are called. */
  readonly layout: PartitionLayout;
  /** Bytes of entries from which on appends are refused. */
  readonly memoryMaxBytes: number;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The buffer in a Redis or a Redis Cluster, for one process or many.
 *
 * An append is as durable as the server's own settings make it, and a replica
 * that takes over may not have the last ones. Every call settles within 3 s of
 * the server's last answer, 3 s more if its partition is moving to another one:
 * with an error that says what is wrong while the server is away, of which
 * nothing is known to have been done. Readers that wait are told of appends, by
 * whichever process; until they are, they look every `POLL_MS`, all at the same
 * time, so that they share one round trip.
 */
export class RedisBuffer implements DivisibleBuffer {
  private constructor(
    private readonly options: RedisBufferOptions,
    private readonly connection: RedisCommands,
    /** Where its servers are. */
    readonly places: RedisPlaces,
    /** Whose streams these are. */
    private readonly tag: () => string = () => options.layout.now.tag,
    private readonly shared = new Shared(places, options.log),
  ) {}

  /**
   * Connects and checks how each server is set; warnings go to the log.
   *
   * @throws {BufferUnusableError} If the server must be set otherwise.
   * @throws {BufferError} If it does not answer within 10 s.
   */
  static async open(options: RedisBufferOptions): Promise<RedisBuffer> {
    const { commands: connection, places } = await openRedis(options);
    try {
      const warnings = await checkNodes(connection.nodes);
      for (const warning of warnings) options.log.warn(warning);
      const buffer = new RedisBuffer(options, connection, places);
      await buffer.stats();
      return buffer;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  pinned(): RedisBuffer {
    return this.ofDivision(this.tag());
  }

  ofDivision(tag: string): RedisBuffer {
    const { options, connection, places, shared } = this;
    return new RedisBuffer(options, connection, places, () => tag, shared);
  }

  async seal(p: number, sealed: boolean) {
    const [incarnation, newest] = await this.connection.run(
      "seal",
      [this.#keyOf(p, "meta")],
      [crypto.randomUUID(), sealed ? "1" : "0"],
    ) as RedisReply[];
    return {
      newest: `${newest}-0` as EntryId,
      incarnation: String(incarnation),
    };
  }

  async incarnation(p: number): Promise<string> {
    const { incarnation } = await this.#rows(p, BEFORE_FIRST, {
      through: "+",
      maxEntries: 0,
      maxBytes: 0,
    });
    return incarnation;
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    const { p, key, entry, from, spacingMs = 0 } = request;
    this.#assertRoom();
    const bytes = encodeEntry(entry);
    const name = this.#nameOf(p); // partitions may be divided meanwhile
    const reply = await this.connection.run("append", [
      this.#keyOf(p, "meta"),
      this.#keyOf(p, "pos"),
      this.#keyOf(p, "ticks"),
    ], [
      crypto.randomUUID(),
      feedKeyText(key),
      String(request.expectLast),
      String(request.newLast),
      String(entry.receivedAt),
      String(numberOf(this.shared.floors.get(p) ?? BEFORE_FIRST)),
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
      from?.writer ?? "",
      String(from?.n ?? 0),
      String(spacingMs * MICROS_PER_MS),
      appendChannel(p),
      this.shared.self,
    ]) as RedisReply[];
    if (reply.length === 0) return { kind: "sealed" };
    if (reply.length === 1) return { kind: "conflict", last: Number(reply[0]) };
    const [id, incarnation, held, isNew, before, server] = reply.map(String);
    this.shared.incarnations.set(name, incarnation);
    this.shared.held.set(name, Number(held));
    const already = isNew !== "1";
    // Of a server that does not say who it is, nobody can tell if it still is.
    if (!already && server !== "") {
      this.shared.own.keep(name, {
        incarnation,
        server,
        before: before as EntryId,
        id: id as EntryId,
        entry,
        encodedBytes: bytes.length,
        bytes: bytes.length + entry.ticks.length * BYTES_PER_TICK,
      }, performance.now());
    }
    if (!already) this.shared.stir(p);
    return { kind: "appended", id: id as EntryId, incarnation, already };
  }

  async lastSeq(p: number, key: FeedKey): Promise<number> {
    return Number(
      await this.connection.call([
        "HGET",
        this.#keyOf(p, "pos"),
        feedKeyText(key),
      ]) ??
        0,
    );
  }

  async read(
    p: number,
    after: EntryId,
    options: Parameters<TickBuffer["read"]>[2],
  ): Promise<ReadBatch> {
    if (this.shared.closed) throw new BufferError("The buffer is closed");
    const { maxEntries, maxBytes, waitMs, signal } = options;
    const deadline = performance.now() + waitMs;
    for (;;) {
      const seen = this.shared.signal.version(p);
      const lookedAt = performance.now();
      const read = await this.#orLetGo(
        p,
        this.#following(p, after, { maxEntries, maxBytes }),
        signal,
      );
      const some = read.entries.length > 0;
      const left = deadline - performance.now();
      const over = () => signal?.aborted || this.shared.closed !== null;
      if (!some && left > 0 && !over()) {
        const everyMs = this.#isTold(p, lookedAt) ? LOOK_MS : POLL_MS;
        const toLook = everyMs - performance.now() % everyMs;
        await this.shared.signal.wait(p, seen, Math.min(left, toLook), signal);
        if (!over()) continue;
      }
      if (some) this.shared.stirredAt.set(p, performance.now());
      return read;
    }
  }

  async readRaw(
    p: number,
    after: EntryId,
    options: Parameters<TickBuffer["readRaw"]>[2],
  ): Promise<readonly RawEntry[]> {
    const { rows } = await this.#rows(p, after, options);
    return rows.map(({ id, bytes }) => ({ id, bytes: new Uint8Array(bytes) }));
  }

  raiseFloor(p: number, floor: EntryId): void {
    if (compareEntryIds(floor, this.shared.floors.get(p) ?? BEFORE_FIRST) > 0) {
      this.shared.floors.set(p, floor);
    }
  }

  async trim(p: number, through: EntryId): Promise<void> {
    const [ms, n] = through.split("-").map(Number);
    const held = await this.connection.run("trim", [
      this.#keyOf(p, "meta"),
      this.#keyOf(p, "ticks"),
    ], [
      through,
      `${ms}-${n + 1}`,
    ]);
    this.shared.held.set(this.#nameOf(p), Number(held));
  }

  async newest(p: number): Promise<EntryId> {
    const newest = await this.connection.call([
      "HGET",
      this.#keyOf(p, "meta"),
      "newest",
    ]);
    return newest === null ? BEFORE_FIRST : `${newest}-0` as EntryId;
  }

  async newestBefore(p: number, time: EpochMicros): Promise<EntryId> {
    const id = await this.connection.run("newestBefore", [
      this.#keyOf(p, "ticks"),
    ], [
      String(time),
    ]);
    return id === null ? BEFORE_FIRST : String(id) as EntryId;
  }

  /**
   * Of all streams, those of before a division too. Roughly, one stream of each
   * server is counted, and the others only now and then.
   */
  async stats({ rough = false } = {}): Promise<BufferStats> {
    const { past, now } = this.options.layout;
    const streams = [...past, now].flatMap(({ partitions, tag }) => {
      const buffer = this.ofDivision(tag);
      return Array.from({ length: partitions }, (_, p) => ({ buffer, p }));
    });
    const { shared, places } = this;
    const at = performance.now();
    const sum = (counts: ReadonlyMap<string, number>) =>
      streams.reduce(
        (sum, { buffer, p }) => sum + (counts.get(buffer.#nameOf(p)) ?? 0),
        0,
      );
    const isFull = sum(shared.held) > this.options.memoryMaxBytes / 2;
    const eachMs = isFull ? ROUGH_MS_FULL : ROUGH_MS;
    const goodMs = Math.max(ROUGH_MS_MIN, streams.length * eachMs);
    const isOld = at - shared.countedAt > goodMs ||
      shared.counted !== streams.length;
    const oneOfEach = () =>
      Map.groupBy(
        streams,
        ({ buffer, p }) => places.urlOf(buffer.#keyOf(p, "meta")),
      ).values().map(([first]) => first).toArray();
    const asked = !rough || isOld
      ? streams
      : at - shared.answeredAt > ROUGH_EVERY_MS
      ? oneOfEach()
      : [];
    await Promise.all(asked.map(({ buffer, p }) => buffer.#count(p)));
    if (asked.length > 0) shared.answeredAt = at;
    if (asked === streams) {
      shared.countedAt = at;
      shared.counted = streams.length;
    }
    return { bytes: sum(shared.held), entries: sum(shared.entries) };
  }

  async #count(p: number): Promise<void> {
    const reply = await this.connection.run("stats", [
      this.#keyOf(p, "meta"),
      this.#keyOf(p, "ticks"),
    ], []) as RedisReply[];
    const [bytes, entries] = reply.map(Number);
    this.shared.held.set(this.#nameOf(p), bytes);
    this.shared.entries.set(this.#nameOf(p), entries);
  }

  back(): AbortSignal {
    return this.connection.back;
  }

  /** Waits for the calls under way; repeatable. */
  close(): Promise<void> {
    this.shared.closed ??= this.connection.close();
    this.shared.wakes.close();
    for (const letGo of this.shared.letGo) letGo();
    this.shared.signal.notifyAll();
    return this.shared.closed;
  }

  /** Whether all that comes after a look is told. */
  #isTold(p: number, lookedAt: number): boolean {
    const stirredAt = this.shared.stirredAt.get(p) ?? -Infinity;
    return this.shared.wakes.hears(p) && lookedAt - stirredAt >= MORE_MS;
  }

  /**
   * Refuses an append while the buffer is full, at once, so that no later
   * append of a chain comes before it; asks behind its back whether it still is.
   */
  #assertRoom(): void {
    let held = 0;
    for (const bytes of this.shared.held.values()) held += bytes;
    const { memoryMaxBytes } = this.options;
    if (held < memoryMaxBytes) return;
    if (performance.now() - this.shared.askedAt > FULL_MS) {
      this.shared.askedAt = performance.now();
      // the next append finds out what is wrong, if anything is
      this.stats().catch(() => {});
    }
    throw new BufferError(
      `The buffer is full: it holds ${held} of ${memoryMaxBytes} bytes`,
    );
  }

  /**
   * What comes after a position. Of what this process has appended itself, the
   * server is asked only whether it has it still.
   */
  async #following(p: number, after: EntryId, most: {
    readonly maxEntries: number;
    readonly maxBytes: number;
  }): Promise<ReadBatch> {
    const { own } = this.shared;
    const name = this.#nameOf(p);
    const run = own.following(name, after, most, performance.now());
    if (run !== null) {
      const { incarnation, server, entries } = run;
      const newest = String(numberOf(entries.at(-1)!.id));
      const has = await this.connection.run(
        "has",
        [this.#keyOf(p, "meta")],
        [incarnation, server, newest],
      );
      if (has === 1) return { incarnation, entries };
      own.forget(name);
    }
    const { incarnation, rows } = await this.#rows(p, after, {
      through: "+",
      ...most,
    });
    const entries = rows.map(({ id, bytes }) => ({
      id,
      entry: decodeEntry(bytes),
    }));
    return { incarnation, entries };
  }

  async #rows(p: number, after: EntryId, options: {
    readonly through: EntryId | "+";
    readonly maxEntries: number;
    readonly maxBytes: number;
  }): Promise<Found> {
    const [incarnation, ...flat] = await this.connection.run("read", [
      this.#keyOf(p, "meta"),
      this.#keyOf(p, "ticks"),
    ], [
      crypto.randomUUID(),
      after,
      options.through,
      String(options.maxEntries),
      String(options.maxBytes),
    ]) as Buffer[];
    const rows: Found["rows"] = [];
    for (let i = 0; i < flat.length; i += 2) {
      rows.push({ id: flat[i].toString() as EntryId, bytes: flat[i + 1] });
    }
    this.shared.incarnations.set(this.#nameOf(p), incarnation.toString());
    return { incarnation: incarnation.toString(), rows };
  }

  /** A partition's keys begin with it, and have one slot. */
  #nameOf(p: number): string {
    const tag = this.tag();
    return tag === "" ? `{${p}}` : `{${p}}:${tag}`;
  }

  #keyOf(p: number, key: "meta" | "pos" | "ticks"): string {
    return `${this.#nameOf(p)}:${key}`;
  }

  /** What was found, or nothing as soon as the reader is let go. */
  #orLetGo(
    p: number,
    found: Promise<ReadBatch>,
    signal?: AbortSignal,
  ): Promise<ReadBatch> {
    return new Promise((resolve, reject) => {
      const letGo = () => {
        const incarnation = this.shared.incarnations.get(this.#nameOf(p));
        if (incarnation !== undefined) resolve({ incarnation, entries: [] });
      };
      this.shared.letGo.add(letGo);
      signal?.addEventListener("abort", letGo);
      found.then(resolve, reject).finally(() => {
        this.shared.letGo.delete(letGo);
        signal?.removeEventListener("abort", letGo);
      });
    });
  }
}

/** What those who use one connection have in common, whichever streams. */
class Shared {
  readonly signal = new AppendSignal();
  /** This one among those that append. */
  readonly self = crypto.randomUUID();
  readonly wakes: RedisWakes;
  /** When something was last known to have come, by partition. */
  readonly stirredAt = new Map<number, number>();
  /** Lets each reader go that waits for an answer. */
  readonly letGo = new Set<() => void>();
  readonly floors = new Map<number, EntryId>();
  /** As last seen, for readers that are let go without an answer. */
  readonly incarnations = new Map<string, string>();
  /** Bytes held, by stream, as last seen. */
  readonly held = new Map<string, number>();
  readonly own = new OwnEntries();
  /** Entries held, by stream, as last counted. */
  readonly entries = new Map<string, number>();
  /** When all streams were last counted, and how many they were. */
  countedAt = -Infinity;
  counted = 0;
  /** When all servers last answered a count. */
  answeredAt = -Infinity;
  askedAt = -Infinity;
  closed: Promise<void> | null = null;

  constructor(places: RedisPlaces, log: Log) {
    const { self } = this;
    const onStir = (p: number) => this.stir(p);
    this.wakes = new RedisWakes({ places, self, onStir, log });
  }

  stir(p: number): void {
    this.stirredAt.set(p, performance.now());
    this.signal.notify(p);
  }
}

interface Found {
  readonly incarnation: string;
  readonly rows: { readonly id: EntryId; readonly bytes: Buffer }[];
}

function numberOf(id: EntryId): number {
  return Number(id.slice(0, id.indexOf("-")));
}
