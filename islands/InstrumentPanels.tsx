import { useInstrument } from "../components/browser/use_instrument.ts";
import { useNow } from "../components/browser/use_now.ts";
import { useZone } from "../components/browser/use_zone.ts";
import { CandleTable } from "../components/CandleTable.tsx";
import { describeQuality } from "../components/describe_quality.ts";
import { ForecastPanel } from "../components/ForecastPanel.tsx";
import type { InstrumentPage } from "../components/instrument_state.ts";
import { PastForecastTable } from "../components/PastForecastTable.tsx";
import { QualityPanel } from "../components/QualityPanel.tsx";
import { SignalList } from "../components/SignalList.tsx";
import { SignalPanel } from "../components/SignalPanel.tsx";

const TABLE_ROWS = 60;

/** Beside the chart: what is forecast, and what to make of it. */
export function InstrumentAside({ page }: { readonly page: InstrumentPage }) {
  const { clock, state } = useInstrument(
    page,
    ({ state }) => [
      state.forecasts,
      state.models,
      state.reliability,
      state.signals,
    ],
  );
  const now = useNow(clock, page.now);
  const zone = useZone(page.instrument);
  const decimals = page.instrument.price_scale;
  return (
    <>
      <ForecastPanel
        forecasts={state.forecasts}
        models={state.models}
        reliability={state.reliability}
        decimals={decimals}
        zone={zone}
        now={now}
      />
      <SignalPanel signals={state.signals} zone={zone} now={now} />
    </>
  );
}

/** Under the chart: what it does not show, and what it rests on. */
export function InstrumentNotes({ page }: { readonly page: InstrumentPage }) {
  const { state, interval, failure } = useInstrument(
    page,
    ({ state, interval, failure }) => [
      state.candles,
      state.feed,
      interval,
      failure,
    ],
  );
  return (
    <>
      {failure !== null && <p class="notice" role="alert">{failure}</p>}
      <p class="fine">
        {interval !== "1m" &&
          "Forecasts and signals are for one-minute candles: choose 1m to see them on the chart. "}
        {describeQuality(state.candles, state.feed)}
      </p>
    </>
  );
}

/** Below the chart: what came of the forecasts, and the candles as text. */
export function InstrumentBelow({ page }: { readonly page: InstrumentPage }) {
  const { state } = useInstrument(
    page,
    ({ state }) => [
      state.forecasts,
      state.candles,
      state.signals,
      state.quality,
    ],
  );
  const zone = useZone(page.instrument);
  const decimals = page.instrument.price_scale;
  return (
    <div class="below">
      <SignalList signals={state.signals} decimals={decimals} zone={zone} />
      <QualityPanel quality={state.quality} zone={zone} />
      <section class="panel past" aria-labelledby="past-title">
        <h2 id="past-title">Past forecasts against what came</h2>
        <PastForecastTable
          forecasts={state.forecasts}
          decimals={decimals}
          zone={zone}
        />
      </section>
      <details class="panel rows">
        <summary>The last {TABLE_ROWS} candles as a table</summary>
        <CandleTable
          candles={state.candles}
          decimals={decimals}
          zone={zone}
          limit={TABLE_ROWS}
        />
      </details>
    </div>
  );
}
