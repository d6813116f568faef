import { z } from "zod";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_SECOND,
} from "../../pipeline/domain/time.ts";
import { parameter, readQuery } from "../read_query.ts";
import { intervalOfResolution, RESOLUTIONS } from "./udf_resolution.ts";

/** Seconds of June 2255, with days to spare until microseconds end. */
const SECONDS_MAX = 9_007_000_000;

/**
 * A time in whole seconds, as the protocol writes all of them; clients ask for
 * the end of time by large ones.
 */
export const secondsParameter = parameter<EpochMicros, number>(
  "a time in Unix seconds",
  (text) => {
    if (!/^-?\d{1,12}(\.\d+)?$/.test(text)) return null;
    const seconds = Math.floor(Number(text));
    const held = Math.max(-SECONDS_MAX, Math.min(seconds, SECONDS_MAX));
    return epochMicros(held * MICROS_PER_SECOND);
  },
  { type: "integer" },
);

export const resolutionParameter = parameter(
  `one of ${RESOLUTIONS.join(", ")}`,
  intervalOfResolution,
);

/** A symbol, maybe with its exchange before it, as in `NSE:NIFTY50`. */
export const udfSymbolParameter = parameter(
  "a symbol of /udf/search",
  (text) => /^[A-Za-z0-9._:/ -]{1,64}$/.test(text) ? text : null,
);

/**
 * Reads parameters; clients send some that are new or their own, which are no
 * business of ours.
 *
 * @throws {ProblemError} If any is wrong.
 */
export function readUdfQuery<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  query: URLSearchParams,
): z.output<z.ZodObject<Shape>> {
  const known = Object.keys(schema.shape);
  return readQuery(
    schema,
    new URLSearchParams([...query].filter(([name]) => known.includes(name))),
  );
}
