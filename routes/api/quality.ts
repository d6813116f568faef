import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { qualityQuery, queryQuality } from "../../web/query_quality.ts";
import { readQuery } from "../../web/read_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readQuery(qualityQuery, ctx.url.searchParams);
    return liveJson(await queryQuality(ctx.state.services, query));
  },
});
