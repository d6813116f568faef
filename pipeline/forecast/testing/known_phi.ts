import { arimaSpec, type ForecastEngine } from "../forecast_engine.ts";
import { NATIVE_ENGINE } from "../native_engine.ts";

/**
 * Knows the coefficient of an autoregression of the differences rather than
 * estimating it; other orders are fitted without their ARMA part.
 */
export function knownPhi(phi: number): ForecastEngine {
  return {
    ...NATIVE_ENGINE,
    id: "known-phi",
    select: undefined,
    fit(series, spec) {
      const [p, d] = spec.order;
      if (p === 0 || d === 0) {
        return NATIVE_ENGINE.fit(series, { ...spec, order: [0, d, 0] });
      }
      const n = series.length;
      const change = (t: number) => t > 0 ? series[t] - series[t - 1] : 0;
      return {
        kind: "fitted",
        model: {
          kind: "arima",
          spec: arimaSpec({ order: [1, 1, 0], mean: false }),
          phi: [phi],
          theta: [],
          delta: [1],
          sigma2: 1e-6,
          center: 0,
          slope: 0,
          state: [phi * change(n - 1)],
          levels: [series[n - 1]],
          covariance: null,
        },
        residuals: Float64Array.from(
          { length: n - 1 },
          (_, t) => change(t + 1) - phi * change(t),
        ),
      };
    },
  };
}
