import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import {
  instrumentsQuery,
  queryInstruments,
} from "../../web/query_instruments.ts";
import { readQuery } from "../../web/read_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readQuery(instrumentsQuery, ctx.url.searchParams);
    return liveJson(await queryInstruments(ctx.state.services, query));
  },
});
