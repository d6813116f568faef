import { candlesResponse } from "../../web/candles_response.ts";
import { define } from "../../web/define.ts";
import { candlesQuery, queryCandles } from "../../web/query_candles.ts";
import { readQuery } from "../../web/read_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readQuery(candlesQuery, ctx.url.searchParams);
    const page = await queryCandles(ctx.state.services, query);
    return await candlesResponse(ctx.req, query, page);
  },
});
