import { assert } from "./assert.ts";
import { partitionOf } from "./hash.ts";

/** A number of partitions, and what the streams of that time are called. */
export interface Division {
  readonly partitions: number;
  /** Random, so that no two have the same; "" of the first one. */
  readonly tag: string;
}

/**
 * How many partitions symbols and feeds are spread over: now, and before.
 *
 * Each number is a multiple of the one before it, so that partitions are only
 * ever divided: what is in partition p of 8 was in partition p % 4 of 4.
 */
export class PartitionLayout {
  #divisions: readonly Division[];
  readonly #onDivided = new Set<() => void>();

  constructor(first: number) {
    this.#divisions = [{ partitions: first, tag: "" }];
  }

  get now(): Division {
    return this.#divisions[this.#divisions.length - 1];
  }

  /** How many there are now. */
  get partitions(): number {
    return this.now.partitions;
  }

  /** How many there were at first: for what must never change. */
  get first(): number {
    return this.#divisions[0].partitions;
  }

  /** What came before, oldest first. */
  get past(): readonly Division[] {
    return this.#divisions.slice(0, -1);
  }

  /** The partition that has a symbol or a feed now. */
  of(key: string): number {
    return partitionOf(key, this.partitions);
  }

  /** Every partition that has had it, the one that has it now first. */
  everOf(key: string): readonly number[] {
    return [
      ...new Set(
        this.#divisions.map(({ partitions }) => partitionOf(key, partitions))
          .reverse(),
      ),
    ];
  }

  /** Takes note of what the warehouse says. */
  become(divisions: readonly Division[]): void {
    assert(divisions.length > 0, "a warehouse has partitions");
    const { tag, partitions } = divisions[divisions.length - 1];
    if (tag === this.now.tag && partitions === this.partitions) return;
    this.#divisions = divisions;
    for (const tell of this.#onDivided) tell();
  }

  /** Does the work of each partition, also of those that come later. */
  async forEach(
    signal: AbortSignal,
    work: (p: number) => Promise<void>,
  ): Promise<void> {
    const works: Promise<void>[] = [];
    const ended = Promise.withResolvers<void>();
    const more = () => {
      while (works.length < this.partitions) {
        const one = work(works.length);
        one.catch(ended.reject);
        works.push(one);
      }
    };
    const end = () => ended.resolve();
    this.#onDivided.add(more);
    signal.addEventListener("abort", end);
    more();
    if (signal.aborted) end();
    try {
      await ended.promise;
      await Promise.all(works);
    } finally {
      this.#onDivided.delete(more);
      signal.removeEventListener("abort", end);
    }
  }
}

/**
 * Reads what a warehouse keeps, such as `4 8/k3f9a2`: oldest first, each with
 * its tag.
 *
 * @returns `null` if it is none of that.
 */
export function readDivisions(text: string): readonly Division[] | null {
  const divisions: Division[] = [];
  for (const part of text.split(" ")) {
    const match = /^([1-9]\d*)(?:\/([0-9a-z]+))?$/.exec(part);
    if (match === null) return null;
    const partitions = Number(match[1]);
    const before = divisions.at(-1)?.partitions;
    if (before !== undefined && !divides(before, partitions)) return null;
    divisions.push({ partitions, tag: match[2] ?? "" });
  }
  return divisions;
}

/** Whether partitions can be divided so that there are `to` instead of `from`. */
export function divides(from: number, to: number): boolean {
  return to > from && to % from === 0;
}
