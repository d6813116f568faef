import { Head } from "fresh/runtime";
import SettingsForm from "../islands/SettingsForm.tsx";
import { settingsFromQuery } from "../components/browser/settings.ts";
import { define } from "../web/define.ts";
import { stylesOf } from "../web/page_styles.ts";

export default define.page(function SettingsPage({ url }) {
  return (
    <main class="narrow">
      <Head>
        <title>Settings · Tickhouse</title>
        <link key="styles" rel="stylesheet" href={stylesOf("settings")} />
      </Head>
      <h1>Settings</h1>
      <p class="lead">
        They are kept in this browser: there is no account, and the server does
        not learn them. A link carries them to another browser.
      </p>
      <noscript>
        <p class="notice">
          Choosing needs scripts, which are off here. Without them the page
          follows the system’s theme, shows up in teal and down in red, and
          times in the exchange’s zone.
        </p>
      </noscript>
      <SettingsForm carried={settingsFromQuery(url.searchParams)} />
      <p class="fine">
        <a href="/alerts">Alerts</a>: the prices, signals and feeds that you
        asked to be told of, and what fired.
      </p>
    </main>
  );
});
