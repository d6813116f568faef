/** Candles and forecasts for the benchmark: seeded, the same for every chart. */

import type {
  ChartCandle,
  ChartMark,
  FutureForecast,
  PastForecast,
} from "../../chart/types.ts";

export const MINUTE_MS = 60_000;
/** Minutes of a session of the NSE. */
const SESSION = 375;
const DAY_MS = 86_400_000;
/** 2026-11-18 03:45 UTC is 09:15 in Mumbai. */
const LAST_OPEN = Date.UTC(2026, 10, 18, 3, 45);

export interface Market {
  /** The last one is forming. */
  readonly candles: ChartCandle[];
  readonly past: PastForecast[];
  readonly future: FutureForecast[];
  readonly marks: ChartMark[];
  /** The next price of the forming candle. */
  tick(): ChartCandle;
  /** Closes the forming candle and opens the next. */
  next(): ChartCandle;
}

/** Seeded, so that every run draws the same. */
function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** `count` one-minute candles that end in the last session, closed hours left out. */
export function marketOf(count: number): Market {
  const random = randoms(7);
  const step = () => Math.round((random() + random() - 1) * 8 * 20) / 20;
  const candles: ChartCandle[] = [];
  let price = 24_000;
  for (let i = 0; i < count; i++) {
    const back = count - 1 - i;
    const day = Math.floor(back / SESSION);
    const minute = SESSION - 1 - back % SESSION;
    const t = LAST_OPEN - day * DAY_MS + minute * MINUTE_MS;
    const o = price;
    price += step();
    candles.push({
      t,
      o,
      h: Math.max(o, price) + random() * 4,
      l: Math.min(o, price) - random() * 4,
      c: price,
      v: Math.round(20_000 + random() * 150_000),
      closed: i < count - 1,
    });
  }
  const bandOf = (c: number, spread: number) => ({
    c,
    lo95: c - 2 * spread,
    hi95: c + 2 * spread,
    lo80: c - 1.28 * spread,
    hi80: c + 1.28 * spread,
  });
  const last = candles[count - 1];
  const future = Array.from({ length: 15 }, (_, k): FutureForecast => {
    const c = last.c + k * 0.5;
    const spread = 6 * Math.sqrt(k + 1);
    return {
      t: last.t + (k + 1) * MINUTE_MS,
      o: c - 0.5,
      h: c + 4,
      l: c - 4,
      ...bandOf(c, spread),
      lo50: c - 0.67 * spread,
      hi50: c + 0.67 * spread,
    };
  });
  const marks = candles.filter((_, i) => i % 17 === 0).map((
    { t, c },
    i,
  ): ChartMark => ({
    t,
    side: i % 2 === 0 ? "BUY" : "SELL",
    price: c,
    title: "60 % sure",
  }));
  let forming = last;
  return {
    candles,
    past: candles.map(({ t, o }) => ({ t, ...bandOf(o + step() / 2, 6) })),
    future,
    marks,
    tick() {
      const c = Math.max(
        candles[0].c * 0.5,
        Math.round((forming.c + step() / 4) * 20) / 20,
      );
      forming = {
        ...forming,
        c,
        h: Math.max(forming.h, c),
        l: Math.min(forming.l, c),
        v: forming.v + 75,
      };
      return forming;
    },
    next() {
      const { t, c } = forming;
      forming = { t: t + MINUTE_MS, o: c, h: c, l: c, c, v: 0, closed: false };
      return forming;
    },
  };
}
