import type { EpochMicros } from "../domain/time.ts";
import { checkMinutes, type MinutesReport } from "./check_minutes.ts";
import {
  type TickCandleQuery,
  TickCandles,
  type TickCandlesFound,
  type TickCandlesOptions,
} from "./tick_candles.ts";

/** A check is under way: another would only make both slower. */
export class CheckUnderWayError extends Error {
  override name = "CheckUnderWayError";
}

/** What can be told from ticks that are kept. */
export interface TickHistory {
  /** @throws {TooManyTicksError} If it would cost too much. */
  candles(query: TickCandleQuery): Promise<TickCandlesFound>;
  /**
   * Compares the minutes of [from, to) with their ticks; `null` if the
   * instrument is unknown.
   *
   * @throws {CheckUnderWayError} If there is another one.
   * @throws {TooManyTicksError} If it would cost too much.
   */
  check(range: {
    readonly symbol: string;
    readonly from: EpochMicros;
    readonly to: EpochMicros;
    readonly signal?: AbortSignal;
  }): Promise<MinutesReport | null>;
}

export function tickHistory(options: TickCandlesOptions): TickHistory {
  const short = new TickCandles(options);
  let checking = false;
  return {
    candles: (query) => short.candles(query),
    async check(range) {
      if (checking) {
        throw new CheckUnderWayError(
          "Cannot check candles as another check is under way",
        );
      }
      checking = true;
      try {
        return await checkMinutes(options, range);
      } finally {
        checking = false;
      }
    },
  };
}
