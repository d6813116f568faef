import { assert } from "./assert.ts";
import {
  type Division,
  follows,
  mapsOf,
  PartitionMap,
  type WantedDivision,
} from "./partition_map.ts";

/**
 * How many partitions symbols and feeds are spread over: now, and before.
 *
 * Partitions are only ever divided: what is in one of them was in the one that
 * it is a part of.
 */
export class PartitionLayout {
  #maps: readonly PartitionMap[];
  readonly #onDivided = new Set<() => void>();

  constructor(first: number) {
    this.#maps = mapsOf([{ partitions: first, tag: "" }]);
  }

  /** As they are now: another object once they were divided. */
  get now(): PartitionMap {
    return this.#maps[this.#maps.length - 1];
  }

  /** How many there are now. */
  get partitions(): number {
    return this.now.partitions;
  }

  /** How many there were at first: for what must never change. */
  get first(): number {
    return this.#maps[0].partitions;
  }

  /** What came before, oldest first. */
  get past(): readonly Division[] {
    return this.#maps.slice(0, -1);
  }

  /** The partition that has a symbol or a feed now. */
  of(key: string): number {
    return this.now.of(key);
  }

  /** Every partition that has had it, the one that has it now first. */
  everOf(key: string): readonly number[] {
    return [...new Set(this.#maps.map((map) => map.of(key)).reverse())];
  }

  /** The one of the first that it is a part of. */
  firstOf(p: number): number {
    let first = p;
    for (let i = this.#maps.length - 1; i > 0; i--) {
      const before = this.#maps[i - 1];
      const added = first - before.partitions;
      if (added >= 0) first = before.partsOf(this.#maps[i])[added].of;
    }
    return first;
  }

  /** Takes note of what the warehouse says. */
  become(divisions: readonly Division[]): void {
    assert(divisions.length > 0, "a warehouse has partitions");
    const { tag, partitions } = divisions[divisions.length - 1];
    if (tag === this.now.tag && partitions === this.partitions) return;
    this.#maps = mapsOf(divisions);
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
 * Reads what a warehouse keeps, such as `4 8/k3f9a2 9/x7+NIFTY50`: oldest
 * first, each with its tag and with what was pinned.
 *
 * @returns `null` if it is none of that.
 */
export function readDivisions(text: string): readonly Division[] | null {
  const divisions: Division[] = [];
  let map: PartitionMap | null = null;
  for (const part of text.split(" ")) {
    const match = /^([1-9]\d*)(?:\/([0-9a-z]+))?((?:\+[^+]+)*)$/.exec(part);
    if (match === null) return null;
    const [, count, tag = "", pins] = match;
    const division = {
      partitions: Number(count),
      tag,
      ...pins !== "" && { pins: pins.slice(1).split("+") },
    };
    if (!follows(map, division)) return null;
    map = new PartitionMap(division, map);
    divisions.push(division);
  }
  return divisions;
}

/** What a warehouse keeps of a division. */
export function writeDivision(
  { partitions, tag, pins = [] }: Division,
): string {
  const named = tag === "" ? "" : `/${tag}`;
  return `${partitions}${named}${pins.map((symbol) => `+${symbol}`).join("")}`;
}

/** The same of one that is wanted. */
export function writeWanted({ partitions, pins }: WantedDivision): string {
  return writeDivision({ partitions, pins, tag: "" });
}
