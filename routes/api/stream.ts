import { clientAddress } from "../../web/client_address.ts";
import { define } from "../../web/define.ts";
import { readQuery } from "../../web/read_query.ts";
import { streamQuery, streamResponse } from "../../web/stream_response.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const query = readQuery(streamQuery, ctx.url.searchParams);
    return await streamResponse(ctx.state.services, query, {
      address: clientAddress(ctx.info),
      lastEventId: ctx.req.headers.get("last-event-id"),
      signal: ctx.req.signal,
    });
  },
});
