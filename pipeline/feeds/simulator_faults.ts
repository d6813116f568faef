import { hashWords } from "./simulator_random.ts";
import type { TickSource } from "./feed_client.ts";

/** What goes wrong on purpose; shares are of all ticks, 0 to 1. */
export interface FeedFaults {
  /** Sent twice, with the same number. */
  readonly duplicates: number;
  /** Stamped 5 s to 10 min too early, as if they had been held up. */
  readonly late: number;
  /** Every tick stamped up to 2 s too early: event time jumps back and forth. */
  readonly reorder: boolean;
  /** Left out when first sent: holes, until they are asked for. */
  readonly drop: number;
  /** Followed by a line that is no tick. */
  readonly garbage: number;
}

export const NO_FAULTS: FeedFaults = {
  duplicates: 0,
  late: 0,
  reorder: false,
  drop: 0,
  garbage: 0,
};

const LATE_MS_MIN = 5_000;
const LATE_MS_MAX = 600_000;
const REORDER_MS_MAX = 2_000;
const TIME = /(?<="ts":|^[^,{]*,)\d+/;
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

const GARBAGE = [
  "hello, is this the right port?",
  '{"symbol":"NIFTY50","ts":"yesterday","price":24000}',
  '{"symbol":"NIFTY50","price":',
  '{"symbol":"NIFTY50","ts":1764042300123,"price":-3}',
  '{"symbol":"<b>","ts":1764042300123,"price":1}',
  `{"symbol":"NIFTY50","pad":"${"x".repeat(1_500)}"}`,
  "\u0000\u0001\u0002",
];

/**
 * A source with faults. Which tick has which fault depends on the seed and its
 * number alone, so that a tick that is sent again says the same.
 */
export function withFaults(
  source: TickSource,
  faults: FeedFaults,
  seed: number,
): TickSource {
  /** Numbers up to here were sent once: none of them is dropped again. */
  let sentThrough = 0;

  function chance(seq: number, fault: number): number {
    return hashWords(hashWords(seed, fault), seq) / 0x1_0000_0000;
  }

  function faulty(line: string, seq: number): string {
    let text = line;
    const backMs = delayMs(seq);
    if (backMs > 0) {
      text = text.replace(TIME, (ms) => String(Number(ms) - backMs));
    }
    const dropped = seq > sentThrough && chance(seq, 1) < faults.drop;
    let out = dropped ? "" : `${text}\n`;
    if (!dropped && chance(seq, 2) < faults.duplicates) out += `${text}\n`;
    if (chance(seq, 3) < faults.garbage) {
      out += `${GARBAGE[hashWords(seq, seed) % GARBAGE.length]}\n`;
    }
    return out;
  }

  function delayMs(seq: number): number {
    if (chance(seq, 4) < faults.late) {
      return Math.floor(
        LATE_MS_MIN + chance(seq, 5) * (LATE_MS_MAX - LATE_MS_MIN),
      );
    }
    return faults.reorder ? Math.floor(chance(seq, 6) * REORDER_MS_MAX) : 0;
  }

  return {
    async *from(first, options) {
      let seq = first;
      for await (const { bytes, count } of source.from(first, options)) {
        const lines = DECODER.decode(bytes).trimEnd().split("\n");
        const text = lines.map((line, i) => faulty(line, seq + i)).join("");
        yield { bytes: ENCODER.encode(text), count };
        seq += count;
        sentThrough = Math.max(sentThrough, seq - 1);
      }
    },
  };
}
