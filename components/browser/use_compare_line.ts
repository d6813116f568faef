import { useEffect } from "preact/hooks";
import type { Interval } from "../../pipeline/domain/interval.ts";
import type { InstrumentSession } from "./instrument_session.ts";
import { requestFrom } from "./instrument_requests.ts";

const ASK_EVERY_MS = 5_000;

/**
 * Draws another instrument's closes over the candles, as far back as those go.
 *
 * @param symbol `null` for none.
 */
export function useCompareLine(
  session: InstrumentSession,
  symbol: string | null,
  interval: Interval,
): void {
  useEffect(() => {
    if (symbol === null) return;
    let open = true;
    let asking = false;
    let oldest = Infinity;
    const closes = new Map<number, number>();
    const ask = async () => {
      const { chart } = session;
      if (asking || document.hidden || chart.isEmpty) return;
      asking = true;
      try {
        // All of it once more candles are there, the newest two otherwise.
        const older = chart.oldest < oldest;
        const newest = [...closes.keys()].at(-2);
        const from = older || newest === undefined ? chart.oldest : newest;
        const candles = await requestFrom({ symbol, interval }, from);
        if (!open) return;
        if (older) closes.clear();
        oldest = Math.min(oldest, from);
        for (const { t, c } of candles) closes.set(t, c);
        chart.chart?.setLines([{
          name: symbol,
          kind: "compare",
          points: [...closes].map(([t, value]) => ({ t, value })),
        }]);
      } finally {
        asking = false;
      }
    };
    const askQuietly = () => ask().catch(() => {}); // the next turn asks again
    askQuietly();
    const timer = setInterval(askQuietly, ASK_EVERY_MS);
    return () => {
      open = false;
      clearInterval(timer);
      session.chart.chart?.setLines([]);
    };
  }, [symbol, interval]);
}
