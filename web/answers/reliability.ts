import { z } from "zod";
import { count, share } from "./fields.ts";

/** Forecasts that stated much the same probability of a rise. */
export const reliabilityBin = z.strictObject({
  n: count,
  stated: share.describe("Mean of what was stated"),
  came: share.describe("Share that came, with Wilson’s 95 % interval"),
  low: share,
  high: share,
});

/** Answer of `/api/reliability`. */
export const reliabilityAnswer = z.strictObject({
  symbol: z.string(),
  model: z.string(),
  n: count.describe("Live forecasts one minute ahead, of minutes that moved"),
  bins: z.array(reliabilityBin).describe("By what was stated, ascending"),
});
