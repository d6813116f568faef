import { define } from "../web/define.ts";
import { liveJson } from "../web/etag_response.ts";

/** 200 when the stores answer and the feeds are read, else 503 and why. */
export const handler = define.handlers({
  async GET(ctx) {
    const { ready, reasons } = await ctx.state.services.health();
    return liveJson({ ready, reasons }, ready ? 200 : 503);
  },
});
