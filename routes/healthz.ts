import { define } from "../web/define.ts";
import { liveJson } from "../web/etag_response.ts";
import { openStreams } from "../web/stream_response.ts";

/** How the program does, part by part; always 200 while it can answer. */
export const handler = define.handlers({
  async GET(ctx) {
    const { services } = ctx.state;
    const { ready, reasons, warnings, details } = await services.health();
    return liveJson({
      status: ready ? "ok" : "degraded",
      reasons,
      warnings,
      simulated: services.info.simulated,
      streams: openStreams(),
      ...details,
    });
  },
});
