import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { readOverview } from "../../web/overview.ts";
import { noQuery, readQuery } from "../../web/read_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    readQuery(noQuery, ctx.url.searchParams);
    const { instruments } = await readOverview(ctx.state.services);
    return liveJson({ instruments });
  },
});
