import { define } from "../../web/define.ts";

/** Where the selector's form goes without scripts. */
export const handler = define.handlers({
  GET(ctx) {
    const symbol = ctx.url.searchParams.get("symbol");
    if (symbol === null || symbol === "") return ctx.redirect("/", 303);
    const interval = ctx.url.searchParams.get("interval") ?? "1m";
    return ctx.redirect(
      `/instruments/${encodeURIComponent(symbol)}?interval=${
        encodeURIComponent(interval)
      }`,
      303,
    );
  },
});
