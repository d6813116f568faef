import { page } from "fresh";
import { Head } from "fresh/runtime";
import SystemLive from "../islands/SystemLive.tsx";
import { define } from "../web/define.ts";

export const handler = define.handlers({
  async GET(ctx) {
    return page(await ctx.state.services.system());
  },
});

/** The pipeline as a picture and in figures, whatever is down. */
export default define.page<typeof handler>(function SystemPage({ data }) {
  return (
    <main>
      <Head>
        <title>System · Tickhouse</title>
      </Head>
      <noscript>
        <p class="notice">
          This page stands still without scripts: reload it for newer figures.
          Lines are taken out of quarantine with{" "}
          <code>deno task quarantine readmit</code>.
        </p>
      </noscript>
      <SystemLive view={data} />
    </main>
  );
});
