import { HttpError, page } from "fresh";
import { Head } from "fresh/runtime";
import { StillPage } from "../../components/StillPage.tsx";
import Alerts from "../../islands/Alerts.tsx";
import { EmptyChart } from "../../components/EmptyChart.tsx";
import {
  closedLines,
  listenerOf,
  type PasteLine,
  tickLine,
} from "../../components/first_lines.ts";
import { FirstChart } from "../../components/FirstChart.tsx";
import {
  InstrumentAside,
  InstrumentBelow,
  InstrumentNotes,
} from "../../islands/InstrumentPanels.tsx";
import InstrumentChart from "../../islands/InstrumentChart.tsx";
import PasteLines from "../../islands/PasteLines.tsx";
import InstrumentToolbar from "../../islands/InstrumentToolbar.tsx";
import InstrumentTop from "../../islands/InstrumentTop.tsx";
import type { InstrumentPage } from "../../components/instrument_state.ts";
import { define } from "../../web/define.ts";
import { readInstrumentPage, readPictured } from "../../web/instrument_page.ts";
import type { ProgramInfo } from "../../web/services.ts";
import { stylesOf } from "../../web/page_styles.ts";
import { readWarehouse } from "../../web/read_warehouse.ts";

export const handler = define.handlers({
  async GET(ctx) {
    const symbol = decodeSymbol(ctx.params.symbol);
    const { services } = ctx.state;
    const shown = await readWarehouse(
      readInstrumentPage(services, symbol, ctx.url.searchParams),
    );
    if (shown === null) throw new HttpError(404);
    const pictured = await readWarehouse(readPictured(services, shown));
    return page({ shown, pictured });
  },
});

export default define.page<typeof handler>(function Instrument(
  { data: { shown, pictured }, state },
) {
  const { instrument } = shown;
  const { info } = state.services;
  return (
    <main>
      <Head>
        <title>{instrument.symbol} · Tickhouse</title>
        <link key="styles" rel="stylesheet" href={stylesOf("instrument")} />
      </Head>
      {instrument.note !== null && (
        <p
          class={info.simulated ? "banner" : "note fine"}
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
      <InstrumentTop page={shown} />
      <div class="instrument-grid">
        <section class="chart-panel" aria-label={`${instrument.symbol} chart`}>
          <InstrumentToolbar page={shown} />
          <div class="chart-host">
            <FirstChart page={shown} candles={pictured} />
            {pictured.length === 0 && (
              <EmptyChart symbol={instrument.symbol}>
                <PasteLines lines={nextLines(shown, info)} />
              </EmptyChart>
            )}
            <InstrumentChart page={shown} />
          </div>
          <InstrumentNotes page={shown} />
        </section>
        <aside>
          <InstrumentAside page={shown} />
          <Alerts
            symbol={instrument.symbol}
            decimals={instrument.price_scale}
            tickSize={instrument.tick_size}
            price={shown.state.minute?.c ?? null}
            now={shown.now}
          />
        </aside>
        <InstrumentBelow page={shown} />
      </div>
    </main>
  );
});

/** What to do about an instrument that has no candle. */
function nextLines(
  { instrument: { symbol }, state }: InstrumentPage,
  { feeds, simulated, feedToken = false }: ProgramInfo,
): readonly PasteLine[] {
  if (simulated) return [];
  // A tick of now would be refused.
  if (state.feed.session === "closed") return closedLines(feeds, symbol);
  const listener = listenerOf(feeds);
  return listener === null ? [] : [tickLine(listener, symbol, feedToken)];
}

/** A symbol may have a slash, which a path carries as `%2F`. */
function decodeSymbol(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
