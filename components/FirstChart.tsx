import type { CandleView } from "../pipeline/domain/candle.ts";
import { CandleSvg } from "../chart/svg.tsx";
import { chartCandle, chartOptions } from "./chart_input.ts";
import { futureForecasts, pastForecasts } from "./forecast_parts.ts";
import type { InstrumentPage } from "./instrument_state.ts";

/** The chart as a picture of the server's: all there is without scripts. */
export function FirstChart({ page, candles }: {
  readonly page: InstrumentPage;
  /** Of the part of the history that was asked for. */
  readonly candles: readonly CandleView[];
}) {
  const { instrument, interval } = page;
  const { forecasts } = page.state;
  const shownTo = candles.at(-1)?.t ?? 0;
  const newest = shownTo === (page.state.candles.at(-1)?.t ?? 0);
  const minutes = interval === "1m";
  return (
    <CandleSvg
      {...chartOptions(instrument, interval)}
      timeZone={instrument.zone}
      candles={candles.map(chartCandle)}
      past={minutes ? pastForecasts(forecasts, shownTo + 1) : []}
      future={minutes && newest ? futureForecasts(forecasts, shownTo) : []}
    />
  );
}
