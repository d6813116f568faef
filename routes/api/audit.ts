import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { auditQuery } from "../../web/query_audit.ts";
import { readQuery } from "../../web/read_query.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const { full } = readQuery(auditQuery, ctx.url.searchParams);
    const { audit } = ctx.state.services;
    return liveJson(await audit.audit({ full: full === "1" }));
  },
});
