import type { MarketPeriod } from "../api_views.ts";
import { requestPeriods } from "./instrument_requests.ts";

/** What is asked for ahead, so that not every moment is. */
const AHEAD_MS = 86_400_000;

interface Known {
  readonly from: number;
  readonly to: number;
  readonly periods: readonly MarketPeriod[];
}

/** When an instrument traded: each stretch of time is asked for once. */
export class KnownPeriods {
  #known: Known | null = null;

  constructor(private readonly symbol: string) {}

  /** All that is known, once [from, to) is. */
  async reach(from: number, to: number): Promise<readonly MarketPeriod[]> {
    const known = this.#known ?? { from: to, to, periods: [] };
    const reached = to > known.to || this.#known === null
      ? to + AHEAD_MS
      : known.to;
    const [before, after] = await Promise.all([
      requestPeriods(this.symbol, from, known.from),
      requestPeriods(this.symbol, known.to, reached),
    ]);
    // Another call may have been answered meanwhile.
    if (known === this.#known || this.#known === null) {
      this.#known = {
        from: Math.min(from, known.from),
        to: reached,
        periods: [...before, ...known.periods, ...after],
      };
    }
    return this.#known.periods;
  }
}
