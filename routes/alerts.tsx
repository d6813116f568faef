import { Head } from "fresh/runtime";
import AlertList from "../islands/AlertList.tsx";
import { define } from "../web/define.ts";
import { stylesOf } from "../web/page_styles.ts";

export default define.page(function AlertsPage() {
  return (
    <main class="narrow">
      <Head>
        <title>Alerts · Tickhouse</title>
        <link key="styles" rel="stylesheet" href={stylesOf("settings")} />
      </Head>
      <h1>Alerts</h1>
      <p class="lead">
        Prices, signals and feeds that you asked to be told of, on the page of
        an instrument. They are kept in this browser only.
      </p>
      <noscript>
        <p class="notice">Alerts need scripts, which are off here.</p>
      </noscript>
      <AlertList />
    </main>
  );
});
