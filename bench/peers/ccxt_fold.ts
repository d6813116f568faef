/**
 * The file of ticks folded by `buildOHLCVC` of ccxt.
 *
 * `ccxt_fold.ts SPECIFIER FILE`: says how long it took and its candles.
 */
import { tradesBySymbol } from "./trades_by_symbol.ts";

const [specifier, file] = Deno.args;
const { default: ccxt } = await import(specifier);
const exchange = new ccxt.Exchange();
const from = performance.now();
const trades = await tradesBySymbol(file, ({ ts, price, volume }) => ({
  timestamp: ts,
  price,
  amount: volume,
}));
const candles = [...trades].flatMap(([symbol, of]) =>
  exchange.buildOHLCVC(of, "1m").map((candle: readonly number[]) => [
    symbol,
    ...candle.slice(0, 6),
  ])
);
const seconds = (performance.now() - from) / 1_000;
console.log(JSON.stringify({ seconds, candles }));
