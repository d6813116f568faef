import assert from "node:assert/strict";
import { CANDIDATES } from "../../pipeline/forecast/candidates.ts";
import type { FitJob } from "../../pipeline/forecast/fit_instrument.ts";
import { FitPool } from "../../pipeline/forecast/fit_pool.ts";
import { ENGINE_NAMES } from "../../pipeline/forecast/forecast_engine.ts";
import { makeCandles } from "../../pipeline/forecast/testing/make_candles.ts";
import { systemClock } from "../../pipeline/system_clock.ts";

function job(symbol: string, phi: number): FitJob {
  return {
    symbol,
    grid: { tick: 0.01, scale: 2 },
    candles: makeCandles({ n: 360, start: 0, phi, sd: 2e-3, seed: 3 }),
    window: 240,
    candidates: CANDIDATES,
    walkForward: { steps: 120, refitEvery: 10, trainMin: 30 },
  };
}

for (const engine of ENGINE_NAMES) {
  Deno.test(`FitPool fits in a Worker with the ${engine} engine, and walks forward`, async () => {
    const pool = new FitPool({ clock: systemClock, engine });
    try {
      const result = await pool.fit(job("AR1", 0.6), 0);
      assert.ok(result.kind === "fitted", JSON.stringify(result));
      const { track, failures, skills } = result.outcome;
      assert.deepEqual(failures, []);
      assert.deepEqual(
        track?.closes.map(({ candidate }) => candidate.model),
        CANDIDATES.map(({ model }) => model).filter((model) =>
          engine === "native" || model !== "auto"
        ),
        "npm arima selects no orders",
      );
      const ar = track?.closes.find(({ candidate }) =>
        candidate.model === "arima(1,1,0)"
      )?.model;
      assert.ok(ar?.kind === "arima");
      assert.ok(Math.abs(ar.phi[0] - 0.6) < 0.15, `phi is ${ar.phi[0]}`);
      const skill = skills.find(({ model }) => model === "arima(1,1,0)");
      assert.ok(skill && skill.n >= 100 && (skill.skill ?? 0) > 0.05);
    } finally {
      pool.close();
    }
  });
}

Deno.test("FitPool fits many instruments one after another, most overdue first", async () => {
  const pool = new FitPool({ clock: systemClock });
  const done: string[] = [];
  const jobs = [["first", 5], ["late", 3], ["later", 1]] as const;
  try {
    await Promise.all(jobs.map(async ([symbol, dueAt]) => {
      const result = await pool.fit(
        { ...job(symbol, 0), walkForward: null },
        dueAt,
      );
      assert.equal(result.kind, "fitted");
      done.push(symbol);
    }));
    assert.deepEqual(done, ["first", "later", "late"]);
    assert.equal(pool.replaced, 0);
  } finally {
    pool.close();
  }
});
