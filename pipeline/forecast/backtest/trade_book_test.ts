import assert from "node:assert/strict";
import type { Lean, Signal, SignalAction } from "../../domain/signal.ts";
import { epochMicros, MICROS_PER_MINUTE } from "../../domain/time.ts";
import type { CandleFloats } from "../training_series.ts";
import { TradeBook, TRADES_TOLD } from "./trade_book.ts";

const OPEN = { stateAt: () => ({ kind: "unknown" as const }) };
const minute = (n: number) => epochMicros(n * MICROS_PER_MINUTE);

function signal(
  n: number,
  action: SignalAction,
  lean: Lean,
  costBps = 2,
): Signal {
  return {
    symbol: "A",
    t: minute(n),
    version: 1,
    madeAt: minute(n),
    model: "m",
    action,
    lean,
    reason: "",
    confidence: 0.6,
    price: 100,
    expectedBps: 5,
    costBps,
  };
}

function candle(n: number, open: number, whole = true): CandleFloats {
  const [t, end] = [minute(n), minute(n + 1)];
  return { t, end, open, high: open, low: open, close: open, whole };
}

const bps = (from: number, to: number) => Math.log(to / from) * 1e4;
const near = (a: number, b: number) =>
  assert.ok(Math.abs(a - b) < 1e-9, `${a} ${b}`);

Deno.test("TradeBook is in at the open after the signal's minute, out at the next, and pays", () => {
  const book = new TradeBook(OPEN, 2);
  const opens = [100, 101, 102, 99, 98];
  opens.forEach((open, n) => {
    book.addCandle(candle(n, open));
    if (n === 0) book.add(signal(n, "BUY", "up"));
    if (n === 1) book.add(signal(n, "SELL", "down"));
    if (n === 2) book.add(signal(n, "HOLD", "up"));
    if (n === 3) book.add(signal(n, "HOLD", "flat"));
  });
  const record = book.record();
  const [buy, sell] = [bps(101, 102), -bps(102, 99)];
  assert.deepEqual(record.actions, { BUY: 1, SELL: 1, HOLD: 2 });
  assert.deepEqual(
    record.trades.map(({ entry, exit, entryT, exitT }) => [
      entry,
      exit,
      entryT,
      exitT,
    ]),
    [[101, 102, minute(1), minute(2)], [102, 99, minute(2), minute(3)]],
  );
  near(record.trades[1].netBps, sell - 2);
  near(record.signals.grossBps, buy + sell);
  near(record.signals.netBps, buy + sell - 4);
  assert.deepEqual([record.signals.trades, record.signals.hits], [2, 2]);
  assert.equal(record.signals.costBps, 4);
  near(record.lean.grossBps, buy + sell + bps(99, 98));
  assert.deepEqual([record.lean.trades, record.lean.hits], [3, 2]);
  near(record.alwaysLong.netBps, bps(101, 98) - 2);
  assert.equal(record.alwaysLong.trades, 1);
});

Deno.test("TradeBook tells the largest fall of the net from a high", () => {
  const book = new TradeBook(OPEN, 0);
  [100, 100, 110, 105, 115, 90, 95].forEach((open, n) => {
    book.addCandle(candle(n, open));
    book.add(signal(n, "BUY", "up", 0));
  });
  const { signals, alwaysLong } = book.record();
  near(signals.maxDrawdownBps, bps(90, 115));
  near(alwaysLong.maxDrawdownBps, bps(90, 115));
  near(signals.netBps, bps(100, 95));
});

Deno.test("TradeBook tells outcomes after 1, 5 and 15 minutes beside always long", () => {
  const book = new TradeBook(OPEN, 2);
  for (let n = 0; n <= 16; n++) {
    book.addCandle(candle(n, 100 + n));
    if (n === 0) book.add(signal(n, "SELL", "down"));
  }
  const { outcomes } = book.record();
  assert.deepEqual(outcomes.map(({ minutes, n }) => [minutes, n]), [
    [1, 1],
    [5, 1],
    [15, 1],
  ]);
  near(outcomes[1].netBps, -bps(101, 106) - 2);
  near(outcomes[2].alwaysLongBps, bps(101, 116) - 2);
});

Deno.test("TradeBook guesses no price: a minute without a tick, a gap, the end", () => {
  const book = new TradeBook(OPEN, 2);
  book.addCandle(candle(0, 100));
  book.add(signal(0, "BUY", "up"));
  book.addCandle(candle(3, 100));
  book.add(signal(3, "BUY", "up"));
  book.addCandle(candle(4, 100, false));
  book.addCandle(candle(5, 100));
  book.add(signal(5, "BUY", "up"));
  book.addCandle(candle(6, 100));
  const { unpriced, unsettled, signals } = book.record();
  assert.deepEqual([...unpriced], [
    ["No tick came in the minute", 1],
    ["The feed was away for a part of the minute", 1],
  ]);
  assert.equal(unsettled, 1);
  assert.equal(signals.trades, 0);
});

Deno.test("TradeBook keeps the newest trades only, and counts all", () => {
  const book = new TradeBook(OPEN, 2);
  for (let n = 0; n < TRADES_TOLD + 10; n++) {
    book.addCandle(candle(n, 100));
    book.add(signal(n, "BUY", "up"));
  }
  const { trades, signals } = book.record();
  assert.equal(signals.trades, TRADES_TOLD + 8);
  assert.equal(trades.length, TRADES_TOLD);
  assert.equal(trades.at(-1)?.signal.t, minute(TRADES_TOLD + 7));
});
