import { z } from "zod";
import { parameter, wholeNumber } from "../read_query.ts";
import type { Services } from "../services.ts";
import { RESOLUTIONS } from "./udf_resolution.ts";
import { udfType } from "./udf_symbol.ts";

const text = parameter(
  "at most 64 characters",
  (word) => word.length <= 64 ? word : null,
);

/** Parameters of `/udf/search`. */
export const searchQuery = z.object({
  query: text.default(""),
  type: text.default(""),
  exchange: text.default(""),
  limit: wholeNumber(1, 1_000).default(30),
});

/**
 * Instruments whose symbol or name has the words, those whose symbol begins
 * with them first.
 */
export function udfSearch(
  { catalog }: Services,
  { query, type, exchange, limit }: z.output<typeof searchQuery>,
) {
  const words = query.trim().toLowerCase();
  const rank = (symbol: string, name: string) => {
    if (symbol.toLowerCase().startsWith(words)) return 0;
    if (symbol.toLowerCase().includes(words)) return 1;
    return name.toLowerCase().includes(words) ? 2 : 3;
  };
  return catalog.all()
    .filter((one) =>
      (type === "" || udfType(one) === type) &&
      (exchange === "" || one.exchange === exchange)
    )
    .map((one) => ({ one, rank: rank(one.symbol, one.name) }))
    .filter((found) => found.rank < 3)
    .sort((a, b) => a.rank - b.rank || (a.one.symbol < b.one.symbol ? -1 : 1))
    .slice(0, limit)
    .map(({ one }) => ({
      symbol: one.symbol,
      full_name: one.symbol,
      ticker: one.symbol,
      description: one.name,
      exchange: one.exchange,
      type: udfType(one),
    }));
}

/** What `/udf/config` says that there is. */
export function udfConfig({ catalog }: Services) {
  const all = catalog.all();
  const exchanges = [...new Set(all.map(({ exchange }) => exchange))].sort();
  const types = [...new Set(all.map(udfType))].sort();
  return {
    supports_search: true,
    supports_group_request: false,
    supports_marks: true,
    supports_timescale_marks: true,
    supports_time: true,
    supported_resolutions: RESOLUTIONS,
    exchanges: [
      { value: "", name: "All exchanges", desc: "" },
      ...exchanges.map((value) => ({ value, name: value, desc: value })),
    ],
    symbols_types: [
      { name: "All types", value: "" },
      ...types.map((value) => ({ name: value, value })),
    ],
  };
}
