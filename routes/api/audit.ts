import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";

export const handler = define.handlers({
  async GET(ctx) {
    return liveJson(await ctx.state.services.audit.audit());
  },
});
