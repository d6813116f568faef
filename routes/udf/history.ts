import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { historyQuery, udfHistory } from "../../web/udf/udf_history.ts";
import { readUdfQuery } from "../../web/udf/udf_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readUdfQuery(historyQuery, ctx.url.searchParams);
    return liveJson(await udfHistory(ctx.state.services, query));
  },
});
