import { page } from "fresh";
import { Head } from "fresh/runtime";
import { toMillis } from "../pipeline/domain/time.ts";
import { StillPage } from "../components/StillPage.tsx";
import Watchlist from "../islands/Watchlist.tsx";
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
    return page({ rows, now: toMillis(at) });
  },
});

export default define.page<typeof handler>(function HomePage({ data, state }) {
  const { info } = state.services;
  const listen = info.feeds.find((feed) => feed.startsWith("listen://"));
  const seen = data.rows.some(({ last }) => last !== null);
  return (
    <main>
      <Head>
        <title>Instruments · Tickhouse</title>
        {!seen && <meta http-equiv="refresh" content="3" />}
      </Head>
      {info.simulated && (
        <p class="banner" role="note">
          <b>Simulated data.</b>{" "}
          These prices are made by a simulator{info.seed !== null &&
            <>, seed {info.seed}</>}, not by a market. They come in over TCP
          like those of any feed.
        </p>
      )}
      {!seen && <FirstSteps listen={listen} simulated={info.simulated} />}
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

/** What to do while there is nothing to show. */
function FirstSteps({ listen, simulated }: {
  readonly listen: string | undefined;
  readonly simulated: boolean;
}) {
  if (simulated) {
    return (
      <section class="panel first-steps">
        <h2>The first candles are on their way</h2>
        <p>
          The simulator is sending some hours of history at full speed. They are
          here within seconds.
        </p>
      </section>
    );
  }
  const [, host = "127.0.0.1", port = "9101"] =
    /^listen:\/\/(.+):(\d+)/.exec(listen ?? "") ?? [];
  return (
    <section class="panel first-steps">
      <h2>No tick has come yet</h2>
      {listen === undefined
        ? (
          <p>
            Feeds are dialled, none has sent a tick.{" "}
            <a href="/healthz">Health</a> says how each connection is.
          </p>
        )
        : (
          <>
            <p>
              Feeds connect to <code>{listen}</code>{" "}
              and send a tick a line. Try one from a terminal; this page looks
              again every three seconds:
            </p>
            <pre><code>{`printf '{"symbol":"DEMO","ts":%s000,"price":100.25,"volume":1}\\n' "$(date +%s)" | nc -q1 ${host} ${port}`}</code></pre>
          </>
        )}
    </section>
  );
}
