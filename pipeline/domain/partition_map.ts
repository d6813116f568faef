import { assert } from "./assert.ts";
import { fnv1a } from "./hash.ts";

/** A number of partitions, and what the streams of that time are called. */
export interface Division {
  readonly partitions: number;
  /** Random, so that no two have the same; "" of the first one. */
  readonly tag: string;
  /**
   * Symbols that got one of their own then, the last ones in this order; the
   * partitions of before were divided if there are none.
   */
  readonly pins?: readonly string[];
}

/** What partitions are to be divided into: it gets its tag when it is done. */
export type WantedDivision = Omit<Division, "tag">;

/**
 * Which partition has a symbol or a feed, after one of the divisions.
 *
 * A division only adds partitions, and each of them is a part of one that was
 * there before: that of the symbol, if it is pinned. So partitions keep their
 * numbers, and what is in a part was in the one that it is a part of.
 */
export class PartitionMap implements Division {
  readonly partitions: number;
  readonly tag: string;
  readonly pins?: readonly string[];
  /** The partition of each symbol that has one of its own. */
  readonly pinned: ReadonlyMap<string, number>;
  /** The partition of all others, by what is left of their hash. */
  readonly hashed: readonly number[];

  constructor(division: Division, before: PartitionMap | null) {
    const { partitions, tag, pins } = division;
    assert(follows(before, division), "partitions are divided");
    this.partitions = partitions;
    this.tag = tag;
    const first = before?.partitions ?? 0;
    const hashed = before?.hashed ?? [];
    const pinned = before?.pinned ?? new Map();
    if (pins === undefined) {
      const more = Array.from(
        { length: partitions - first },
        (_, i) => first + i,
      );
      this.hashed = [...hashed, ...more];
      this.pinned = pinned;
    } else {
      this.pins = pins;
      this.hashed = hashed;
      this.pinned = new Map([
        ...pinned,
        ...pins.map((symbol, i) => [symbol, first + i] as const),
      ]);
    }
  }

  of(key: string): number {
    return this.pinned.get(key) ?? this.hashed[fnv1a(key) % this.hashed.length];
  }

  /** The partitions that another division adds, and what each is a part of. */
  partsOf(
    { partitions, pins }: WantedDivision,
  ): readonly { readonly part: number; readonly of: number }[] {
    const { hashed } = this;
    return Array.from({ length: partitions - this.partitions }, (_, i) => ({
      part: this.partitions + i,
      of: pins ? this.of(pins[i]) : hashed[i % hashed.length],
    }));
  }
}

/** The map after each of the divisions, oldest first. */
export function mapsOf(divisions: readonly Division[]): PartitionMap[] {
  const maps: PartitionMap[] = [];
  for (const division of divisions) {
    maps.push(new PartitionMap(division, maps.at(-1) ?? null));
  }
  return maps;
}

/** The map after all of them. */
export function mapOf(divisions: readonly Division[]): PartitionMap {
  return mapsOf(divisions)[divisions.length - 1];
}

/**
 * Whether a division can come after another, or be the first: those that
 * symbols are hashed over become a multiple of what they were, or symbols that
 * have none of their own get one.
 */
export function follows(
  before: Pick<PartitionMap, "partitions" | "hashed" | "pinned"> | null,
  { partitions, pins }: WantedDivision,
): boolean {
  if (before === null) return partitions > 0 && pins === undefined;
  const added = partitions - before.partitions;
  if (pins === undefined) {
    return added > 0 && added % before.hashed.length === 0;
  }
  return pins.length > 0 && added === pins.length &&
    new Set(pins).size === added &&
    !pins.some((symbol) => before.pinned.has(symbol));
}
