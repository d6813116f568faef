import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { modelsQuery, queryModels } from "../../web/query_models.ts";
import { readQuery } from "../../web/read_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readQuery(modelsQuery, ctx.url.searchParams);
    return liveJson(await queryModels(ctx.state.services, query));
  },
});
