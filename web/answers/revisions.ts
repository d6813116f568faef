import { z } from "zod";
import { STORED_INTERVALS } from "../../pipeline/domain/interval.ts";
import { candle } from "./candles.ts";
import { next, time } from "./fields.ts";

/** Answer of `/api/revisions`. */
export const revisionsAnswer = z.strictObject({
  symbol: z.string(),
  interval: z.enum(STORED_INTERVALS),
  revisions: z.array(
    candle.extend({ known_from: time, known_to: time })
      .describe("A candle as it was in [known_from, known_to)"),
  ),
  next,
});
