import { assert } from "../domain/assert.ts";
import type { Clock } from "../ports.ts";
import type { TickSource } from "./feed_client.ts";
import type { PriceModel } from "./simulator_model.ts";
import { PricePath, type SimulatedTick } from "./simulator_path.ts";
import { type LineFormat, LineWriter } from "./simulator_lines.ts";

/** Shortest wait for more: what is ready by then goes out in one write. */
const WAIT_MS_MIN = 5;
/** And the longest: the clock may be set meanwhile. */
const WAIT_MS_MAX = 1_000;

export interface SimulatorSourceOptions {
  readonly models: readonly PriceModel[];
  readonly seed: number;
  /** Unix second, whole, at which the first round begins. */
  readonly startSecond: number;
  /** Length of a round, in which each symbol has one tick. */
  readonly roundMs: number;
  readonly format: LineFormat;
  readonly numbered: boolean;
  /** Number of the last tick; endless if absent. */
  readonly last?: number;
  readonly clock: Clock;
}

/**
 * The simulator's ticks: one of each symbol in every round, sent as soon as
 * the round has passed. What has passed already comes at full speed.
 *
 * Tick number `seq` is of round (seq - 1) / symbols, so any of them can be
 * made again.
 */
export function simulatorSource(options: SimulatorSourceOptions): TickSource {
  const { models, seed, startSecond, roundMs, clock, last = Infinity } =
    options;
  assert(models.length > 0 && roundMs > 0, "there is something to send");
  const startMs = startSecond * 1_000;
  const paths = models.map((model) => new PricePath(model, seed));
  const tick: SimulatedTick = { second: 0, ms: 0, priceUnits: 0, size: 0 };

  function writeTick(writer: LineWriter, seq: number): void {
    const round = Math.floor((seq - 1) / models.length);
    const symbol = seq - 1 - round * models.length;
    const fromMs = startMs + round * roundMs;
    const second = Math.floor(fromMs / 1_000);
    const withinMs = fromMs - second * 1_000;
    const index = Math.floor(withinMs / roundMs);
    paths[symbol].writeTick(tick, second, index, withinMs, roundMs);
    writer.writeLine(symbol, tick, seq);
  }

  return {
    async *from(first, { max, signal }) {
      const writer = new LineWriter(
        models,
        options.format,
        options.numbered,
        max,
      );
      let seq = first;
      while (!signal.aborted && seq <= last) {
        const nowMs = clock.now() / 1_000;
        const rounds = Math.floor((nowMs - startMs) / roundMs);
        const ready = Math.min(last, rounds * models.length);
        if (ready < seq) {
          const round = Math.floor((seq - 1) / models.length);
          const readyMs = startMs + (round + 1) * roundMs;
          const waitMs = Math.max(WAIT_MS_MIN, readyMs - nowMs);
          await clock.sleep(Math.min(waitMs, WAIT_MS_MAX), signal);
          continue;
        }
        const count = Math.min(max, ready - seq + 1);
        writer.clear();
        for (let i = 0; i < count; i++) writeTick(writer, seq + i);
        yield { bytes: writer.bytes(), count };
        seq += count;
      }
    },
  };
}
