import type { ForecastEngine } from "./forecast_engine.ts";
import { NATIVE_ENGINE } from "./native_engine.ts";

/** Leaves out the ARMA part of every order: fast enough for any thread. */
export const BASELINE_ENGINE: ForecastEngine = {
  ...NATIVE_ENGINE,
  id: "baseline",
  select: undefined,
  fit: (series, { order: [, d], mean }) =>
    NATIVE_ENGINE.fit(series, { order: [0, d, 0], mean }),
};
