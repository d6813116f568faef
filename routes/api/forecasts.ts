import { define } from "../../web/define.ts";
import { forecastsQuery, queryForecasts } from "../../web/query_forecasts.ts";
import { FORECAST_TABLE } from "../../web/forecast_table.ts";
import { readQuery } from "../../web/read_query.ts";
import { rowsResponse } from "../../web/rows_response.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readQuery(forecastsQuery, ctx.url.searchParams);
    const json = await queryForecasts(ctx.state.services, query);
    return rowsResponse({
      format: query.format,
      table: FORECAST_TABLE,
      rows: json.forecasts,
      json,
      name: `${query.symbol ?? "all"}-forecasts`,
    });
  },
});
