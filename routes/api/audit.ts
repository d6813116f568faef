import { z } from "zod";
import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { choice, readQuery } from "../../web/read_query.ts";

/** `full=1` counts every row anew, which takes its time. */
const query = z.object({ full: choice("0", "1").default("0") });

export const handler = define.handlers({
  async GET(ctx) {
    const { full } = readQuery(query, ctx.url.searchParams);
    const { audit } = ctx.state.services;
    return liveJson(await audit.audit({ full: full === "1" }));
  },
});
