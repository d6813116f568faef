import { useEffect } from "preact/hooks";
import type { StoredInterval } from "../pipeline/domain/interval.ts";
import type { ChartView } from "../chart/types.ts";
import type { InstrumentView, PriceChange } from "../components/api_views.ts";
import { ChartPane } from "../components/browser/ChartPane.tsx";
import { changeUrl } from "../components/browser/page_url.ts";
import { saveFile } from "../components/browser/save_file.ts";
import { useInstrument } from "../components/browser/use_instrument.ts";
import { useNow } from "../components/browser/use_now.ts";
import { CandleTable } from "../components/CandleTable.tsx";
import { ChartTools, fileName } from "../components/ChartTools.tsx";
import { describeQuality } from "../components/describe_quality.ts";
import { newestForecast } from "../components/forecast_parts.ts";
import { ForecastPanel } from "../components/ForecastPanel.tsx";
import { formatPrice } from "../components/format_price.ts";
import type { InstrumentState } from "../components/instrument_state.ts";
import { InstrumentHeader } from "../components/InstrumentHeader.tsx";
import type { InstrumentChoice } from "../components/InstrumentSelector.tsx";
import { IntervalLinks } from "../components/IntervalLinks.tsx";
import { PastForecastTable } from "../components/PastForecastTable.tsx";
import { SignalPanel } from "../components/SignalPanel.tsx";

export interface InstrumentLiveProps extends InstrumentState {
  readonly instrument: InstrumentView;
  readonly others: readonly InstrumentChoice[];
  readonly intervals: readonly StoredInterval[];
  readonly interval: StoredInterval;
  readonly change: PriceChange | null;
  /** Part of the history in the URL. */
  readonly view: ChartView | null;
  /** Server's clock, Unix ms. */
  readonly now: number;
}

const TABLE_ROWS = 60;

/** One instrument: price, chart, forecast and signal, kept up to date. */
export default function InstrumentLive(props: InstrumentLiveProps) {
  const { instrument } = props;
  const { symbol, zone, price_scale: decimals } = instrument;
  const { candles, minute, forecasts, models, signals, feed } = props;
  const session = useInstrument({
    symbol,
    interval: props.interval,
    state: { candles, minute, forecasts, models, signals, feed },
  });
  const { interval, link, state } = session;
  const now = useNow(session.clock, props.now);

  const choose = async (next: StoredInterval) => {
    const shown = await session.changeInterval(next);
    if (shown) changeUrl({ interval: next, slots: null, to: null }, "push");
  };

  useEffect(() => {
    const popped = () => {
      const named = new URL(location.href).searchParams.get("interval");
      const next = props.intervals.find((one) => one === named) ?? "1m";
      if (next !== session.interval) session.changeInterval(next);
    };
    addEventListener("popstate", popped);
    return () => removeEventListener("popstate", popped);
  }, []);

  useEffect(() => {
    if (state.minute === null) return;
    const price = formatPrice(state.minute.c, decimals);
    document.title = `${price} ${symbol} · Tickhouse`;
  }, [state.minute?.c]);

  const savePng = async () => {
    const png = await session.chart.chart?.exportPng();
    if (png) saveFile(png, fileName(symbol, interval, "png"));
  };

  return (
    <>
      <InstrumentHeader
        instrument={instrument}
        others={props.others}
        interval={interval}
        minute={state.minute}
        change={props.change}
        forecast={newestForecast(state.forecasts)}
        feed={state.feed}
        link={link}
        now={now}
      />
      {state.feed.session === "closed" && (
        <p class="notice session" role="note">
          <b>Market closed.</b>{" "}
          No tick is expected, and nothing is forecast until it opens.
        </p>
      )}
      <div class="instrument-grid">
        <section class="chart-panel" aria-label={`${symbol} chart`}>
          <div class="toolbar">
            <IntervalLinks
              symbol={symbol}
              intervals={props.intervals}
              interval={interval}
              loading={session.loading}
              onChoose={choose}
            />
            <ChartTools
              symbol={symbol}
              interval={interval}
              zone={zone}
              now={props.now}
              onPng={link === "loading" ? null : savePng}
            />
          </div>
          <ChartPane
            instrument={instrument}
            interval={props.interval}
            candles={candles}
            forecasts={forecasts}
            view={props.view}
            onMount={(chart) => session.mountChart(chart, props.view)}
            onNeedHistory={(beforeT) => session.loadOlder(beforeT)}
            now={() => session.clock.now()}
          />
          {session.failure !== null && (
            <p class="notice" role="alert">{session.failure}</p>
          )}
          <p class="fine">
            {interval !== "1m" &&
              "Forecasts and signals are for one-minute candles: choose 1m to see them on the chart. "}
            {describeQuality(state.candles, state.feed)}
          </p>
        </section>

        <aside>
          <ForecastPanel
            forecasts={state.forecasts}
            models={state.models}
            decimals={decimals}
            zone={zone}
            now={now}
          />
          <SignalPanel
            signals={state.signals}
            decimals={decimals}
            zone={zone}
          />
        </aside>

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
    </>
  );
}
