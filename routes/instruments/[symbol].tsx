import { HttpError, page } from "fresh";
import { asset, Head } from "fresh/runtime";
import { StillPage } from "../../components/StillPage.tsx";
import Alerts from "../../islands/Alerts.tsx";
import { FirstChart } from "../../components/FirstChart.tsx";
import {
  InstrumentAside,
  InstrumentBelow,
  InstrumentNotes,
} from "../../islands/InstrumentPanels.tsx";
import InstrumentChart from "../../islands/InstrumentChart.tsx";
import InstrumentToolbar from "../../islands/InstrumentToolbar.tsx";
import InstrumentTop from "../../islands/InstrumentTop.tsx";
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
        <link
          key="instrument.css"
          rel="stylesheet"
          href={asset("/instrument.css")}
        />
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
      <InstrumentTop page={data} />
      <div class="instrument-grid">
        <section class="chart-panel" aria-label={`${instrument.symbol} chart`}>
          <InstrumentToolbar page={data} />
          <div class="chart-host">
            <FirstChart page={data} />
            <InstrumentChart page={data} />
          </div>
          <InstrumentNotes page={data} />
        </section>
        <aside>
          <InstrumentAside page={data} />
        </aside>
        <InstrumentBelow page={data} />
      </div>
      <Alerts
        symbol={instrument.symbol}
        decimals={instrument.price_scale}
        tickSize={instrument.tick_size}
        price={data.state.minute?.c ?? null}
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
