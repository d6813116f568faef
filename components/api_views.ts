/**
 * What the API answers, as the pages and the browser read it: names for parts
 * of the schemas in `web/answers/`, which say what each field means.
 */
import type { ApiAnswer, StreamData } from "../web/api_types.ts";

/** An instrument with what is known of it now. */
export type InstrumentNow = ApiAnswer<
  "/api/instruments"
>["instruments"][number];

/** An instrument, from the catalog. */
export type InstrumentView = Omit<
  InstrumentNow,
  "last" | "change" | "forecast" | "signal" | "skill" | "feed"
>;

/** How far a price has come, and from where. */
export type PriceChange = NonNullable<InstrumentNow["change"]>;

/** The gist of a model's record against "no change". */
export type SkillBrief = NonNullable<InstrumentNow["skill"]>;

export type GapsAnswer = ApiAnswer<"/api/gaps">;

/** What one feed of a symbol missed. */
export type GapView = GapsAnswer["gaps"][number];

/** When an instrument trades. */
export type MarketHours = ApiAnswer<"/api/calendar">;

/** A stretch of time in which the market is in one state. */
export type MarketPeriod = MarketHours["periods"][number];

export type ModelsAnswer = ApiAnswer<"/api/models">;

/** A model's record, one minute ahead. */
export type ModelView = ModelsAnswer["models"][number];

/** How often a rise came that was stated so probable. */
export type ReliabilityView = ApiAnswer<"/api/reliability">;

/** What the candles of a trading day rest on. */
export type QualityView = ApiAnswer<"/api/quality">;

/** A stretch of a trading day. */
export type QualitySpan = QualityView["spans"][number];

export type ForecastsAnswer = ApiAnswer<"/api/forecasts">;

export type SignalsAnswer = ApiAnswer<"/api/signals">;

/** Data of a stream's `snapshot` event. */
export type Snapshot = StreamData<"snapshot">;

/** What a stream begins with, of one symbol. */
export type SnapshotOfSymbol = Snapshot["symbols"][number];
