import { MemoryBuffer } from "../../buffer/testing/memory_buffer.ts";
import type { FeedKey } from "../../domain/entry.ts";
import type { EpochMicros } from "../../domain/time.ts";
import {
  type AppendRequest,
  type AppendResult,
  type EntryId,
  type RawEntry,
  type ReadBatch,
  type TickBuffer,
} from "../../ports.ts";

/**
 * A buffer that loses what it had said was appended, when a test says so; and
 * the answers to appends that were done or refused.
 */
export class LossyBuffer implements TickBuffer {
  /** What happens to the next appends, in order. */
  readonly plan: ("ok" | "refused" | "reply lost")[] = [];
  #inner: MemoryBuffer;
  #incarnation = "stream 1";
  #streams = 1;
  /** Appends of the stream there is, with where the floor was. */
  #journal: { readonly request: AppendRequest; readonly floor: EntryId }[] = [];
  readonly #floors = new Map<number, EntryId>();

  constructor() {
    this.#inner = new MemoryBuffer(this.#incarnation);
  }

  /** Loses everything, and begins anew. */
  wipe(): void {
    this.#incarnation = `stream ${++this.#streams}`;
    this.#inner = new MemoryBuffer(this.#incarnation);
    this.#journal = [];
  }

  /**
   * Forgets its newest appends, and where they brought the chains. What comes
   * then has higher positions than they had.
   */
  async loseTail(count: number): Promise<void> {
    const lost = new Set(this.#journal.map(({ request }) => request.p));
    const newest = new Map<number, EntryId>();
    for (const p of lost) newest.set(p, await this.#inner.newest(p));
    const kept = this.#journal.slice(0, this.#journal.length - count);
    this.#journal = [];
    this.#inner = new MemoryBuffer(this.#incarnation);
    for (const { request, floor } of kept) {
      this.#inner.raiseFloor(request.p, floor);
      this.#journal.push({ request, floor });
      await this.#inner.append(request);
    }
    for (const [p, floor] of newest) this.raiseFloor(p, floor);
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    const fate = this.plan.shift() ?? "ok";
    if (fate === "refused") throw new Error("the buffer is full");
    const floor = this.#floors.get(request.p) ?? "0-0" as EntryId;
    const before = (await this.#inner.stats()).entries;
    const result = await this.#inner.append(request);
    const { entries } = await this.#inner.stats();
    if (entries > before) this.#journal.push({ request, floor });
    if (fate === "reply lost") throw new Error("the reply is lost");
    return result;
  }

  raiseFloor(p: number, floor: EntryId): void {
    this.#floors.set(p, floor);
    this.#inner.raiseFloor(p, floor);
  }

  incarnation(p: number): Promise<string> {
    return this.#inner.incarnation(p);
  }

  lastSeq(p: number, key: FeedKey): Promise<number> {
    return this.#inner.lastSeq(p, key);
  }

  read(...args: Parameters<TickBuffer["read"]>): Promise<ReadBatch> {
    return this.#inner.read(...args);
  }

  readRaw(
    ...args: Parameters<TickBuffer["readRaw"]>
  ): Promise<readonly RawEntry[]> {
    return this.#inner.readRaw(...args);
  }

  trim(p: number, through: EntryId): Promise<void> {
    return this.#inner.trim(p, through);
  }

  newest(p: number): Promise<EntryId> {
    return this.#inner.newest(p);
  }

  newestBefore(p: number, time: EpochMicros): Promise<EntryId> {
    return this.#inner.newestBefore(p, time);
  }

  stats(): ReturnType<TickBuffer["stats"]> {
    return this.#inner.stats();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
