import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import {
  queryReliability,
  reliabilityQuery,
} from "../../web/query_reliability.ts";
import { readQuery } from "../../web/read_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readQuery(reliabilityQuery, ctx.url.searchParams);
    return liveJson(await queryReliability(ctx.state.services, query));
  },
});
