import { z } from "zod";
import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { findUdfSymbol } from "../../web/udf/find_symbol.ts";
import { readUdfQuery, udfSymbolParameter } from "../../web/udf/udf_query.ts";
import { symbolInfo } from "../../web/udf/udf_symbol.ts";

const symbolsQuery = z.object({ symbol: udfSymbolParameter });

export const handler = define.handlers({
  GET(ctx) {
    const { catalog, clock } = ctx.state.services;
    const { symbol } = readUdfQuery(symbolsQuery, ctx.url.searchParams);
    const instrument = findUdfSymbol(catalog, symbol);
    const calendar = catalog.calendarOf(instrument);
    return liveJson(symbolInfo(instrument, calendar, clock.now()));
  },
});
