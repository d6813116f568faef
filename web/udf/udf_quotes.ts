import { z } from "zod";
import { candleView } from "../../pipeline/domain/candle.ts";
import type { Instrument } from "../../pipeline/domain/instrument.ts";
import { parameter } from "../read_query.ts";
import { readOverview } from "../overview.ts";
import type { Services } from "../services.ts";
import { findUdfSymbol } from "./find_symbol.ts";
import { ProblemError } from "../problem.ts";

const SYMBOLS_MAX = 200;

/** Parameters of `/udf/quotes`. */
export const quotesQuery = z.object({
  symbols: parameter(
    `1 to ${SYMBOLS_MAX} symbols, separated by commas`,
    (text) => {
      const symbols = text.split(",").filter((one) => one !== "");
      const some = symbols.length > 0 && symbols.length <= SYMBOLS_MAX;
      return some ? symbols : null;
    },
  ),
});

/**
 * Last prices, the day's candle so far, and the change on the day; there is no
 * order book, so neither bid nor ask.
 */
export async function udfQuotes(
  services: Services,
  { symbols }: z.output<typeof quotesQuery>,
) {
  const wanted = symbols.map((text) => ({ text, found: find(services, text) }));
  const known = wanted.flatMap(({ found }) => found ? [found.symbol] : []);
  const [{ instruments }, days] = await Promise.all([
    readOverview(services),
    services.candles.latest(known, "1d", 1),
  ]);
  const now = new Map(instruments.map((one) => [one.symbol, one]));
  return {
    s: "ok",
    d: wanted.map(({ text, found }) => {
      const one = found && now.get(found.symbol);
      if (!found || !one?.last) {
        const why = found ? "no price yet" : "unknown symbol";
        return { s: "error", n: text, v: {}, errmsg: why };
      }
      const row = days.get(found.symbol)?.at(-1);
      const day = row === undefined ? null : candleView(row);
      return {
        s: "ok",
        n: text,
        v: {
          short_name: found.symbol,
          exchange: found.exchange,
          description: found.name,
          lp: one.last.c,
          ...one.change && {
            ch: one.change.abs,
            chp: one.change.pct,
            prev_close_price: one.change.reference,
          },
          ...day && {
            open_price: day.o,
            high_price: day.h,
            low_price: day.l,
            volume: day.v,
          },
        },
      };
    }),
  };
}

function find(services: Services, text: string): Instrument | null {
  try {
    return findUdfSymbol(services.catalog, text);
  } catch (error) {
    if (error instanceof ProblemError) return null;
    throw error;
  }
}
