import { z } from "zod";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_SECOND,
} from "../../pipeline/domain/time.ts";
import { parameter, readQuery } from "../read_query.ts";
import { intervalOfResolution, RESOLUTIONS } from "./udf_resolution.ts";

/** Seconds of the year 9999. */
const SECONDS_MAX = 253_402_300_799;

/** A time in whole seconds, as the protocol writes all of them. */
export const secondsParameter = parameter<EpochMicros>(
  "a time in Unix seconds",
  (text) => {
    if (!/^-?\d{1,12}(\.\d+)?$/.test(text)) return null;
    const seconds = Math.floor(Number(text));
    if (Math.abs(seconds) > SECONDS_MAX) return null;
    return epochMicros(seconds * MICROS_PER_SECOND);
  },
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
