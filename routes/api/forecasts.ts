import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { forecastsQuery, queryForecasts } from "../../web/query_forecasts.ts";
import { readQuery } from "../../web/read_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readQuery(forecastsQuery, ctx.url.searchParams);
    return liveJson(await queryForecasts(ctx.state.services, query));
  },
});
