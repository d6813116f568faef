import { define } from "../../../web/define.ts";
import { readmitResponse } from "../../../web/readmit_request.ts";

export const handler = define.handlers({
  POST(ctx) {
    return readmitResponse(ctx.req, ctx.state.services);
  },
});
