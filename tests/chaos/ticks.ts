/**
 * What the feeds of a chaos run send: the tick of a feed and number is always
 * the same, so that it can be sent again and judged without being kept.
 */
export interface TickPlan {
  readonly feeds: number;
  /** Symbols, each of them sent by every feed. */
  readonly symbols: number;
  /** Event time between two ticks of a feed. */
  readonly stepMs: number;
  /** One tick in so many is late by less than the lateness, 0 for none. */
  readonly lateEvery: number;
  /** One tick in so many is half an hour late: it revises, 0 for none. */
  readonly revisesEvery: number;
  /** One tick in so many has a price that is none, 0 for none. */
  readonly badEvery: number;
}

export interface Tick {
  symbol: number;
  /** Unix ms. */
  ts: number;
  /** In hundredths. */
  price: number;
  volume: number;
  /** The line has a price that is none. */
  bad: boolean;
}

export const PLAN: TickPlan = {
  feeds: 3,
  symbols: 40,
  stepMs: 200,
  lateEvery: 67,
  revisesEvery: 200,
  badEvery: 1_000,
};

/** Long ago, so never ahead of the clock of whoever runs it. */
export const START_MS = Date.parse("2024-05-06T12:00:00Z");
export const LATE_MS = 2_000;
export const REVISES_MS = 30 * 60_000;
const ENCODER = new TextEncoder();

/** The name of a feed of a plan, from 0. */
export function feedName(feed: number): string {
  return `chaos-${feed}`;
}

export function symbolName(symbol: number): string {
  return `CHAOS.${String(symbol).padStart(3, "0")}`;
}

/**
 * Tick number `seq` of a feed, written into `into`.
 *
 * Times of two feeds never meet: each has its own remainder of the step, and
 * whoever is late is so by whole steps.
 */
export function tickAt(
  plan: TickPlan,
  feed: number,
  seq: number,
  into: Tick,
): Tick {
  const random = scrambled(
    Math.imul(seq, 0x9e3779b1) ^ (feed + 1) * 0x85ebca6b,
  );
  const other = scrambled(random);
  const revises = hits(other >>> 3, plan.revisesEvery);
  const late = !revises && hits(other >>> 7, plan.lateEvery);
  into.symbol = random % plan.symbols;
  into.ts = START_MS + seq * plan.stepMs +
    Math.floor(plan.stepMs / plan.feeds) * feed -
    (revises ? REVISES_MS : late ? LATE_MS : 0);
  into.price = 100_000 + ((random >>> 8) % 2_001) - 1_000;
  into.volume = (random >>> 5) % 9;
  into.bad = plan.badEvery > 0 && seq % plan.badEvery === 0;
  return into;
}

export function emptyTick(): Tick {
  return { symbol: 0, ts: 0, price: 0, volume: 0, bad: false };
}

/** The lines of the numbers `[from, from + count)` of a feed. */
export function linesOf(
  plan: TickPlan,
  feed: number,
  from: number,
  count: number,
): Uint8Array {
  const tick = emptyTick();
  let text = "";
  for (let seq = from; seq < from + count; seq++) {
    tickAt(plan, feed, seq, tick);
    const price = tick.bad ? "-1" : (tick.price / 100).toFixed(2);
    text += `{"symbol":"${symbolName(tick.symbol)}","ts":${tick.ts},` +
      `"price":${price},"volume":${tick.volume},"seq":${seq}}\n`;
  }
  return ENCODER.encode(text);
}

function hits(random: number, every: number): boolean {
  return every > 0 && random % every === 0;
}

/** Every bit depends on every other. */
function scrambled(n: number): number {
  n = Math.imul(n ^ n >>> 16, 0x7feb352d);
  n = Math.imul(n ^ n >>> 15, 0x846ca68b);
  return (n ^ n >>> 16) >>> 0;
}
