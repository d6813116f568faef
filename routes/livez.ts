import { define } from "../web/define.ts";
import { liveJson } from "../web/etag_response.ts";

/** Answers whenever the event loop turns, whatever the stores do. */
export const handler = define.handlers({
  GET: () => liveJson({ alive: true }),
});
