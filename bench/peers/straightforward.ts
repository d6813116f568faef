/**
 * What such projects do, with the same packages: a line is split off as text,
 * parsed and checked by zod, and added to a Redis stream; a reader takes up to a
 * thousand entries at a time, folds them, and upserts each candle that they
 * touched by a statement of its own. It loses and doubles ticks at a crash.
 *
 * `straightforward.ts TICKS START_MS REDIS_URL DATABASE_URL`: says its port,
 * takes one connection with that many ticks, says the hash of its candles.
 */
import { Client } from "pg";
import { createClient } from "redis";
import { z } from "zod";
import { hashCandles } from "../harness/hash_candles.ts";

const MINUTE = 60_000;
const ENTRIES_MAX = 1_000;
const STREAM = "straightforward";
const [ticks, startMs] = Deno.args.slice(0, 2).map(Number);
const [redisUrl, databaseUrl] = Deno.args.slice(2);

const tickSchema = z.object({
  symbol: z.string().regex(/^[A-Z0-9._-]{1,32}$/),
  ts: z.number().int().positive(),
  price: z.number().positive(),
  volume: z.number().nonnegative(),
});

interface Candle {
  readonly symbol: string;
  readonly t: number;
  o: number;
  h: number;
  l: number;
  c: number;
  v: number;
  n: number;
}

const database = new Client({ connectionString: databaseUrl });
await database.connect();
await database.query(`create table straightforward (
  symbol text, t timestamptz, o float8, h float8, l float8, c float8, v float8,
  n bigint, primary key (symbol, t))`);
const writer = await createClient({ url: redisUrl }).connect();
const reader = await createClient({ url: redisUrl }).connect();

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(JSON.stringify({ port: listener.addr.port }));
const connection = await listener.accept();
await Promise.all([takeLines(), makeCandles()]);
const { rows } = await database.query(`select symbol,
  extract(epoch from t)::float8 * 1000 as t, o, h, l, c, v, n::float8 as n
  from straightforward`);
console.log(JSON.stringify({ hash: hashCandles(rows, startMs) }));
await database.end();
writer.destroy();
reader.destroy();
listener.close();

async function takeLines(): Promise<void> {
  const text = connection.readable.pipeThrough(new TextDecoderStream());
  let rest = "";
  for await (const part of text) {
    const lines = (rest + part).split("\n");
    rest = lines.pop()!;
    // A client joins what is sent in one turn of the loop into one write.
    await Promise.all(lines.map((line) => {
      const tick = tickSchema.parse(JSON.parse(line));
      return writer.xAdd(STREAM, "*", {
        symbol: tick.symbol,
        ts: String(tick.ts),
        price: String(tick.price),
        volume: String(tick.volume),
      });
    }));
  }
}

async function makeCandles(): Promise<void> {
  const candles = new Map<string, Candle>();
  let id = "0";
  for (let taken = 0; taken < ticks;) {
    const streams = await reader.xRead({ key: STREAM, id }, {
      COUNT: ENTRIES_MAX,
      BLOCK: 100,
    }) as { messages: { id: string; message: Record<string, string> }[] }[];
    const touched = new Set<Candle>();
    for (const entry of streams?.[0]?.messages ?? []) {
      id = entry.id;
      taken++;
      touched.add(fold(candles, entry.message));
    }
    for (const { symbol, t, o, h, l, c, v, n } of touched) {
      await database.query(
        `insert into straightforward values ($1, $2, $3, $4, $5, $6, $7, $8)
          on conflict (symbol, t) do update set
            h = excluded.h, l = excluded.l, c = excluded.c, v = excluded.v,
            n = excluded.n`,
        [symbol, new Date(t), o, h, l, c, v, n],
      );
    }
  }
}

function fold(
  candles: Map<string, Candle>,
  tick: Readonly<Record<string, string>>,
): Candle {
  const { symbol } = tick;
  const ts = Number(tick.ts);
  const price = Number(tick.price);
  const t = ts - ts % MINUTE;
  const key = `${symbol} ${t}`;
  const known = candles.get(key);
  const candle = known ?? {
    symbol,
    t,
    o: price,
    h: price,
    l: price,
    c: price,
    v: 0,
    n: 0,
  };
  if (known === undefined) candles.set(key, candle);
  candle.h = Math.max(candle.h, price);
  candle.l = Math.min(candle.l, price);
  candle.c = price;
  candle.v += Number(tick.volume);
  candle.n += 1;
  return candle;
}
