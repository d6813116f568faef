import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { readUdfQuery } from "../../web/udf/udf_query.ts";
import { searchQuery, udfSearch } from "../../web/udf/udf_search.ts";

export const handler = define.handlers({
  GET(ctx) {
    const query = readUdfQuery(searchQuery, ctx.url.searchParams);
    return liveJson(udfSearch(ctx.state.services, query));
  },
});
