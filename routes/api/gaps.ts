import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { gapsQuery, queryGaps } from "../../web/query_gaps.ts";
import { readQuery } from "../../web/read_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readQuery(gapsQuery, ctx.url.searchParams);
    return liveJson(await queryGaps(ctx.state.services, query));
  },
});
