import assert from "node:assert/strict";
import type { CandleView } from "../pipeline/domain/candle.ts";
import { isPartlyCovered } from "./candle_cover.ts";

Deno.test("isPartlyCovered() calls nothing partly covered that is not over", () => {
  const said = (closed: boolean, complete: boolean, coverage_ms: number) =>
    isPartlyCovered({ closed, complete, coverage_ms } as CandleView);
  assert.equal(said(true, true, 60_000), false);
  assert.equal(said(true, false, 41_000), true);
  assert.equal(said(false, false, 41_000), false);
  // A second that is over, of a minute that is not.
  assert.equal(said(true, false, 0), false);
});
