import { z } from "zod";
import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { readOverview } from "../../web/overview.ts";
import { readQuery } from "../../web/read_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    readQuery(z.object({}), ctx.url.searchParams);
    const { instruments } = await readOverview(ctx.state.services);
    return liveJson({ instruments });
  },
});
