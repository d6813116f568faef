import { define } from "../../web/define.ts";
import { querySignals, signalsQuery } from "../../web/query_signals.ts";
import { readQuery } from "../../web/read_query.ts";
import { rowsResponse } from "../../web/rows_response.ts";
import { SIGNAL_TABLE } from "../../web/signal_table.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readQuery(signalsQuery, ctx.url.searchParams);
    const json = await querySignals(ctx.state.services, query);
    return rowsResponse({
      format: query.format,
      table: SIGNAL_TABLE,
      rows: json.signals,
      json,
      name: `${query.symbol ?? "all"}-signals`,
    });
  },
});
