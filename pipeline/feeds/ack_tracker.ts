import { compareEntryIds, type EntryId } from "../ports.ts";

/**
 * Lines that were handed to one partition together, from their first number
 * on, until the entry that holds them is committed.
 */
export interface Handed {
  /** Lowest number among them; Infinity if none has one. */
  from: number;
  /** Bytes of the lines: what a window counts. */
  bytes: number;
  /** Where they stand in the stream; `null` until appended. */
  id: EntryId | null;
}

/**
 * Which of a feed's numbers are safe, over all partitions that they went to.
 *
 * The ack is the highest number with all before it committed: one less than
 * the lowest that is handed over and not committed, or the highest number that
 * was taken in if there is none. Pure: knows nothing of time or stores.
 *
 * Assumed: in each partition, lines are handed over, appended and committed in
 * one order.
 */
export class AckTracker {
  /** Bytes handed over and not committed. */
  uncommittedBytes = 0;
  #passed: number;
  readonly #handed = new Map<number, Handed[]>();

  /** `acked`: the highest number that was safe before. */
  constructor(acked: number) {
    this.#passed = acked;
  }

  /** Opens the next group of a partition. */
  hand(p: number): Handed {
    const handed: Handed = { from: Infinity, bytes: 0, id: null };
    const queue = this.#handed.get(p);
    if (queue) queue.push(handed);
    else this.#handed.set(p, [handed]);
    return handed;
  }

  /** Adds a line to a group that is not appended. */
  add(handed: Handed, seq: number, bytes: number): void {
    if (seq < handed.from) handed.from = seq;
    handed.bytes += bytes;
    this.uncommittedBytes += bytes;
  }

  /** Every number up to this one was taken in, or given up as a gap. */
  passed(seq: number): void {
    if (seq > this.#passed) this.#passed = seq;
  }

  /** Everything of partition `p` up to `id` is committed. */
  committed(p: number, id: EntryId): void {
    const queue = this.#handed.get(p);
    if (!queue) return;
    while (
      queue.length > 0 && queue[0].id !== null &&
      compareEntryIds(queue[0].id, id) <= 0
    ) this.uncommittedBytes -= queue.shift()!.bytes;
  }

  /** Nothing is handed over that is not committed. */
  get settled(): boolean {
    for (const queue of this.#handed.values()) {
      if (queue.length > 0) return false;
    }
    return true;
  }

  /** Highest number with all before it committed. */
  get ack(): number {
    return this.#below((handed) => handed.length > 0 ? handed[0] : undefined);
  }

  /** Highest number with all before it appended. */
  get buffered(): number {
    return this.#below((handed) => handed.find(({ id }) => id === null));
  }

  /**
   * Groups without numbers do not hold up the one before them: the next one
   * that has some does.
   */
  #below(first: (handed: readonly Handed[]) => Handed | undefined): number {
    let lowest = Infinity;
    for (const queue of this.#handed.values()) {
      let at = first(queue);
      if (at?.from === Infinity) {
        const start = queue.indexOf(at);
        at = queue.slice(start).find(({ from }) => from !== Infinity);
      }
      if (at && at.from < lowest) lowest = at.from;
    }
    return lowest === Infinity ? this.#passed : lowest - 1;
  }
}
