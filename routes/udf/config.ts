import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { udfConfig } from "../../web/udf/udf_search.ts";

export const handler = define.handlers({
  GET: (ctx) => liveJson(udfConfig(ctx.state.services)),
});
