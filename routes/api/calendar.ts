import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { calendarQuery, queryCalendar } from "../../web/query_calendar.ts";
import { readQuery } from "../../web/read_query.ts";

export const handler = define.handlers({
  GET(ctx) {
    const query = readQuery(calendarQuery, ctx.url.searchParams);
    return liveJson(queryCalendar(ctx.state.services, query));
  },
});
