import { page } from "fresh";
import { Head } from "fresh/runtime";
import { ApiPage } from "../components/docs/ApiPage.tsx";
import { apiDoc } from "../web/api_doc.ts";
import { define } from "../web/define.ts";
import { openApi } from "../web/openapi.ts";
import { stylesOf } from "../web/page_styles.ts";

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
        <link key="styles" rel="stylesheet" href={stylesOf("docs")} />
      </Head>
      <ApiPage {...data} />
    </main>
  );
});
