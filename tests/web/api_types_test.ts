/**
 * Where an answer is a type of the domain, the schema says the same in both
 * directions, which the compiler checks. Pages have theirs from the schemas.
 */
import assert from "node:assert/strict";
import type { z } from "zod";
import type { CandleView } from "../../pipeline/domain/candle.ts";
import type { ForecastView } from "../../pipeline/domain/forecast.ts";
import type { FeedState } from "../../pipeline/domain/live_event.ts";
import type { SignalView } from "../../pipeline/domain/signal.ts";
import type { SignalRecord } from "../../pipeline/domain/signal_record.ts";
import type { Audit } from "../../pipeline/ports.ts";
import type { ApiAnswer, Immutable } from "../../web/api_types.ts";
import type { candle } from "../../web/answers/candles.ts";
import type { feedState } from "../../web/answers/feed_state.ts";

type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : never : never;
type Told<Schema extends z.ZodType> = Immutable<z.output<Schema>>;

Deno.test("answers that are types of the domain are told as they are", () => {
  const same: readonly [
    Same<Told<typeof candle>, CandleView>,
    Same<Told<typeof feedState>, FeedState>,
    Same<
      ApiAnswer<"/api/forecasts">,
      { readonly forecasts: readonly ForecastView[] }
    >,
    Same<ApiAnswer<"/api/signals">, {
      readonly signals: readonly SignalView[];
      readonly record: readonly SignalRecord[];
    }>,
    Same<ApiAnswer<"/api/audit">, Audit>,
  ] = [true, true, true, true, true];
  assert.equal(same.length, 5);
});
