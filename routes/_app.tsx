import type { PageProps } from "fresh";
import { asset } from "fresh/runtime";
import { Footer } from "../components/Footer.tsx";
import Shell from "../islands/Shell.tsx";
import { stylesOf } from "../web/page_styles.ts";
import { knownOutages } from "../web/known_outages.ts";
import { readBalance } from "../web/read_balance.ts";
import type { State } from "../web/services.ts";
import { isKnown, isSignedIn } from "../web/sign_in.ts";

/** The document around every page. */
export default async function App(
  { Component, state, req, url, error }: PageProps<unknown, State>,
) {
  const { services } = state;
  const { info } = services;
  const known = isKnown(services, req.headers);
  // An error's page says itself what does not work.
  const [audit, outage] = await Promise.all([
    known ? readBalance(services) : null,
    knownOutages(services, req),
  ]);
  const sum = (key: "applied" | "rejected") =>
    audit?.partitions.reduce((total, one) => total + one[key], 0) ?? 0;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="dark light" />
        <meta
          name="description"
          content="Live candles and next-minute forecasts, with their record"
        />
        <title>Tickhouse</title>
        <meta
          name="theme-color"
          media="(prefers-color-scheme: dark)"
          content="#0a0e12"
        />
        <meta
          name="theme-color"
          media="(prefers-color-scheme: light)"
          content="#f3f5f7"
        />
        <link rel="icon" href={asset("/icon.svg")} type="image/svg+xml" />
        <link rel="apple-touch-icon" href={asset("/apple-touch-icon.png")} />
        <link rel="manifest" href={asset("/manifest.webmanifest")} />
        {/* Before the styles, as a script waits for those that come before it. */}
        <script src={asset("/theme.js")}></script>
        <link key="styles" rel="stylesheet" href={stylesOf("common")} />
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <Shell
          path={url.pathname}
          simulated={info.simulated
            ? `Prices are made by a simulator${
              info.seed === null ? "" : `, seed ${info.seed}`
            }, not by a market`
            : null}
          outage={known ? outage : null}
          saysOutage={Boolean(error)}
        />
        <div id="main">
          <Component />
        </div>
        {known && (
          <Footer
            balance={audit === null ? null : {
              balanced: audit.balanced,
              unaccounted: audit.ticks_unaccounted,
              applied: sum("applied"),
              rejected: sum("rejected"),
            }}
            stores={`${info.buffer}; ${info.warehouse}.`}
            signedIn={isSignedIn(services, req.headers)}
          />
        )}
      </body>
    </html>
  );
}
