import { MICROS_PER_MS, parseTime } from "../domain/time.ts";
import type { Clock } from "../ports.ts";
import type { TickSource } from "./feed_client.ts";
import type { ReplayDecoder } from "./replay_decoder.ts";
import { ReplayLines } from "./replay_lines.ts";

const NEWLINE = 0x0a;

export interface ReplaySourceOptions {
  /** The file from its start, in blocks that end where a line does. */
  readonly blocks: () => AsyncIterable<Uint8Array>;
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
      const out = new ReplayLines();
      for await (const bytes of options.blocks()) {
        if (signal.aborted) return;
        for (let at = 0; at < bytes.length;) {
          const start = at;
          const newline = bytes.indexOf(NEWLINE, start);
          const end = newline < 0 ? bytes.length : newline;
          at = end + 1;
          if (seq < first) {
            if (decoder.isTick(bytes, start, end)) seq++;
            continue;
          }
          if (!decoder.decode(bytes, start, end, seq, out)) continue;
          seq++;
          const waitMs = pace.waitMs(out);
          if (waitMs > 0) {
            const count = out.count - 1;
            if (count > 0) yield { bytes: out.bytesBeforeLast(), count };
            out.keepLast();
            await clock.sleep(waitMs, signal);
            if (signal.aborted) return;
          }
          if (out.count === max) {
            yield { bytes: out.bytes(), count: max };
            out.clear();
          }
        }
      }
      if (out.count > 0) yield { bytes: out.bytes(), count: out.count };
    },
  };
}

/** Keeps the distances of event time, divided by a speed. */
class Pace {
  #began: { readonly event: number; readonly oursMs: number } | null = null;

  constructor(
    private readonly speed: number,
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
  ) {}

  /** How long to wait before the last of these ticks may be sent. */
  waitMs(lines: ReplayLines): number {
    if (this.speed === Infinity || this.signal.aborted) return 0;
    const event = parseTime(lines.lastTime());
    if (event === null) return 0;
    const oursMs = this.clock.steadyMs();
    this.#began ??= { event, oursMs };
    const passedMs = (event - this.#began.event) / MICROS_PER_MS;
    const dueMs = this.#began.oursMs + passedMs / this.speed;
    return Math.max(0, dueMs - oursMs);
  }
}
