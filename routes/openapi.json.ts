import { define } from "../web/define.ts";
import { closedRangeResponse } from "../web/etag_response.ts";
import { openApi } from "../web/openapi.ts";

/** The whole HTTP surface, as OpenAPI 3.1. */
export const handler = define.handlers({
  async GET(ctx) {
    return await closedRangeResponse(ctx.req, JSON.stringify(openApi()), {
      "Content-Type": "application/json",
    });
  },
});
