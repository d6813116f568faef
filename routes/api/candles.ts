import { candlesResponse } from "../../web/candles_response.ts";
import { define } from "../../web/define.ts";
import { candlesQuery, queryCandles } from "../../web/query_candles.ts";
import { readQuery } from "../../web/read_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readQuery(candlesQuery, ctx.url.searchParams);
    const { services } = ctx.state;
    const page = await queryCandles(services, query);
    const shared = services.apiToken === null;
    return await candlesResponse(ctx.req, query, page, shared);
  },
});
