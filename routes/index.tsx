import { page } from "fresh";
import { Head } from "fresh/runtime";
import { toMillis } from "../pipeline/domain/time.ts";
import { pinnedFromCookie } from "../components/pinned.ts";
import { StillPage } from "../components/StillPage.tsx";
import { ClosedMarkets } from "../components/ClosedMarkets.tsx";
import { watchRowOf } from "../components/watch_row.ts";
import { viewFromQuery } from "../components/watch_view.ts";
import { closedLines } from "../components/first_lines.ts";
import FirstSteps from "../islands/FirstSteps.tsx";
import PasteLines from "../islands/PasteLines.tsx";
import Watchlist from "../islands/Watchlist.tsx";
import { closedMarkets } from "../web/closed_markets.ts";
import { define } from "../web/define.ts";
import { readOverview } from "../web/overview.ts";
import { stylesOf } from "../web/page_styles.ts";
import { readWarehouse } from "../web/read_warehouse.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const { services } = ctx.state;
    const { at, instruments, sparks } = await readWarehouse(
      readOverview(services),
    );
    const seen = instruments.some(({ last }) => last !== null);
    const tells = !seen && services.info.seed === null;
    return page({
      seen,
      begun: tells ? await services.system().catch(() => null) : null,
      rows: instruments.map((one) =>
        watchRowOf(one, sparks.get(one.symbol) ?? [])
      ),
      notes: instruments.filter(({ note }) => note !== null),
      view: viewFromQuery(ctx.url.searchParams),
      pinned: pinnedFromCookie(ctx.req.headers.get("cookie")),
      closed: closedMarkets(
        services,
        instruments.map(({ feed }) => feed),
      ),
      now: toMillis(at),
    });
  },
});

export default define.page<typeof handler>(function HomePage({ data, state }) {
  const { info } = state.services;
  const { seen, begun, rows, notes, view, pinned, closed, now } = data;
  return (
    <main>
      <Head>
        <title>Instruments · Tickhouse</title>
        <link key="styles" rel="stylesheet" href={stylesOf("watchlist")} />
      </Head>
      {info.simulated && (
        <p class="banner" role="note">
          <b>Simulated data.</b>{" "}
          These prices are made by a simulator{info.seed !== null &&
            <>, seed {info.seed}</>}, not by a market. They come in over TCP
          like those of any feed.
        </p>
      )}
      {!seen && (
        <FirstSteps
          feeds={info.feeds}
          simulating={info.seed !== null}
          simulated={info.simulated}
          token={info.feedToken ?? false}
          view={begun}
        />
      )}
      <ClosedMarkets markets={closed} seen={seen}>
        {!info.simulated && closed.length > 0 && (
          <PasteLines lines={closedLines(info.feeds, closed[0].symbol)} />
        )}
      </ClosedMarkets>
      <StillPage />
      {rows.length > 0 && (
        <Watchlist rows={rows} view={view} pinned={pinned} now={now} />
      )}
      {notes.length > 0 && (
        <section class="notes" aria-label="Notes">
          {notes.map(({ symbol, note }) => (
            <p key={symbol} class="fine">
              <b>{symbol}</b>: {note}
            </p>
          ))}
        </section>
      )}
    </main>
  );
});
