import { page } from "fresh";
import { asset, Head } from "fresh/runtime";
import { ApiPage } from "../components/docs/ApiPage.tsx";
import { apiDoc } from "../web/api_doc.ts";
import { define } from "../web/define.ts";
import { openApi } from "../web/openapi.ts";

export const handler = define.handlers({
  GET(ctx) {
    const { catalog, apiToken } = ctx.state.services;
    const symbol = catalog.all().at(0)?.symbol ?? "NIFTY50";
    const { origin } = ctx.url;
    return page({
      doc: apiDoc(openApi(), { origin, symbol }),
      token: apiToken !== null,
    });
  },
});

/** All that can be asked over HTTP, for people. */
export default define.page<typeof handler>(function DocsPage({ data }) {
  return (
    <main class="narrow docs">
      <Head>
        <title>API · Tickhouse</title>
        <link
          key="settings.css"
          rel="stylesheet"
          href={asset("/settings.css")}
        />
        <link key="docs.css" rel="stylesheet" href={asset("/docs.css")} />
      </Head>
      <ApiPage {...data} />
    </main>
  );
});
