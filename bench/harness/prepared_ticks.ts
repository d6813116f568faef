import { seededRandom } from "../../tests/chaos/faults.ts";

/** Of a chunk, which is written at once. */
const CHUNK_TICKS = 1_024;
const CENTS = 100;
/** Prices move by whole steps of five cents. */
const STEP = 5;

export interface TickPlan {
  readonly ticks: number;
  readonly symbols: number;
  /** Time of the first tick, in Unix milliseconds, on a whole minute. */
  readonly startMs: number;
  /** Over how many minutes they are spread. */
  readonly minutes: number;
  /** Whether each line has its number, as a feed with acks needs. */
  readonly numbered: boolean;
  /** Shares of lines that are sent twice, are late, and are no ticks. */
  readonly disorder?: {
    readonly duplicates: number;
    readonly late: number;
    readonly bad: number;
  };
}

export interface PreparedChunk {
  readonly bytes: Uint8Array;
  /** Number of its first tick, from 1, and how many there are. */
  readonly first: number;
  readonly count: number;
}

/** Lines of NDJSON, made before anything is timed. */
export interface PreparedTicks {
  readonly plan: TickPlan;
  readonly chunks: readonly PreparedChunk[];
  /** Lines in all, and those that become ticks of candles. */
  readonly lines: number;
  readonly accepted: number;
}

/** A whole minute, such that ticks of that many minutes are all of the past. */
export function startMsBefore(minutes: number): number {
  return Math.floor(Date.now() / 60_000 - 2 * minutes) * 60_000;
}

export function symbolName(i: number): string {
  return `BENCH.${i}`;
}

/** Random walks of all symbols in turn: the same plan gives the same bytes. */
export function prepareTicks(plan: TickPlan): PreparedTicks {
  const { ticks, symbols, startMs, minutes, numbered, disorder } = plan;
  const random = seededRandom(1);
  const cents = Array.from(
    { length: symbols },
    (_, i) => 100_000 + i % 1_000 * CENTS,
  );
  const encoder = new TextEncoder();
  const chunks: PreparedChunk[] = [];
  let text: string[] = [];
  let first = 1;
  let lines = 0;
  let accepted = 0;
  const flush = (next: number) => {
    if (next === first) return;
    const bytes = encoder.encode(text.join(""));
    chunks.push({ bytes, first, count: next - first });
    text = [];
    first = next;
  };
  for (let i = 0; i < ticks; i++) {
    const k = i % symbols;
    cents[k] = Math.max(
      STEP,
      cents[k] + STEP * (Math.floor(random() * 5) - 2),
    );
    const price = (cents[k] / CENTS).toFixed(2);
    const lateMs = disorder && random() < disorder.late ? 120_000 : 0;
    const ts = startMs + Math.floor(i / ticks * minutes * 60_000) - lateMs;
    const bad = disorder !== undefined && random() < disorder.bad;
    const seq = numbered ? `,"seq":${i + 1}` : "";
    const line = `{"symbol":"${symbolName(k)}","ts":${ts},` +
      `"price":${bad ? "-1" : price},"volume":${i % 500}${seq}}\n`;
    text.push(line);
    lines++;
    if (!bad) accepted++;
    if (disorder && numbered && random() < disorder.duplicates) {
      text.push(line);
      lines++;
    }
    if (i + 2 - first === CHUNK_TICKS) flush(i + 2);
  }
  flush(ticks + 1);
  return { plan, chunks, lines, accepted };
}
