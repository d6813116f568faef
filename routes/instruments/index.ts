import { matchInstruments } from "../../components/match_instruments.ts";
import { define } from "../../web/define.ts";

/**
 * Where the selector's form goes without scripts: to the instrument that the
 * text means, as the list that scripts show would have it.
 */
export const handler = define.handlers({
  GET(ctx) {
    const text = ctx.url.searchParams.get("symbol") ?? "";
    if (text.trim() === "") return ctx.redirect("/", 303);
    const [found] = matchInstruments(
      ctx.state.services.catalog.all(),
      text,
      1,
    );
    const interval = ctx.url.searchParams.get("interval") ?? "1m";
    return ctx.redirect(
      `/instruments/${encodeURIComponent(found?.symbol ?? text)}?interval=${
        encodeURIComponent(interval)
      }`,
      303,
    );
  },
});
