import { SYMBOL_PATTERN } from "../pipeline/domain/instrument.ts";
import {
  follows,
  type PartitionMap,
  type WantedDivision,
} from "../pipeline/domain/partition_map.ts";
import { OptionsError } from "./task_options.ts";

export const PARTITIONS_MAX = 1_024;

/** Over how many to spread instruments, or which get one of their own. */
export type Asked = { readonly to: number } | {
  readonly pins: readonly string[];
};

/** Reads a command line; `null` if it asks for nothing. */
export function askedOf(
  count: string | undefined,
  pins: readonly string[] | undefined,
): Asked | null {
  if (count === undefined) return pins === undefined ? null : { pins };
  if (pins !== undefined) {
    throw new OptionsError("Cannot both divide and pin: one after the other");
  }
  const to = Number(count);
  if (/^\d+$/.test(count) && to >= 1 && to <= PARTITIONS_MAX) return { to };
  throw new OptionsError(
    `PARTITIONS must be a whole number from 1 to ${PARTITIONS_MAX}, got ` +
      JSON.stringify(count),
  );
}

/** Reads symbols with commas in between. */
export function readSymbols(text: string): readonly string[] | null {
  const symbols = text.split(",");
  const usable = symbols.every((symbol) => SYMBOL_PATTERN.test(symbol)) &&
    new Set(symbols).size === symbols.length;
  return usable ? symbols : null;
}

/**
 * What is asked for, as a division.
 *
 * @throws {Error} If it cannot come after what there is.
 */
export function wantedOf(from: PartitionMap, asked: Asked): WantedDivision {
  const wanted = "to" in asked
    ? spreadOver(from, asked.to)
    : pinned(from, asked.pins);
  if (wanted.partitions <= PARTITIONS_MAX) return wanted;
  throw new Error(
    `Cannot have ${wanted.partitions} partitions, those of pinned ` +
      `instruments among them: ${PARTITIONS_MAX} at most`,
  );
}

function spreadOver(from: PartitionMap, to: number): WantedDivision {
  const { length: hashed } = from.hashed;
  const beside = from.pinned.size > 0 ? " beside those of pinned ones" : "";
  if (to === hashed) {
    throw new Error(`There are ${to} partitions already${beside}`);
  }
  const wanted = { partitions: from.partitions + to - hashed };
  if (follows(from, wanted)) return wanted;
  throw new Error(
    `Cannot go from ${hashed} to ${to} partitions${beside}: partitions can ` +
      `only be divided, so the number must be a multiple of ${hashed} above it`,
  );
}

function pinned(from: PartitionMap, pins: readonly string[]): WantedDivision {
  const already = pins.filter((symbol) => from.pinned.has(symbol));
  if (already.length > 0) {
    throw new Error(
      `${already.join(", ")}: has a partition of its own already`,
    );
  }
  return { partitions: from.partitions + pins.length, pins };
}
