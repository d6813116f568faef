import { define } from "../web/define.ts";
import { liveJson } from "../web/etag_response.ts";

/** Beyond it the program is of no use and better started anew. */
const LAG_MS_MAX = 5_000;

/** Whether the event loop turns in time, whatever the stores do. */
export const handler = define.handlers({
  async GET() {
    const asked = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 0));
    const alive = performance.now() - asked < LAG_MS_MAX;
    return liveJson({ alive }, alive ? 200 : 503);
  },
});
