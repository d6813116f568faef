import {
  type FeedKey,
  feedKeyText,
  type StreamEntry,
} from "../../pipeline/domain/entry.ts";
import { type EpochMicros, MICROS_PER_MS } from "../../pipeline/domain/time.ts";
import {
  type AppendRequest,
  type AppendResult,
  BEFORE_FIRST,
  type BufferStats,
  compareEntryIds,
  type DivisibleBuffer,
  type EntryId,
  type ReadBatch,
  type TickBuffer,
} from "../../pipeline/ports.ts";
import { SimOutageError, type SimProcess } from "./sim_process.ts";
import type { SimScheduler } from "./sim_scheduler.ts";

interface Held {
  readonly id: EntryId;
  readonly entry: StreamEntry;
  readonly chain: string;
  readonly chainBefore: number;
  readonly lastSeq: number;
  readonly originBefore: Origin | undefined;
  readonly newestBefore: number;
  /** Virtual time of the append. */
  readonly at: number;
}

/** Newest append of a chain that named its writer. */
interface Origin {
  readonly writer: string;
  readonly n: number;
  readonly id: EntryId;
}

interface Stream {
  incarnation: string;
  entries: Held[];
  newest: number;
  /** What a tail that was lost takes back, oldest first. */
  log: Held[];
  readonly chains: Map<string, number>;
  readonly origins: Map<string, Origin | undefined>;
  waiters: (() => void)[];
  sealed: boolean;
}

/** Of a partition and a division of them, as `0` or `0/k3f9a2`. */
export type StreamName = string;

/** How far the buffer's own clock is behind: old enough to trim soon. */
const CLOCK_BEHIND_MICROS = 299_900_000;

/**
 * The streams of a buffer that outlives the processes, as Redis would hold
 * them: positions by its clock, compare-and-append, and the ways to lose data.
 */
export class SimStreams {
  #streams = new Map<StreamName, Stream>();
  #incarnations = 0;
  #clockBack = 0;
  #downUntil = 0;
  #fullUntil = 0;

  constructor(
    private readonly scheduler: SimScheduler,
    /** Told of each entry that a trim forgets, and its chain's number. */
    private readonly onForgotten: (
      name: StreamName,
      entry: { readonly key: FeedKey; readonly lastSeq: number },
    ) => void,
  ) {}

  /** Loses everything; its clock, which positions come from, may go back. */
  wipe(downMicros: number, clockBackMicros: number): void {
    this.scheduler.note("buffer wiped");
    this.#downUntil = this.scheduler.now + downMicros;
    this.#clockBack += clockBackMicros;
    const streams = [...this.#streams.values()];
    this.#streams = new Map();
    for (const { waiters } of streams) for (const wake of waiters) wake();
  }

  /** Forgets what was appended in the last moments, and goes on. */
  loseTail(lostMicros: number, downMicros: number): void {
    this.scheduler.note("buffer lost its tail");
    const since = this.scheduler.now - lostMicros;
    this.#downUntil = this.scheduler.now + downMicros;
    for (const stream of this.#streams.values()) {
      while (stream.log.length > 0 && stream.log.at(-1)!.at > since) {
        const lost = stream.log.pop()!;
        stream.chains.set(lost.chain, lost.chainBefore);
        stream.origins.set(lost.chain, lost.originBefore);
        stream.newest = lost.newestBefore;
      }
      stream.entries = stream.entries.filter(({ at }) => at <= since);
    }
  }

  /** Refuses appends for a while. */
  fill(micros: number): void {
    this.scheduler.note("buffer full");
    this.#fullUntil = this.scheduler.now + micros;
  }

  incarnation(name: StreamName): string {
    return this.#stream(name).incarnation;
  }

  /** What was sealed is forgotten with the stream, if that is lost. */
  seal(name: StreamName, sealed: boolean) {
    const stream = this.#stream(name);
    stream.sealed = sealed;
    const newest = `${stream.newest}-0` as EntryId;
    return { newest, incarnation: stream.incarnation };
  }

  append(
    name: StreamName,
    request: AppendRequest,
    floor: EntryId,
  ): AppendResult {
    const { key, expectLast, newLast, entry, from } = request;
    const stream = this.#stream(name);
    if (this.scheduler.now < this.#fullUntil) {
      throw new SimOutageError("the buffer is full");
    }
    const chain = feedKeyText(key);
    const { incarnation } = stream;
    const origin = stream.origins.get(chain);
    if (origin && origin.writer === from?.writer && from.n <= origin.n) {
      return { kind: "appended", id: origin.id, incarnation };
    }
    if (stream.sealed) return { kind: "sealed" };
    const last = stream.chains.get(chain) ?? 0;
    if (last !== expectLast) return { kind: "conflict", last };
    const newestBefore = stream.newest;
    stream.newest = Math.max(
      Math.floor(this.#clock / MICROS_PER_MS),
      stream.newest + 1,
      Number(floor.split("-")[0]) + 1,
    );
    const id = `${stream.newest}-0` as EntryId;
    const held: Held = {
      id,
      entry,
      chain,
      chainBefore: last,
      lastSeq: newLast,
      originBefore: origin,
      newestBefore,
      at: this.scheduler.now,
    };
    stream.chains.set(chain, newLast);
    if (from) stream.origins.set(chain, { ...from, id });
    stream.entries.push(held);
    stream.log.push(held);
    for (const wake of stream.waiters.splice(0)) wake();
    return { kind: "appended", id, incarnation };
  }

  get #clock(): number {
    return this.scheduler.now - CLOCK_BEHIND_MICROS - this.#clockBack;
  }

  lastSeq(name: StreamName, chain: string): number {
    return this.#stream(name).chains.get(chain) ?? 0;
  }

  read(
    name: StreamName,
    after: EntryId,
    { maxEntries, waitMs, signal }: Parameters<TickBuffer["read"]>[2],
  ): Promise<ReadBatch> {
    const stream = this.#stream(name);
    const found = (): ReadBatch => ({
      incarnation: stream.incarnation,
      entries: this.#after(stream, after).slice(0, maxEntries),
    });
    if (this.#after(stream, after).length > 0 || signal?.aborted) {
      return Promise.resolve(found());
    }
    return new Promise((resolve) => {
      const wake = () => {
        signal?.removeEventListener("abort", wake);
        resolve(found());
      };
      stream.waiters.push(wake);
      signal?.addEventListener("abort", wake);
      this.scheduler.in(waitMs * MICROS_PER_MS, wake);
    });
  }

  #after(stream: Stream, after: EntryId): Held[] {
    const { entries } = stream;
    let i = entries.length;
    while (i > 0 && compareEntryIds(entries[i - 1].id, after) > 0) i--;
    return entries.slice(i);
  }

  trim(name: StreamName, through: EntryId): void {
    const stream = this.#stream(name);
    stream.entries = stream.entries.filter(({ id, entry, lastSeq }) => {
      if (compareEntryIds(id, through) > 0) return true;
      this.onForgotten(name, { key: entry.key, lastSeq });
      return false;
    });
  }

  newest(name: StreamName): EntryId {
    return `${this.#stream(name).newest}-0` as EntryId;
  }

  newestBefore(name: StreamName, time: EpochMicros): EntryId {
    const bound = `${Math.floor(time / MICROS_PER_MS)}-0` as EntryId;
    return this.#stream(name).entries.findLast(({ id }) =>
      compareEntryIds(id, bound) < 0
    )?.id ?? BEFORE_FIRST;
  }

  stats(): BufferStats {
    let entries = 0;
    for (const stream of this.#streams.values()) {
      entries += stream.entries.length;
    }
    return { bytes: entries, entries };
  }

  #stream(name: StreamName): Stream {
    if (this.scheduler.now < this.#downUntil) {
      throw new SimOutageError("the buffer is down");
    }
    let stream = this.#streams.get(name);
    if (!stream) {
      stream = {
        incarnation: `i${++this.#incarnations}`,
        entries: [],
        log: [],
        newest: 0,
        chains: new Map(),
        origins: new Map(),
        waiters: [],
        sealed: false,
      };
      this.#streams.set(name, stream);
    }
    return stream;
  }
}

/** The buffer as one process reaches it: every call may go wrong. */
export function simBuffer(
  streams: SimStreams,
  process: SimProcess,
  tag: () => string,
  floors = new Map<number, EntryId>(),
): DivisibleBuffer {
  const nameOf = (p: number): StreamName => tag() ? `${p}/${tag()}` : `${p}`;
  /** Which stream is meant is decided when it is called. */
  const call = <T>(
    name: string,
    p: number,
    work: (stream: StreamName) => T | Promise<T>,
  ): Promise<T> => {
    const stream = nameOf(p);
    return process.call(name, async () => await work(stream));
  };
  const ofDivision = (tag: string) =>
    simBuffer(streams, process, () => tag, floors);
  return {
    pinned: () => ofDivision(tag()),
    ofDivision,
    seal: (p, sealed) => call("seal", p, (name) => streams.seal(name, sealed)),
    incarnation: (p) =>
      call("incarnation", p, (name) => streams.incarnation(name)),
    append: (request) =>
      call(
        "append",
        request.p,
        (name) =>
          streams.append(name, request, floors.get(request.p) ?? BEFORE_FIRST),
      ),
    lastSeq: (p, key) =>
      call("lastSeq", p, (name) => streams.lastSeq(name, feedKeyText(key))),
    read: (p, after, options) =>
      call("read", p, (name) => streams.read(name, after, options)),
    readRaw: () => Promise.reject(new Error("nothing is archived here")),
    raiseFloor(p, floor) {
      const known = floors.get(p) ?? BEFORE_FIRST;
      if (compareEntryIds(floor, known) > 0) floors.set(p, floor);
    },
    trim: (p, through) =>
      call("trim", p, (name) => streams.trim(name, through)),
    newest: (p) => call("newest", p, (name) => streams.newest(name)),
    newestBefore: (p, time) =>
      call("newestBefore", p, (name) => streams.newestBefore(name, time)),
    stats: () => process.call("stats", () => Promise.resolve(streams.stats())),
    close: () => Promise.resolve(),
  };
}
