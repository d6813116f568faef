/**
 * What the schemas say is what pages read: types that are the same in both
 * directions, which the compiler checks.
 */
import assert from "node:assert/strict";
import type { z } from "zod";
import type {
  ForecastsAnswer,
  GapsAnswer,
  InstrumentNow,
  MarketHours,
  ModelsAnswer,
  QualityView,
  ReliabilityView,
  SignalsAnswer,
  Snapshot,
} from "../../components/api_views.ts";
import type { SystemView } from "../../components/system_view.ts";
import type { CandleView } from "../../pipeline/domain/candle.ts";
import type { FeedState } from "../../pipeline/domain/live_event.ts";
import type { Audit } from "../../pipeline/ports.ts";
import type { ApiAnswer, Immutable } from "../../web/api_types.ts";
import type { candle } from "../../web/answers/candles.ts";
import type { feedState } from "../../web/answers/feed_state.ts";
import type { streamEvents } from "../../web/answers/stream.ts";

type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : never : never;
type Told<Schema extends z.ZodType> = Immutable<z.output<Schema>>;

Deno.test("the types of answers are those that pages read", () => {
  const same: readonly [
    Same<Told<typeof candle>, CandleView>,
    Same<Told<typeof feedState>, FeedState>,
    Same<Told<typeof streamEvents.snapshot>, Snapshot>,
    Same<ApiAnswer<"/api/forecasts">, ForecastsAnswer>,
    Same<ApiAnswer<"/api/models">, ModelsAnswer>,
    Same<ApiAnswer<"/api/signals">, SignalsAnswer>,
    Same<ApiAnswer<"/api/gaps">, GapsAnswer>,
    Same<ApiAnswer<"/api/quality">, QualityView>,
    Same<ApiAnswer<"/api/calendar">, MarketHours>,
    Same<ApiAnswer<"/api/reliability">, ReliabilityView>,
    Same<ApiAnswer<"/api/system">, SystemView>,
    Same<ApiAnswer<"/api/audit">, Audit>,
    Same<
      ApiAnswer<"/api/instruments">,
      { readonly instruments: readonly InstrumentNow[] }
    >,
  ] = [
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
  ];
  assert.equal(same.length, 13);
});
