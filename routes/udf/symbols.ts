import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { findUdfSymbol } from "../../web/udf/find_symbol.ts";
import { readUdfQuery } from "../../web/udf/udf_query.ts";
import { symbolInfo, symbolsQuery } from "../../web/udf/udf_symbol.ts";

export const handler = define.handlers({
  GET(ctx) {
    const { catalog, clock } = ctx.state.services;
    const { symbol } = readUdfQuery(symbolsQuery, ctx.url.searchParams);
    const instrument = findUdfSymbol(catalog, symbol);
    const calendar = catalog.calendarOf(instrument);
    return liveJson(symbolInfo(instrument, calendar, clock.now()));
  },
});
