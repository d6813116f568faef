import { define } from "../web/define.ts";
import { liveResponse } from "../web/etag_response.ts";
import { metricsText } from "../web/metrics.ts";

export const handler = define.handlers({
  async GET(ctx) {
    return liveResponse(metricsText(await ctx.state.services.system()), {
      "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
    });
  },
});
