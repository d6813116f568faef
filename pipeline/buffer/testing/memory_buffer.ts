import { type FeedKey, feedKeyText } from "../../domain/entry.ts";
import type { EpochMicros } from "../../domain/time.ts";
import {
  type AppendOrigin,
  type AppendRequest,
  type AppendResult,
  BEFORE_FIRST,
  type BufferStats,
  compareEntryIds,
  type DivisibleBuffer,
  type EntryId,
  type RawEntry,
  type ReadBatch,
  type TickBuffer,
} from "../../ports.ts";
import { AppendSignal } from "../append_signal.ts";
import { decodeEntry, encodeEntry } from "../tick_codec.ts";

interface Held {
  readonly id: EntryId;
  readonly at: EpochMicros;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface Stream {
  entries: Held[];
  newest: number;
  newestAt: EpochMicros;
  floor: number;
  readonly chains: Map<string, Chain>;
  sealed: boolean;
}

interface Chain {
  readonly last: number;
  /** The last append that said who asked for it. */
  readonly from: AppendOrigin | null;
  readonly id: EntryId;
}

const NO_CHAIN: Chain = { last: 0, from: null, id: BEFORE_FIRST };

/** The buffer of one process, lost with it: for tests of what is around it. */
export class MemoryBuffer implements DivisibleBuffer {
  readonly #incarnation: string;
  readonly #divisions = new Map<string, MemoryBuffer>();
  readonly #streams = new Map<number, Stream>();
  readonly #signal = new AppendSignal();
  #closed = false;

  constructor(incarnation: string = crypto.randomUUID()) {
    this.#incarnation = incarnation;
  }

  pinned(): TickBuffer {
    return this;
  }

  ofDivision(tag: string): MemoryBuffer {
    if (tag === "") return this;
    const known = this.#divisions.get(tag) ?? new MemoryBuffer();
    this.#divisions.set(tag, known);
    return known;
  }

  seal(p: number, sealed: boolean) {
    const stream = this.#stream(p);
    stream.sealed = sealed;
    const newest = `${stream.newest}-0` as EntryId;
    return Promise.resolve({ newest, incarnation: this.#incarnation });
  }

  incarnation(_p: number): Promise<string> {
    return Promise.resolve(this.#incarnation);
  }

  raiseFloor(p: number, floor: EntryId): void {
    const stream = this.#stream(p);
    stream.floor = Math.max(stream.floor, Number(floor.split("-")[0]));
  }

  // deno-lint-ignore require-await -- a failure must be a rejection
  async append(request: AppendRequest): Promise<AppendResult> {
    const bytes = encodeEntry(request.entry);
    const stream = this.#stream(request.p);
    const feed = feedKeyText(request.key);
    const incarnation = this.#incarnation;
    const chain = stream.chains.get(feed) ?? NO_CHAIN;
    const { last, from } = chain;
    if (
      from !== null && request.from?.writer === from.writer &&
      request.from.n <= from.n
    ) return { kind: "appended", id: chain.id, incarnation };
    if (stream.sealed) return { kind: "sealed" };
    if (last !== request.expectLast) return { kind: "conflict", last };
    stream.newest = Math.max(stream.newest, stream.floor) + 1;
    stream.newestAt = Math.max(
      stream.newestAt,
      request.entry.receivedAt,
    ) as EpochMicros;
    const id = `${stream.newest}-0` as EntryId;
    stream.entries.push({ id, at: stream.newestAt, bytes });
    stream.chains.set(
      feed,
      request.from
        ? { last: request.newLast, from: request.from, id }
        : { ...chain, last: request.newLast },
    );
    this.#signal.notify(request.p);
    return { kind: "appended", id, incarnation };
  }

  lastSeq(p: number, key: FeedKey): Promise<number> {
    return Promise.resolve(
      this.#stream(p).chains.get(feedKeyText(key))?.last ?? 0,
    );
  }

  async read(
    p: number,
    after: EntryId,
    options: Parameters<TickBuffer["read"]>[2],
  ): Promise<ReadBatch> {
    const incarnation = this.#incarnation;
    const deadline = performance.now() + options.waitMs;
    for (;;) {
      const seen = this.#signal.version(p);
      const entries = this.#after(p, after, options).map(({ id, bytes }) => ({
        id,
        entry: decodeEntry(bytes),
      }));
      const left = deadline - performance.now();
      if (
        entries.length > 0 || left <= 0 || options.signal?.aborted ||
        this.#closed
      ) return { incarnation, entries };
      await this.#signal.wait(p, seen, left, options.signal);
    }
  }

  readRaw(
    p: number,
    after: EntryId,
    options: Parameters<TickBuffer["readRaw"]>[2],
  ): Promise<readonly RawEntry[]> {
    const found = this.#after(p, after, options)
      .filter(({ id }) => compareEntryIds(id, options.through) <= 0);
    return Promise.resolve(found.map(({ id, bytes }) => ({ id, bytes })));
  }

  trim(p: number, through: EntryId): Promise<void> {
    const stream = this.#stream(p);
    stream.entries = stream.entries.filter(({ id }) =>
      compareEntryIds(id, through) > 0
    );
    return Promise.resolve();
  }

  newest(p: number): Promise<EntryId> {
    return Promise.resolve(`${this.#stream(p).newest}-0` as EntryId);
  }

  newestBefore(p: number, time: EpochMicros): Promise<EntryId> {
    const older = this.#stream(p).entries.filter(({ at }) => at < time);
    return Promise.resolve(older.at(-1)?.id ?? BEFORE_FIRST);
  }

  stats(): Promise<BufferStats> {
    const held = [...this.#streams.values()].flatMap(({ entries }) => entries);
    return Promise.resolve({
      entries: held.length,
      bytes: held.reduce((sum, { bytes }) => sum + bytes.length, 0),
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#signal.notifyAll();
    return Promise.resolve();
  }

  #after(
    p: number,
    after: EntryId,
    { maxEntries, maxBytes }: { maxEntries: number; maxBytes: number },
  ): Held[] {
    const found: Held[] = [];
    let bytes = 0;
    for (const held of this.#stream(p).entries) {
      if (compareEntryIds(held.id, after) <= 0) continue;
      bytes += held.bytes.length;
      if (found.length >= maxEntries) break;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(held);
    }
    return found;
  }

  #stream(p: number): Stream {
    let stream = this.#streams.get(p);
    if (!stream) {
      stream = {
        entries: [],
        newest: 0,
        newestAt: 0 as EpochMicros,
        floor: 0,
        chains: new Map(),
        sealed: false,
      };
      this.#streams.set(p, stream);
    }
    return stream;
  }
}
