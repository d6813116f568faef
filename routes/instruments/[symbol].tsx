import { HttpError, page } from "fresh";
import { Head } from "fresh/runtime";
import { StillPage } from "../../components/StillPage.tsx";
import Alerts from "../../islands/Alerts.tsx";
import InstrumentLive from "../../islands/InstrumentLive.tsx";
import { define } from "../../web/define.ts";
import { readInstrumentPage } from "../../web/instrument_page.ts";
import { readWarehouse } from "../../web/read_warehouse.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const symbol = decodeSymbol(ctx.params.symbol);
    const data = await readWarehouse(
      readInstrumentPage(ctx.state.services, symbol, ctx.url.searchParams),
    );
    if (data === null) throw new HttpError(404);
    return page(data);
  },
});

export default define.page<typeof handler>(function Instrument(
  { data, state },
) {
  const { instrument } = data;
  return (
    <main>
      <Head>
        <title>{instrument.symbol} · Tickhouse</title>
      </Head>
      {instrument.note !== null && (
        <p
          class={state.services.info.simulated ? "banner" : "note fine"}
          role="note"
        >
          {instrument.note}
        </p>
      )}
      {instrument.auto && (
        <p class="banner" role="note">
          Registered by its first tick: decimals as seen, a round-the-clock
          calendar.
        </p>
      )}
      <StillPage />
      <InstrumentLive {...data} />
      <Alerts
        symbol={instrument.symbol}
        decimals={instrument.price_scale}
        tickSize={instrument.tick_size}
        price={data.minute?.c ?? null}
        now={data.now}
      />
    </main>
  );
});

/** A symbol may have a slash, which a path carries as `%2F`. */
function decodeSymbol(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
