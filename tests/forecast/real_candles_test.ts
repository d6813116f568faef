import assert from "node:assert/strict";
import { CANDIDATES } from "../../pipeline/forecast/candidates.ts";
import { fitTrack } from "../../pipeline/forecast/fit_track.ts";
import { NATIVE_ENGINE } from "../../pipeline/forecast/native_engine.ts";
import {
  advanceTrack,
  forecastCandles,
  type PriceGrid,
} from "../../pipeline/forecast/ohlc_model.ts";
import {
  type CloseScore,
  scoreClose,
  summarizeSkill,
} from "../../pipeline/forecast/scoring.ts";
import type { CandleFloats } from "../../pipeline/forecast/training_series.ts";
import { marketDataTest, readCsv } from "../harness/market_data.ts";

const WINDOW = 240;
const REFIT_EVERY = 15;

async function candlesOf(dir: string, path: string): Promise<CandleFloats[]> {
  const rows = await readCsv(dir, path);
  return rows.map((row) => ({
    t: Number(row.ts_ms) * 1_000,
    end: (Number(row.ts_ms) + 60_000) * 1_000,
    open: Number(row.open),
    high: Number(row.high),
    low: Number(row.low),
    close: Number(row.close),
    whole: true,
  }));
}

interface Measured {
  readonly close: CloseScore;
  readonly variance: number;
  /** Squared errors of high and low, and of the candle before as a forecast. */
  readonly range: number;
  readonly rangeNaive: number;
}

/** Forecasts one minute ahead as it is done live, refitting now and then. */
function forecastAll(
  candles: readonly CandleFloats[],
  grid: PriceGrid,
): ReadonlyMap<string, readonly Measured[]> {
  const measured = new Map<string, Measured[]>(
    CANDIDATES.map(({ model }) => [model, []]),
  );
  for (let from = WINDOW; from < candles.length; from += REFIT_EVERY) {
    const { track: fitted } = fitTrack(
      { close: NATIVE_ENGINE, range: NATIVE_ENGINE },
      candles.slice(from - WINDOW, from),
      CANDIDATES,
    );
    assert.ok(fitted);
    let track = fitted;
    for (const candle of candles.slice(from, from + REFIT_EVERY)) {
      const next = advanceTrack(track, candle);
      for (const close of track.closes) {
        const [one] = forecastCandles(track, close, 1, grid);
        assert.ok(one.low <= Math.min(one.open, one.close));
        assert.ok(one.high >= Math.max(one.open, one.close));
        const last = track.last;
        if (!next.joined) continue;
        measured.get(close.candidate.model)?.push({
          close: scoreClose({ ...one, last: last.close }, candle.close),
          variance: close.variance,
          range: (one.high - candle.high) ** 2 + (one.low - candle.low) ** 2,
          rangeNaive: (last.high - candle.high) ** 2 +
            (last.low - candle.low) ** 2,
        });
      }
      track = next;
    }
  }
  return measured;
}

const MARKETS = [
  ["nifty50_1m_2024/candles.csv.gz", { tick: 0.05, scale: 2 }],
  ["cme_6eh4_1m_202401/candles.csv.gz", { tick: 0.00005, scale: 5 }],
  ["fxcm_usdjpy_1m_201302/candles_bid.csv.gz", { tick: 0.001, scale: 3 }],
] as const;

for (const [path, grid] of MARKETS) {
  marketDataTest(
    `forecasts of ${path} are valid, cover 95 %, and have no skill in the close`,
    async (dir) => {
      const candles = (await candlesOf(dir, path)).slice(0, WINDOW + 1_500);
      for (const [model, all] of forecastAll(candles, grid)) {
        assert.ok(all.length > 1_000, `${model}: ${all.length}`);
        const skill = summarizeSkill(
          { symbol: "X", model, source: "walk_forward" },
          all.map(({ close }) => close),
        );
        const covered = skill.coverage95 ?? 0;
        assert.ok(Math.abs(covered - 0.95) < 0.025, `${model}: ${covered}`);
        const turbulent = all.toSorted((a, b) => b.variance - a.variance)
          .slice(0, all.length / 3);
        const inside = turbulent.filter(({ close }) => close.inside95).length /
          turbulent.length;
        assert.ok(inside > 0.92, `${model}, turbulent: ${inside}`);
        // More would be a leak: nothing beats "no change" on liquid minutes;
        // a large model that is fitted to the full loses to it.
        const gain = skill.skill ?? 1;
        assert.ok(gain < 0.04 && gain > -0.1, `${model}: ${gain}`);
        const sum = (of: (one: Measured) => number) =>
          all.reduce((total, one) => total + of(one), 0);
        const range = Math.sqrt(
          sum(({ range }) => range) / sum(({ rangeNaive }) => rangeNaive),
        );
        assert.ok(range < 0.95, `${model}, high and low: ${range}`);
      }
    },
  );
}
