/**
 * The least that any such program does, without a store: reads, frames, parses
 * and folds. What share of its rate the whole program has says what its
 * promises cost.
 *
 * `pure_pipe.ts TICKS START_MS`: says its port, takes one connection with that
 * many ticks, says the hash of its candles.
 */
import { ndjsonDecoder } from "../../pipeline/feeds/decode_ndjson.ts";
import { DecodedBatch } from "../../pipeline/feeds/decoded_batch.ts";
import { LineFramer } from "../../pipeline/feeds/line_framer.ts";
import { hashCandles } from "../harness/hash_candles.ts";

const MINUTE = 60_000_000;
const [ticks, startMs] = Deno.args.map(Number);

interface Candle {
  t: number;
  o: number;
  h: number;
  l: number;
  c: number;
  v: number;
  n: number;
}

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(JSON.stringify({ port: listener.addr.port }));
const connection = await listener.accept();
const framer = new LineFramer();
const decoder = ndjsonDecoder();
const batch = new DecodedBatch(framer.bytes);
const open: Candle[] = [];
const closed: (readonly [number, Candle])[] = [];
let folded = 0;
while (folded < ticks) {
  const n = await connection.read(framer.space());
  if (n === null) throw new Error(`${folded} of ${ticks} ticks came`);
  framer.filled(n);
  for (;;) {
    batch.clear();
    decoder.decode(framer, batch);
    if (batch.length === 0) break;
    for (let i = 0; i < batch.length; i++) {
      const k = batch.symbol[i];
      const ts = batch.ts[i];
      const price = batch.price[i] / 10 ** batch.priceScale[i];
      const candle = open[k];
      if (candle !== undefined && ts - candle.t < MINUTE) {
        if (price > candle.h) candle.h = price;
        if (price < candle.l) candle.l = price;
        candle.c = price;
        candle.v += batch.size[i];
        candle.n += 1;
        continue;
      }
      if (candle !== undefined) closed.push([k, candle]);
      open[k] = {
        t: ts - ts % MINUTE,
        o: price,
        h: price,
        l: price,
        c: price,
        v: batch.size[i],
        n: 1,
      };
    }
    folded += batch.length;
  }
}
const candles = [...closed, ...open.entries()].map(([k, candle]) => ({
  ...candle,
  symbol: decoder.symbols.names[k],
  t: candle.t / 1_000,
}));
console.log(JSON.stringify({ hash: hashCandles(candles, startMs) }));
connection.close();
listener.close();
