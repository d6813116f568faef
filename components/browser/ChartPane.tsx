import { memo } from "../memo.ts";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { CandleView } from "../../pipeline/domain/candle.ts";
import type { ForecastView } from "../../pipeline/domain/forecast.ts";
import {
  nominalMicros,
  type StoredInterval,
} from "../../pipeline/domain/interval.ts";
import { mountCandleChart, themeFor } from "../../chart/candle_chart.ts";
import { CandleSvg } from "../../chart/svg.tsx";
import type { CandleChart, ChartView } from "../../chart/types.ts";
import { levelsOf } from "../alerts.ts";
import type { InstrumentView } from "../api_views.ts";
import { chartCandle } from "../chart_input.ts";
import { futureForecasts, pastForecasts } from "../forecast_parts.ts";
import { watchAlerts } from "./alerts.ts";
import { ViewInUrl } from "./page_url.ts";
import { watchTheme } from "./watch_theme.ts";

export interface ChartPaneProps {
  readonly instrument: InstrumentView;
  readonly interval: StoredInterval;
  readonly candles: readonly CandleView[];
  readonly forecasts: readonly ForecastView[];
  /** Part of the history that the address names. */
  readonly view: ChartView | null;
  readonly onMount: (chart: CandleChart) => void;
  readonly onNeedHistory: (beforeT: number) => void;
  /** Now, in Unix ms, as the server has it. */
  readonly now: () => number;
}

/** The server's picture, then the chart in its place; rendered only once. */
export const ChartPane = memo((props: ChartPaneProps) => {
  const host = useRef<HTMLDivElement>(null);
  const { instrument, interval, forecasts, view } = props;
  const candles = props.candles.map(chartCandle);
  const formingT = candles.at(-1)?.t ?? 0;
  const options = {
    intervalMs: nominalMicros(interval) / 1_000,
    symbol: instrument.symbol,
    timeZone: instrument.zone,
    priceDecimals: instrument.price_scale,
    tickSize: Number(instrument.tick_size),
  };
  useLayoutEffect(() => {
    const address = new ViewInUrl(view);
    const chart = mountCandleChart(host.current!, {
      ...options,
      now: props.now,
      view: view ?? undefined,
      onNeedHistory: props.onNeedHistory,
      onViewChange: (view) => address.show(view),
    });
    chart.setHistory(candles);
    const stop = watchTheme((theme) => chart.setTheme(themeFor(theme)));
    const stopLevels = watchAlerts((alerts) =>
      chart.setLevels(levelsOf(alerts, instrument.symbol))
    );
    props.onMount(chart);
    return () => {
      address.close();
      stop();
      stopLevels();
      chart.destroy();
    };
  }, []);
  return (
    <div class="tc-host chart-host" ref={host}>
      <CandleSvg
        {...options}
        candles={candles}
        past={interval === "1m" ? pastForecasts(forecasts, formingT + 1) : []}
        future={interval === "1m" ? futureForecasts(forecasts, formingT) : []}
      />
    </div>
  );
}, () => true);
