import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { marksQuery, udfMarks } from "../../web/udf/udf_marks.ts";
import { readUdfQuery } from "../../web/udf/udf_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readUdfQuery(marksQuery, ctx.url.searchParams);
    return liveJson(await udfMarks(ctx.state.services, query));
  },
});
