import { encodeEntry } from "../../buffer/tick_codec.ts";
import type { FeedKey } from "../../domain/entry.ts";
import { type EpochMicros, MICROS_PER_MS } from "../../domain/time.ts";
import {
  type AppendRequest,
  type AppendResult,
  BEFORE_FIRST,
  type BufferStats,
  type Clock,
  compareEntryIds,
  type EntryId,
  type RawEntry,
  type ReadBatch,
  type ReadEntry,
  type TickBuffer,
} from "../../ports.ts";

/**
 * One partition's stream in memory; appends are not checked for their chain,
 * and an entry counts as one byte.
 */
export class MemoryBuffer implements TickBuffer {
  #incarnation = "1";
  readonly trims: EntryId[] = [];
  #entries: ReadEntry[] = [];
  #last = 0;
  #waiters: (() => void)[] = [];

  constructor(private readonly clock: Clock) {}

  incarnation(_p: number): Promise<string> {
    return Promise.resolve(this.#incarnation);
  }

  raiseFloor(_p: number, _floor: EntryId): void {
    // Its streams begin anew lower, to show that nothing depends on it.
  }

  append({ entry }: AppendRequest): Promise<AppendResult> {
    const ms = Math.floor(this.clock.now() / MICROS_PER_MS);
    this.#last = Math.max(this.#last + 1, ms);
    const incarnation = this.#incarnation;
    const id = `${this.#last}-0` as EntryId;
    this.#entries.push({ id, entry });
    for (const wake of this.#waiters.splice(0)) wake();
    return Promise.resolve({ kind: "appended", id, incarnation });
  }

  /** Loses everything, as a disk that dies; ids begin again, lower. */
  wipe(): void {
    this.#incarnation = String(Number(this.#incarnation) + 1);
    this.#entries = [];
    this.#last = Math.floor(this.#last / 2);
  }

  lastSeq(_p: number, _key: FeedKey): Promise<number> {
    return Promise.resolve(0);
  }

  async read(
    _p: number,
    after: EntryId,
    { maxEntries, waitMs, signal }: {
      readonly maxEntries: number;
      readonly waitMs: number;
      readonly signal?: AbortSignal;
    },
  ): Promise<ReadBatch> {
    const found = () =>
      this.#entries.filter(({ id }) => compareEntryIds(id, after) > 0)
        .slice(0, maxEntries);
    if (found().length === 0) {
      const appended = new Promise<void>((wake) => this.#waiters.push(wake));
      await Promise.race([appended, this.clock.sleep(waitMs, signal)]);
    }
    return { incarnation: this.#incarnation, entries: found() };
  }

  readRaw(
    _p: number,
    after: EntryId,
    { through, maxEntries }: Parameters<TickBuffer["readRaw"]>[2],
  ): Promise<readonly RawEntry[]> {
    const between = this.#entries.filter(({ id }) =>
      compareEntryIds(id, after) > 0 && compareEntryIds(id, through) <= 0
    );
    return Promise.resolve(
      between.slice(0, maxEntries).map(({ id, entry }) => ({
        id,
        bytes: encodeEntry(entry),
      })),
    );
  }

  trim(_p: number, through: EntryId): Promise<void> {
    this.trims.push(through);
    this.#entries = this.#entries.filter(({ id }) =>
      compareEntryIds(id, through) > 0
    );
    return Promise.resolve();
  }

  newest(_p: number): Promise<EntryId> {
    return Promise.resolve(this.#entries.at(-1)?.id ?? BEFORE_FIRST);
  }

  newestBefore(_p: number, time: EpochMicros): Promise<EntryId> {
    const bound = `${Math.floor(time / MICROS_PER_MS)}-0` as EntryId;
    const older = this.#entries.findLast(({ id }) =>
      compareEntryIds(id, bound) < 0
    );
    return Promise.resolve(older?.id ?? BEFORE_FIRST);
  }

  stats(): Promise<BufferStats> {
    const entries = this.#entries.length;
    return Promise.resolve({ bytes: entries, entries });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
