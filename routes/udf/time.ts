import { MICROS_PER_SECOND } from "../../pipeline/domain/time.ts";
import { define } from "../../web/define.ts";
import { liveResponse } from "../../web/etag_response.ts";

export const handler = define.handlers({
  GET(ctx) {
    const now = ctx.state.services.clock.now();
    const seconds = Math.floor(now / MICROS_PER_SECOND);
    return liveResponse(String(seconds), { "Content-Type": "text/plain" });
  },
});
