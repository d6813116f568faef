import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { queryRebuild, rebuildQuery } from "../../web/query_rebuild.ts";
import { readQuery } from "../../web/read_query.ts";

/** Makes minutes anew from their ticks and tells which differ; reads only. */
export const handler = define.handlers({
  async GET(ctx) {
    const query = readQuery(rebuildQuery, ctx.url.searchParams);
    const { services } = ctx.state;
    return liveJson(await queryRebuild(services, query, ctx.req.signal));
  },
});
