import assert from "node:assert/strict";
import type { MarketPeriod } from "./api_views.ts";
import { sessionsOf } from "./chart_input.ts";

const period = (
  from: number,
  to: number,
  state: MarketPeriod["state"],
  reason: string | null = null,
): MarketPeriod => ({ from, to, state, reason, holiday: null });

Deno.test("sessionsOf() names what is not the regular session, and nothing else", () => {
  assert.deepEqual(
    sessionsOf([
      period(0, 1, "closed", "a Sunday"),
      period(1, 2, "pre_open"),
      period(2, 3, "open"),
      period(3, 4, "open", "Muhurat"),
      period(4, 5, "unknown"),
      period(5, 6, "unknown"),
      period(8, 9, "unknown"),
    ]),
    [
      { from: 1, to: 2, name: "pre-open" },
      { from: 3, to: 4, name: "Muhurat" },
      { from: 4, to: 6, name: "hours not known" },
      { from: 8, to: 9, name: "hours not known" },
    ],
  );
});
