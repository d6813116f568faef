import { CandleSvg } from "../chart/svg.tsx";
import { chartCandle, chartOptions } from "./chart_input.ts";
import { futureForecasts, pastForecasts } from "./forecast_parts.ts";
import type { InstrumentPage } from "./instrument_state.ts";

/** The chart as a picture of the server's: all there is without scripts. */
export function FirstChart({ page }: { readonly page: InstrumentPage }) {
  const { instrument, interval } = page;
  const { forecasts } = page.state;
  const candles = page.state.candles.map(chartCandle);
  const formingT = candles.at(-1)?.t ?? 0;
  const minutes = interval === "1m";
  return (
    <CandleSvg
      {...chartOptions(instrument, interval)}
      timeZone={instrument.zone}
      candles={candles}
      past={minutes ? pastForecasts(forecasts, formingT + 1) : []}
      future={minutes ? futureForecasts(forecasts, formingT) : []}
    />
  );
}
