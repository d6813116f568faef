import { z } from "zod";
import type { Problem } from "../problem.ts";

/** An error, as RFC 9457 has them. */
export const problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  errors: z.array(z.strictObject({
    parameter: z.string(),
    value: z.string().nullable().describe("Null if it is missing"),
    expected: z.string(),
  })).optional().describe("All wrong parameters at once"),
}) satisfies z.ZodType<Problem>;

/** An error of the charting protocol. */
export const udfError = z.strictObject({
  s: z.literal("error"),
  errmsg: z.string(),
});
