import { z } from "zod";

/** Fields that many answers have, each said once. */

/** How many of something. */
export const count = z.int().nonnegative();

export const amount = z.number().nonnegative();

/** A part of a whole. */
export const share = z.number().min(0).max(1);

/** A moment. */
export const time = z.int().describe("Unix milliseconds");

/** Counts by a name. */
export const counts = z.record(z.string(), count);

/** Numbers of a feed, both included. */
export const seqs = z.strictObject({ from: count, to: count });

/** Where a list goes on. */
export const next = z.string().nullable().describe(
  "Cursor of what comes next, or null",
);
