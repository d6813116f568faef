import type { ArimaModel } from "./arima_model.ts";

/** What a fit says beside the model, in R's names, signs and conventions. */
export interface ArimaEstimates {
  /** ar1…, ma1…, sar1…, sma1…, then intercept, drift. */
  readonly coef: Readonly<Record<string, number>>;
  /** From the observed information; `null` where it gives none. */
  readonly coefSe: Readonly<Record<string, number | null>>;
  /** Sum of squares over `nobs`. */
  readonly sigma2: number;
  readonly loglik: number;
  readonly aic: number;
  readonly aicc: number;
  readonly bic: number;
  /** Values that count: neither missing nor lost to differencing. */
  readonly nobs: number;
  /** The series is constant once differenced: no error, no likelihood. */
  readonly degenerate: boolean;
  readonly converged: boolean;
  /** Why the optimiser stopped. */
  readonly stop: string;
  readonly iterations: number;
}

export type ArimaFit =
  | {
    readonly kind: "fitted";
    readonly model: ArimaModel;
    readonly estimates: ArimaEstimates;
    /**
     * One-step errors in the unit of the series (n - d - s D), oldest first;
     * `NaN` where the value is missing.
     */
    readonly residuals: Float64Array;
  }
  | { readonly kind: "failed"; readonly reason: string };

export interface FitOptions {
  /** Standard errors cost about as much as the fit; on unless `false`. */
  readonly standardErrors?: boolean;
}
