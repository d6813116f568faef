/**
 * The embedded stores: ticks appended to the buffer, entries read back, and
 * candles committed, a second each; medians of some rounds in one run.
 *
 * `deno run --allow-read --allow-write=/tmp --allow-env=TMPDIR
 * bench/commit_bench.ts`; the folder of the run is removed after.
 */
import type { CandleFold } from "../pipeline/domain/candle.ts";
import { fnv1a } from "../pipeline/domain/hash.ts";
import { type StreamEntry, streamEntry } from "../pipeline/domain/entry.ts";
import { tickColumns } from "../pipeline/domain/tick.ts";
import {
  epochMicros,
  MICROS_PER_MINUTE,
  MICROS_PER_MS,
} from "../pipeline/domain/time.ts";
import { BEFORE_FIRST, type Commit, type EntryId } from "../pipeline/ports.ts";
import { openStores } from "../db/open_stores.ts";

const ROUNDS = 7;
const ENTRIES = 400;
const TICKS_AN_ENTRY = 500;
const COMMITS = 20;
const CANDLES_A_COMMIT = 500;
const SYMBOLS = Array.from({ length: 50 }, (_, i) => `SYM${i}`);
const START = epochMicros(Date.UTC(2025, 0, 6) * MICROS_PER_MS);
const KEY = { feed: "bench", epoch: 1 };

const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-bench-" });
const stores = await openStores({
  dataDir,
  partitions: 1,
  clock: { now: () => START, sleep: () => Promise.resolve() },
  log: { info() {}, warn() {}, error() {} },
  bucketOf: (_symbol, _interval, t) => ({
    start: t,
    end: epochMicros(t + MICROS_PER_MINUTE),
  }),
});

let seq = 0;
function entry(): StreamEntry {
  const ticks = tickColumns(TICKS_AN_ENTRY);
  for (let i = 0; i < TICKS_AN_ENTRY; i++) {
    seq++;
    ticks.symbol[i] = i % SYMBOLS.length;
    ticks.ts[i] = START + seq * 1_000;
    ticks.price[i] = 2_432_155 + (seq * 7) % 1_000;
    ticks.size[i] = seq % 300;
    ticks.seq[i] = seq;
  }
  ticks.length = TICKS_AN_ENTRY;
  return streamEntry({
    kind: "ticks",
    key: KEY,
    delivery: "acked",
    receivedAt: START,
    received: TICKS_AN_ENTRY,
    symbols: SYMBOLS.map((symbol) => ({
      symbol,
      priceScale: 2,
      sizeScale: 0,
    })),
    ticks,
  });
}

/** Appends as a feed does: the next goes out before the last is answered. */
async function appendRound(): Promise<number> {
  const entries = Array.from({ length: ENTRIES }, entry);
  let last = seq - ENTRIES * TICKS_AN_ENTRY;
  const startedAt = performance.now();
  await Promise.all(entries.map((one) => {
    const expectLast = last;
    last += TICKS_AN_ENTRY;
    return stores.buffer.append({
      p: 0,
      key: KEY,
      expectLast,
      newLast: last,
      entry: one,
    });
  }));
  return ENTRIES * TICKS_AN_ENTRY / seconds(startedAt);
}

let readAfter = BEFORE_FIRST;
let hash = 0;
async function readRound(): Promise<number> {
  const startedAt = performance.now();
  let ticks = 0;
  while (ticks < ENTRIES * TICKS_AN_ENTRY) {
    const read = await stores.buffer.read(0, readAfter, {
      maxEntries: 64,
      maxBytes: 1_048_576,
      waitMs: 0,
    });
    for (const { id, entry } of read.entries) {
      readAfter = id;
      ticks += entry.ticks.length;
      hash = fnv1a(`${hash} ${entry.ticks.price[9]} ${entry.ticks.seq[9]}`);
    }
  }
  return ticks / seconds(startedAt);
}

const state = await stores.aggregate.claim(0, "bench");
if (!state) throw new Error("Cannot claim the partition of a new warehouse");
let position = 0;

/** Commits candles of `minutes`; the same ones again merge with their rows. */
async function commitRound(firstMinute: number): Promise<number> {
  const startedAt = performance.now();
  const minutes = CANDLES_A_COMMIT / SYMBOLS.length;
  for (let i = 0; i < COMMITS; i++) {
    const deltas = [];
    for (let m = 0; m < minutes; m++) {
      const t = epochMicros(
        START + (firstMinute + i * minutes + m) * MICROS_PER_MINUTE,
      );
      const end = epochMicros(t + MICROS_PER_MINUTE);
      for (const symbol of SYMBOLS) deltas.push({ fold: fold(symbol, t), end });
    }
    const commit: Commit = {
      p: 0,
      leaseEpoch: state!.leaseEpoch,
      expect: `${position}-0` as EntryId,
      next: `${++position}-0` as EntryId,
      incarnation: await stores.buffer.incarnation(0),
      markedAt: START,
      steps: [{ deltas, closes: [], recovered: [] }],
      forgotten: [],
      dirty: [],
      progress: [],
      feeds: [],
      rejected: [],
      quarantine: [],
      readmitted: [],
      gaps: [],
      applied: deltas.length * 3,
    };
    const result = await stores.aggregate.commit(commit);
    if (result.kind === "fenced") throw new Error("The commit was fenced");
  }
  return COMMITS * CANDLES_A_COMMIT / seconds(startedAt);
}

function fold(symbol: string, t: number): CandleFold {
  return {
    symbol,
    t: epochMicros(t),
    priceScale: 2,
    sizeScale: 0,
    open: 2_432_155,
    high: 2_432_200,
    low: 2_432_100,
    close: 2_432_170,
    firstTs: t,
    firstFeed: 1,
    firstSeq: 1,
    lastTs: t + 1,
    lastFeed: 1,
    lastSeq: 3,
    volume: 300,
    notional: 729_646_500n,
    n: 3,
  };
}

function seconds(startedAt: number): number {
  return (performance.now() - startedAt) / 1_000;
}

function summary(rates: readonly number[]) {
  const sorted = rates.toSorted((a, b) => a - b);
  return {
    median: Math.round(sorted[Math.floor(sorted.length / 2)]),
    min: Math.round(sorted[0]),
    max: Math.round(sorted[sorted.length - 1]),
  };
}

const rates = {
  append_ticks: [] as number[],
  read_ticks: [] as number[],
  insert_candles: [] as number[],
  merge_candles: [] as number[],
};
for (let round = 0; round < ROUNDS; round++) {
  const firstMinute = round * COMMITS * CANDLES_A_COMMIT / SYMBOLS.length;
  rates.append_ticks.push(await appendRound());
  rates.read_ticks.push(await readRound());
  rates.insert_candles.push(await commitRound(firstMinute));
  rates.merge_candles.push(await commitRound(firstMinute));
}
const audit = await stores.audit.audit();
if (!audit.balanced) throw new Error("The books do not balance");
await stores.close();
await Deno.remove(dataDir, { recursive: true });

console.log(JSON.stringify({
  bench: "commit",
  rounds: ROUNDS,
  a_second: Object.fromEntries(
    Object.entries(rates).map(([name, values]) => [name, summary(values)]),
  ),
  hash,
  deno: Deno.version.deno,
  cores: navigator.hardwareConcurrency,
  date: new Date().toISOString().slice(0, 10),
}));
