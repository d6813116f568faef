/**
 * The file of ticks folded by candlestick-convert.
 *
 * `candlestick_convert_fold.ts SPECIFIER FILE`: says how long it took and its
 * candles.
 */
import { tradesBySymbol } from "./trades_by_symbol.ts";

const [specifier, file] = Deno.args;
const { batchTicksToCandle } = await import(specifier);
const from = performance.now();
const trades = await tradesBySymbol(file, ({ ts, price, volume }) => ({
  time: ts,
  price,
  quantity: volume,
}));
const candles = [...trades].flatMap(([symbol, of]) =>
  batchTicksToCandle(of, 60, true).map((
    { time, open, high, low, close, volume }: Record<string, number>,
  ) => [symbol, time, open, high, low, close, volume])
);
const seconds = (performance.now() - from) / 1_000;
console.log(JSON.stringify({ seconds, candles }));
