/**
 * The same ticks folded into one-minute candles by others, side by side in one
 * run, where they are installed.
 *
 * It is their batch against our stream. DuckDB, pandas, ccxt and
 * candlestick-convert read a file that is there, once, into memory, and forget
 * all at their end; DuckDB uses all cores. The program takes the same lines from
 * a socket while they come, keeps each in a buffer that is synced, cleans them,
 * commits the candles with its position, and has them again after a crash. What
 * does the same is the straightforward pipeline in Python, without that promise.
 * chdb is not among them, as Deno cannot install its npm package.
 *
 * `deno task bench:compare`
 */
import assert from "node:assert/strict";
import { getJson } from "../tests/harness/program.ts";
import { hashCandles, type HashedCandle } from "./harness/hash_candles.ts";
import {
  type FilePeer,
  type FilePeerResult,
  howToInstall,
  runFilePeer,
} from "./harness/file_peer.ts";
import {
  type PreparedTicks,
  prepareTicks,
  startMsBefore,
  symbolName,
} from "./harness/prepared_ticks.ts";
import { bench, benchSize, type Figure } from "./harness/report.ts";
import { sendPlain } from "./harness/send_ticks.ts";
import { BenchServers, type StoreKind, Subject } from "./harness/subject.ts";

const full = benchSize() === "full";
const SYMBOLS = 100;
const MINUTES = 5;
const ROUNDS = full ? 3 : 1;
const TICKS = full ? 2_000_000 : 60_000;
/** A statement a candle and an append a tick take some hundred times as long. */
const FEW_TICKS = full ? 100_000 : 10_000;

/** They fold a file, and are told nothing but where it is. */
const FOLDERS: readonly FilePeer[] = [
  {
    name: "DuckDB, one query over a file, all cores",
    file: "duckdb_fold.ts",
    packages: ["npm:@duckdb/node-api"],
  },
  {
    name: "pandas, a file",
    file: "pandas_fold.py",
    packages: ["python3-pandas"],
  },
  {
    name: "ccxt buildOHLCVC, a file",
    file: "ccxt_fold.ts",
    packages: ["npm:ccxt"],
  },
  {
    name: "candlestick-convert, a file",
    file: "candlestick_convert_fold.ts",
    packages: ["npm:candlestick-convert"],
    opensAtClose: true,
  },
];
const STRAIGHTFORWARD: FilePeer = {
  name: "Python, redis and psycopg2: an append a tick, an upsert a candle",
  file: "straightforward.py",
  packages: ["python3-redis", "python3-psycopg2"],
};

const WORDS: Readonly<Record<StoreKind, string>> = {
  servers: "Redis and PostgreSQL",
  embedded: "embedded stores",
};

const startMs = startMsBefore(MINUTES);
const plan = { symbols: SYMBOLS, startMs, minutes: MINUTES, numbered: false };
const all = prepareTicks({ ...plan, ticks: TICKS });
const few = prepareTicks({ ...plan, ticks: FEW_TICKS });
/** Sent before anything is timed: the loops' code is compiled by then. */
const warmUp = prepareTicks({
  ...plan,
  startMs: startMs - MINUTES * 60_000,
  ticks: TICKS / 10,
});

await bench("compare", full ? "full" : "small", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tickhouse-compare-" });
  const servers = await BenchServers.start();
  const rates = new Map<string, number[]>();
  const note = (name: string, ticks: number, seconds: number) =>
    rates.set(name, [...rates.get(name) ?? [], ticks / seconds]);
  let whole: readonly HashedCandle[] = [];
  try {
    const file = await written(`${folder}/ticks.ndjson`, all);
    const short = await written(`${folder}/few.ndjson`, few);
    for (let round = 0; round < ROUNDS; round++) {
      for (const kind of ["servers", "embedded"] as const) {
        const run = await ofProgram(kind, servers);
        note(`Tickhouse, a stream, ${WORDS[kind]}`, TICKS, run.seconds);
        if (whole.length > 0) assert.equal(hashOf(run.candles), hashOf(whole));
        whole = run.candles;
      }
      for (const peer of FOLDERS) {
        const result = await asked(peer, [file]);
        if (result === null) continue;
        const candles = candlesOf(result);
        assert.equal(hashOf(candles, peer), hashOf(whole, peer), peer.name);
        note(peer.name, TICKS, result.seconds);
      }
      const { REDIS_URL, DATABASE_URL } = await servers.empty();
      const result = await asked(STRAIGHTFORWARD, [
        short,
        `${FEW_TICKS}`,
        REDIS_URL,
        DATABASE_URL,
      ]);
      if (result !== null) {
        note(STRAIGHTFORWARD.name, FEW_TICKS, result.seconds);
      }
    }
  } finally {
    await servers.close();
    await Deno.remove(folder, { recursive: true });
  }
  const figures: Figure[] = [...rates].map(([name, values]) => ({
    name,
    unit: "ticks/s",
    values,
  }));
  return { rounds: ROUNDS, hash: hashOf(whole), figures };
});

async function ofProgram(kind: StoreKind, servers: BenchServers) {
  const subject = await Subject.start(
    kind === "servers" ? await servers.empty() : {},
  );
  await sendPlain(subject.feed, warmUp);
  await subject.applied(warmUp.accepted);
  const from = performance.now();
  await sendPlain(subject.feed, all);
  await subject.applied(warmUp.accepted + all.accepted);
  const seconds = (performance.now() - from) / 1_000;
  const candles: HashedCandle[] = [];
  for (let i = 0; i < SYMBOLS; i++) {
    const symbol = symbolName(i);
    const answer = await getJson(
      subject.program,
      `/api/candles?symbol=${symbol}&from=${startMs}&limit=10000`,
    );
    for (const candle of answer.candles) {
      candles.push({ symbol, ...candle });
    }
  }
  await subject.stop();
  return { seconds, candles };
}

async function asked(
  peer: FilePeer,
  args: readonly string[],
): Promise<FilePeerResult | null> {
  const result = await runFilePeer(peer, args);
  if (result === null) {
    console.error(
      `compare: ${peer.name}: not installed; ${howToInstall(peer)}`,
    );
  }
  return result;
}

function candlesOf({ candles }: FilePeerResult): readonly HashedCandle[] {
  return candles.map(([symbol, t, o, h, l, c, v]) => ({
    symbol,
    t,
    o,
    h,
    l,
    c,
    v,
    n: 0,
  }));
}

/** Not all of them count ticks, and one opens a candle where the last closed. */
function hashOf(
  candles: readonly HashedCandle[],
  { opensAtClose = false }: Pick<FilePeer, "opensAtClose"> = {},
): string {
  const alike = candles.map((candle) => ({
    ...candle,
    o: opensAtClose ? 0 : candle.o,
    n: 0,
  }));
  return hashCandles(alike, startMs);
}

async function written(path: string, ticks: PreparedTicks): Promise<string> {
  const file = await Deno.create(path);
  for (const { bytes } of ticks.chunks) {
    for (let at = 0; at < bytes.length;) {
      at += await file.write(bytes.subarray(at));
    }
  }
  file.close();
  return path;
}
