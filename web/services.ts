import type { TickHistory } from "../pipeline/archive/tick_history.ts";
import type { Catalog } from "../pipeline/catalog.ts";
import type { WaitSketch } from "../pipeline/domain/wait_sketch.ts";
import type { Skill } from "../pipeline/domain/forecast.ts";
import type { LiveBus } from "../pipeline/live/live_bus.ts";
import type {
  ForecastStore,
  ScoreStore,
  SignalStore,
} from "../pipeline/forecast_ports.ts";
import type {
  AuditStore,
  CandleStore,
  Clock,
  FeedActivityStore,
  QuarantineDesk,
  QuarantineStore,
} from "../pipeline/ports.ts";
import type { SystemView } from "../components/system_view.ts";
import type { PlaceLimits } from "./places.ts";
import { ProblemError } from "./problem.ts";

/** Whether the program can do its work, and if not, why. */
export interface HealthReport {
  readonly ready: boolean;
  /** What is wrong, in words a person reads; empty when ready. */
  readonly reasons: readonly string[];
  /** What else a person should know, although the work goes on. */
  readonly warnings: readonly string[];
  /** For `/healthz`: parts of the program by name, as plain data. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** What never changes while the program runs. */
export interface ProgramInfo {
  readonly simulated: boolean;
  readonly seed: number | null;
  /** Such as `SQLite log in ./data/buffer.sqlite`. */
  readonly buffer: string;
  /** Such as `PGlite in ./data/warehouse`. */
  readonly warehouse: string;
  /** Where feeds connect or are dialled, such as `listen://127.0.0.1:9101`. */
  readonly feeds: readonly string[];
  /** Feeds must say hello with a secret. */
  readonly feedToken?: boolean;
}

/** Bounds of the event streams. */
export interface StreamLimits extends PlaceLimits {
  /** Bytes that may wait for one client, its snapshot aside. */
  readonly queuedBytes: number;
  /** Bytes of big snapshots that wait to be taken, in all. */
  readonly snapshotBytes: number;
  readonly heartbeatMs: number;
  /** About as long a stream is open; browsers then come back by themselves. */
  readonly ageMs: number;
}

export const STREAM_LIMITS: StreamLimits = {
  clients: 500,
  clientsOfAddress: 20,
  queuedBytes: 64 * 1024,
  snapshotBytes: 64 * 1024 * 1024,
  heartbeatMs: 15_000,
  ageMs: 3_600_000,
};

/** What was not accepted, and the way back. */
export interface QuarantineServices {
  readonly store: QuarantineStore;
  readonly desk: QuarantineDesk;
}

/** What only the process that fits the models knows of them. */
export interface ModelReport {
  /** Records over stored candles, until live scores are enough. */
  readonly walkForward: readonly Skill[];
  /** Models that the last fit left out, and why. */
  readonly failures: readonly {
    readonly model: string;
    readonly reason: string;
  }[];
  /** Why the last fit gave nothing at all, or `null`. */
  readonly fitError: string | null;
}

/** Everything that routes reach, each through its port. */
export interface Services {
  readonly clock: Clock;
  readonly catalog: Catalog;
  readonly candles: CandleStore;
  /** Absent if ticks are not kept. */
  readonly ticks?: TickHistory;
  readonly forecasts: Pick<
    ForecastStore,
    "forecasts" | "newest" | "newestOfModels"
  >;
  readonly scores: Pick<ScoreStore, "scoreSums" | "chances">;
  readonly signals: Pick<SignalStore, "signals">;
  /** What this process knows of an instrument's fits; `null` if nothing. */
  readonly modelReport?: (symbol: string) => ModelReport | null;
  readonly audit: AuditStore;
  /** Absent where this process has no buffer. */
  readonly quarantine?: QuarantineServices;
  readonly activity: FeedActivityStore;
  /**
   * The same, with all that was committed when they are asked: what live events
   * go on from. The others may be some seconds behind; they are the same where
   * this is absent.
   */
  readonly fresh?: Pick<Services, "candles" | "forecasts" | "activity">;
  /** From an event's being published to its way to a client. */
  readonly streamWaits?: WaitSketch;
  readonly bus: LiveBus;
  /** @param ageMsMax What was found this long ago will do. */
  health(ageMsMax?: number): Promise<HealthReport>;
  /** The whole pipeline as it is now. */
  system(): Promise<SystemView>;
  readonly info: ProgramInfo;
  /** Asked of pages and API; `null` asks for none. */
  readonly apiToken: string | null;
  /** Aborted when the program stops: open streams end. */
  readonly shutdown: AbortSignal;
  readonly streamLimits?: StreamLimits;
  /** Of one address, the files of `static/` aside. */
  readonly requestsPerSecond?: number;
}

/** What every route finds in `ctx.state`. */
export interface State {
  services: Services;
  /** Seconds until a token may be tried again; of a sign-in only. */
  waitS?: number;
}

/**
 * @throws {ProblemError} If this process has no buffer.
 */
export function quarantineOf(services: Services): QuarantineServices {
  if (services.quarantine !== undefined) return services.quarantine;
  throw new ProblemError({
    type: "about:blank",
    title: "Not here",
    status: 503,
    detail: "This process has no buffer; ask one that takes feeds",
  });
}
