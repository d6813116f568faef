import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { quotesQuery, udfQuotes } from "../../web/udf/udf_quotes.ts";
import { readUdfQuery } from "../../web/udf/udf_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readUdfQuery(quotesQuery, ctx.url.searchParams);
    return liveJson(await udfQuotes(ctx.state.services, query));
  },
});
