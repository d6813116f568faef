import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { noQuery, readQuery } from "../../web/read_query.ts";

/** The whole pipeline as it is now; answers whatever is down. */
export const handler = define.handlers({
  async GET(ctx) {
    readQuery(noQuery, ctx.url.searchParams);
    return liveJson(await ctx.state.services.system());
  },
});
