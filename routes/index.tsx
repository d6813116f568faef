import { page } from "fresh";
import { Head } from "fresh/runtime";
import { toMillis } from "../pipeline/domain/time.ts";
import { StillPage } from "../components/StillPage.tsx";
import { ClosedMarkets } from "../components/ClosedMarkets.tsx";
import FirstSteps from "../islands/FirstSteps.tsx";
import Watchlist from "../islands/Watchlist.tsx";
import { closedMarkets } from "../web/closed_markets.ts";
import { define } from "../web/define.ts";
import { readOverview } from "../web/overview.ts";
import { readWarehouse } from "../web/read_warehouse.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const { at, instruments, sparks } = await readWarehouse(
      readOverview(ctx.state.services),
    );
    const rows = instruments.map((one) => ({
      ...one,
      spark: sparks.get(one.symbol) ?? [],
    }));
    const closed = closedMarkets(
      ctx.state.services,
      rows.map(({ feed }) => feed),
    );
    return page({ rows, closed, now: toMillis(at) });
  },
});

export default define.page<typeof handler>(function HomePage({ data, state }) {
  const { info } = state.services;
  const seen = data.rows.some(({ last }) => last !== null);
  return (
    <main>
      <Head>
        <title>Instruments · Tickhouse</title>
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
        />
      )}
      <ClosedMarkets markets={data.closed} seen={seen} />
      <StillPage />
      {data.rows.length > 0 && <Watchlist rows={data.rows} now={data.now} />}
      {data.rows.some(({ note }) => note !== null) && (
        <section class="notes" aria-label="Notes">
          {data.rows.filter(({ note }) =>
            note !== null
          ).map((one) => (
            <p key={one.symbol} class="fine">
              <b>{one.symbol}</b>: {one.note}
            </p>
          ))}
        </section>
      )}
    </main>
  );
});
