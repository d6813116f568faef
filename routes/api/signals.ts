import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { querySignals, signalsQuery } from "../../web/query_signals.ts";
import { readQuery } from "../../web/read_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readQuery(signalsQuery, ctx.url.searchParams);
    return liveJson(await querySignals(ctx.state.services, query));
  },
});
