import { feedKeyText, type StreamEntry } from "../../pipeline/domain/entry.ts";
import { type EpochMicros, MICROS_PER_MS } from "../../pipeline/domain/time.ts";
import {
  type AppendRequest,
  type AppendResult,
  BEFORE_FIRST,
  type BufferStats,
  compareEntryIds,
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
  readonly origin: string | null;
  /** Virtual time of the append. */
  readonly at: number;
}

interface Stream {
  incarnation: string;
  entries: Held[];
  ms: number;
  n: number;
  /** What a tail that was lost takes back, oldest first. */
  log: Held[];
  readonly chains: Map<string, number>;
  readonly origins: Map<string, EntryId>;
  waiters: (() => void)[];
}

/** How far the buffer's own clock is behind: old enough to trim soon. */
const CLOCK_BEHIND_MICROS = 299_000_000;

/**
 * The streams of a buffer that outlives the processes, as Redis would hold
 * them: positions by its clock, compare-and-append, and the ways to lose data.
 */
export class SimStreams {
  #streams = new Map<number, Stream>();
  #incarnations = 0;
  #clockBack = 0;
  #downUntil = 0;
  #fullUntil = 0;

  constructor(
    private readonly scheduler: SimScheduler,
    /** Told of each trim, before it is done. */
    private readonly onTrim: (
      p: number,
      through: EntryId,
      incarnation: string,
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
        const { chain, chainBefore, origin } = stream.log.pop()!;
        stream.chains.set(chain, chainBefore);
        if (origin !== null) stream.origins.delete(origin);
      }
      stream.entries = stream.entries.filter(({ at }) => at <= since);
    }
  }

  /** Refuses appends for a while. */
  fill(micros: number): void {
    this.scheduler.note("buffer full");
    this.#fullUntil = this.scheduler.now + micros;
  }

  incarnation(p: number): string {
    return this.#stream(p).incarnation;
  }

  append(request: AppendRequest, floor: EntryId): AppendResult {
    const { p, key, expectLast, newLast, entry, from } = request;
    const stream = this.#stream(p);
    if (this.scheduler.now < this.#fullUntil) {
      throw new SimOutageError("the buffer is full");
    }
    const chain = feedKeyText(key);
    const origin = from ? `${chain}|${from.writer}|${from.n}` : null;
    const { incarnation } = stream;
    const done = origin === null ? undefined : stream.origins.get(origin);
    if (done !== undefined) return { kind: "appended", id: done, incarnation };
    const last = stream.chains.get(chain) ?? 0;
    if (last !== expectLast) return { kind: "conflict", last };
    const id = this.#nextId(stream, floor);
    const held: Held = {
      id,
      entry,
      chain,
      chainBefore: last,
      origin,
      at: this.scheduler.now,
    };
    stream.chains.set(chain, newLast);
    stream.entries.push(held);
    stream.log.push(held);
    if (origin !== null) stream.origins.set(origin, id);
    for (const wake of stream.waiters.splice(0)) wake();
    return { kind: "appended", id, incarnation };
  }

  #nextId(stream: Stream, floor: EntryId): EntryId {
    const [floorMs, floorN] = floor.split("-").map(Number);
    const ms = Math.floor(this.#clock / MICROS_PER_MS);
    if (floorMs > stream.ms || (floorMs === stream.ms && floorN > stream.n)) {
      stream.ms = floorMs;
      stream.n = floorN;
    }
    if (ms > stream.ms) {
      stream.ms = ms;
      stream.n = 0;
    } else stream.n += 1;
    return `${stream.ms}-${stream.n}` as EntryId;
  }

  get #clock(): number {
    return this.scheduler.now - CLOCK_BEHIND_MICROS - this.#clockBack;
  }

  lastSeq(p: number, chain: string): number {
    return this.#stream(p).chains.get(chain) ?? 0;
  }

  read(
    p: number,
    after: EntryId,
    { maxEntries, waitMs, signal }: Parameters<TickBuffer["read"]>[2],
  ): Promise<ReadBatch> {
    const stream = this.#stream(p);
    const found = (): ReadBatch => ({
      incarnation: stream.incarnation,
      entries: this.#after(stream, after).slice(0, maxEntries),
    });
    if (this.#after(stream, after).length > 0 || signal?.aborted) {
      return Promise.resolve(found());
    }
    return new Promise((resolve) => {
      const wake = () => resolve(found());
      stream.waiters.push(wake);
      signal?.addEventListener("abort", wake, { once: true });
      this.scheduler.in(waitMs * MICROS_PER_MS, wake);
    });
  }

  #after(stream: Stream, after: EntryId): Held[] {
    const { entries } = stream;
    let i = entries.length;
    while (i > 0 && compareEntryIds(entries[i - 1].id, after) > 0) i--;
    return entries.slice(i);
  }

  trim(p: number, through: EntryId): void {
    const stream = this.#stream(p);
    this.onTrim(p, through, stream.incarnation);
    stream.entries = stream.entries.filter(({ id }) =>
      compareEntryIds(id, through) > 0
    );
  }

  newest(p: number): EntryId {
    const { ms, n } = this.#stream(p);
    return `${ms}-${n}` as EntryId;
  }

  newestBefore(p: number, time: EpochMicros): EntryId {
    const bound = `${Math.floor(time / MICROS_PER_MS)}-0` as EntryId;
    return this.#stream(p).entries.findLast(({ id }) =>
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

  #stream(p: number): Stream {
    if (this.scheduler.now < this.#downUntil) {
      throw new SimOutageError("the buffer is down");
    }
    let stream = this.#streams.get(p);
    if (!stream) {
      stream = {
        incarnation: `i${++this.#incarnations}`,
        entries: [],
        log: [],
        ms: 0,
        n: 0,
        chains: new Map(),
        origins: new Map(),
        waiters: [],
      };
      this.#streams.set(p, stream);
    }
    return stream;
  }
}

/** The buffer as one process reaches it: every call may go wrong. */
export function simBuffer(
  streams: SimStreams,
  process: SimProcess,
): TickBuffer {
  const floors = new Map<number, EntryId>();
  const call = <T>(name: string, work: () => T | Promise<T>): Promise<T> =>
    process.call(name, async () => await work());
  return {
    incarnation: (p) => call("incarnation", () => streams.incarnation(p)),
    append: (request) =>
      call(
        "append",
        () => streams.append(request, floors.get(request.p) ?? BEFORE_FIRST),
      ),
    lastSeq: (p, key) =>
      call("lastSeq", () => streams.lastSeq(p, feedKeyText(key))),
    read: (p, after, options) =>
      call("read", () => streams.read(p, after, options)),
    readRaw: () => Promise.reject(new Error("nothing is archived here")),
    raiseFloor(p, floor) {
      const known = floors.get(p) ?? BEFORE_FIRST;
      if (compareEntryIds(floor, known) > 0) floors.set(p, floor);
    },
    trim: (p, through) => call("trim", () => streams.trim(p, through)),
    newest: (p) => call("newest", () => streams.newest(p)),
    newestBefore: (p, time) =>
      call("newestBefore", () => streams.newestBefore(p, time)),
    stats: () => call("stats", () => streams.stats()),
    close: () => Promise.resolve(),
  };
}
