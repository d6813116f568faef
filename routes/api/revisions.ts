import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { queryRevisions, revisionsQuery } from "../../web/query_revisions.ts";
import { readQuery } from "../../web/read_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readQuery(revisionsQuery, ctx.url.searchParams);
    return liveJson(await queryRevisions(ctx.state.services, query));
  },
});
