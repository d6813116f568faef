import { parseTime } from "../domain/time.ts";
import type { Clock } from "../ports.ts";
import type { TickSource } from "./feed_client.ts";
import type { ReplayDecoder } from "./replay_decoder.ts";

const ENCODER = new TextEncoder();

export interface ReplaySourceOptions {
  /** The file's lines from its start, in groups as they were read. */
  readonly lines: () => AsyncIterable<readonly string[]>;
  readonly decoder: () => ReplayDecoder;
  /** Event time runs so many times as fast as ours; Infinity does not wait. */
  readonly speed: number;
  readonly clock: Clock;
}

/**
 * A recording as a feed: tick number n is its n-th data line, so what was
 * acked before is passed over. To begin at any number it reads from the start.
 */
export function replaySource(options: ReplaySourceOptions): TickSource {
  const { speed, clock } = options;
  return {
    async *from(first, { max, signal }) {
      const decoder = options.decoder();
      const pace = new Pace(speed, clock, signal);
      let seq = 1;
      let text = "";
      let count = 0;
      for await (const lines of options.lines()) {
        for (const line of lines) {
          if (signal.aborted) return;
          if (seq < first) {
            if (decoder.isTick(line)) seq++;
            continue;
          }
          const tick = decoder.decode(line, seq);
          if (tick === null) continue;
          seq++;
          const waitMs = pace.waitMs(tick.ts);
          if (count === max || (waitMs > 0 && count > 0)) {
            yield { bytes: ENCODER.encode(text), count };
            text = "";
            count = 0;
          }
          if (waitMs > 0) await clock.sleep(waitMs, signal);
          text += `${tick.line}\n`;
          count++;
        }
      }
      if (count > 0 && !signal.aborted) {
        yield { bytes: ENCODER.encode(text), count };
      }
    },
  };
}

/** Keeps the distances of event time, divided by a speed. */
class Pace {
  #began: { readonly event: number; readonly ours: number } | null = null;

  constructor(
    private readonly speed: number,
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
  ) {}

  /** How long to wait before the tick of that time may be sent. */
  waitMs(ts: string): number {
    if (this.speed === Infinity || this.signal.aborted) return 0;
    const event = parseTime(ts);
    if (event === null) return 0;
    const ours = this.clock.now();
    this.#began ??= { event, ours };
    const due = this.#began.ours + (event - this.#began.event) / this.speed;
    return Math.max(0, (due - ours) / 1_000);
  }
}
