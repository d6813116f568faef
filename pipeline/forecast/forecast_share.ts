import type { ClaimOf } from "../forecast_ports.ts";

/** Which instruments a process forecasts. */
export interface ForecastShare {
  owns(symbol: string): boolean;
  /** What storing is fenced by; absent where no other process may forecast. */
  readonly claimOf?: ClaimOf;
  /** Resolves when more instruments have become its own, or once aborted. */
  more(signal: AbortSignal): Promise<void>;
}

/** Of a process that is alone with its stores. */
export const WHOLE_SHARE: ForecastShare = {
  owns: () => true,
  more: aborted,
};

/** Resolves once aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
