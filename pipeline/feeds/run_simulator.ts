import type { Clock, Log } from "../ports.ts";
import {
  type FeedConnection,
  type FeedSummary,
  runFeedClient,
} from "./feed_client.ts";
import { DEFAULT_MODELS, type PriceModel } from "./simulator_model.ts";
import { chooseEpoch, readEpoch } from "./simulator_sequence.ts";
import { simulatorSource } from "./simulator_source.ts";
import { assert } from "../domain/assert.ts";

export const SIMULATOR_FEED = "simulator";
const HISTORY_SECONDS = 6 * 3_600;
const ROUND_MS = 1_000;

export interface SimulatorOptions {
  readonly connect: (signal: AbortSignal) => Promise<FeedConnection>;
  readonly seed: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly models?: readonly PriceModel[];
  readonly token?: string;
  /** Event time that a first start begins before now; 6 hours if absent. */
  readonly historySeconds?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (summary: FeedSummary) => void;
}

/**
 * Feeds a listener with made-up prices, one tick a symbol and second, until
 * the signal aborts.
 *
 * A first start sends six hours of history at full speed; a later one goes on
 * after what the listener has committed, which fills the time between.
 *
 * @throws {FeedRefusedError} If the listener does not want simulated ticks.
 */
export async function runSimulator(
  options: SimulatorOptions,
): Promise<FeedSummary> {
  const { seed, clock, log, models = DEFAULT_MODELS } = options;
  let complaint = "";
  return await runFeedClient({
    hello: {
      feed: SIMULATOR_FEED,
      simulated: true,
      ...(options.token === undefined ? {} : { token: options.token }),
    },
    connect: options.connect,
    clock,
    signal: options.signal,
    chooseEpoch: (welcome) =>
      chooseEpoch(welcome, {
        nowSecond: Math.floor(clock.now() / 1_000_000),
        symbols: models.length,
        historySeconds: options.historySeconds ?? HISTORY_SECONDS,
      }),
    source: (epoch) => {
      const chosen = readEpoch(epoch);
      assert(chosen !== null, "the simulator chose its epoch");
      return simulatorSource({
        models,
        seed,
        startSecond: chosen.startSecond,
        roundMs: ROUND_MS,
        format: "ndjson",
        numbered: true,
        clock,
      });
    },
    onProgress: (summary) => {
      complaint = "";
      options.onProgress?.(summary);
    },
    onLost: (cause) => {
      const text = String(cause);
      // Said once, not at every try.
      if (text === complaint) return;
      complaint = text;
      log.warn("The simulator lost its listener and connects again", { cause });
    },
  });
}
