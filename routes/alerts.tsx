import { asset, Head } from "fresh/runtime";
import AlertList from "../islands/AlertList.tsx";
import { define } from "../web/define.ts";

export default define.page(function AlertsPage() {
  return (
    <main class="narrow">
      <Head>
        <title>Alerts · Tickhouse</title>
        <link
          key="settings.css"
          rel="stylesheet"
          href={asset("/settings.css")}
        />
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
