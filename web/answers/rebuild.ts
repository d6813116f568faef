import { z } from "zod";
import { count, time } from "./fields.ts";

const value = z.union([z.number(), z.string()]).nullable();

/** Answer of `/api/rebuild`: stored minutes beside what their ticks give. */
export const rebuildAnswer = z.strictObject({
  symbol: z.string(),
  from: time,
  to: time,
  compared: count,
  equal: count,
  different: count,
  without_ticks: count.describe("Minutes whose ticks are not kept"),
  imported: count.describe("Minutes that were imported as candles"),
  differences: z.array(z.strictObject({
    t: time,
    field: z.string(),
    stored: value,
    rebuilt: value,
  })).describe("The first ones"),
});
