import assert from "node:assert/strict";
import type { ForecastView } from "../pipeline/domain/forecast.ts";
import { futureForecasts, MINUTE_MS } from "./forecast_parts.ts";

const EDGE = 100 * MINUTE_MS;

function made(edge: number, horizon: number, afterMs: number): ForecastView {
  const t = edge + (horizon - 1) * MINUTE_MS;
  return { t, horizon, made_at: edge + afterMs } as ForecastView;
}

Deno.test("futureForecasts() are those of the newest edge, made at once or not", () => {
  const older = [1, 2, 3].map((h) => made(EDGE - MINUTE_MS, h, 200));
  const newest = [1, 2, 3].map((h) => made(EDGE, h, h === 1 ? 200 : 240));
  const all = [...older, ...newest].sort((a, b) =>
    a.t - b.t || a.horizon - b.horizon
  );
  assert.deepEqual(futureForecasts(all, EDGE), newest);
  assert.deepEqual(
    futureForecasts(all, EDGE + MINUTE_MS),
    newest.slice(1),
    "a minute that is over is the past",
  );
  assert.deepEqual(futureForecasts([], EDGE), []);
});
