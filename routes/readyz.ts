import { define } from "../web/define.ts";
import { liveJson } from "../web/etag_response.ts";
import { isKnown } from "../web/sign_in.ts";

/**
 * 200 when the stores answer, the feeds are read and the program is not
 * stopping, else 503. Why is for those who have the token.
 */
export const handler = define.handlers({
  async GET(ctx) {
    const { services } = ctx.state;
    const { ready, reasons, warnings } = await services.health();
    const told = isKnown(services, ctx.req.headers)
      ? { ready, reasons, warnings }
      : { ready };
    return liveJson(told, ready ? 200 : 503);
  },
});
