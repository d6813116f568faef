import { define } from "../../../web/define.ts";
import {
  quarantineQuery,
  quarantineResponse,
} from "../../../web/query_quarantine.ts";
import { readQuery } from "../../../web/read_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readQuery(quarantineQuery, ctx.url.searchParams);
    return await quarantineResponse(ctx.req, ctx.state.services, query);
  },
});
