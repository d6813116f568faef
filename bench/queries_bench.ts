/**
 * What a chart asks of a large history, on PostgreSQL and on the embedded
 * warehouse: 500 candles from somewhere while 50 clients ask four times a
 * second each, a range of 10,000, days of ten years, and the snapshot of a
 * stream.
 *
 * Run by `deno task bench:long`, as the history is 20 million rows.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { connectPg } from "../db/connect_pg.ts";
import { connectPglite } from "../db/connect_pglite.ts";
import type { Db } from "../db/db.ts";
import { fnv1a } from "../pipeline/domain/hash.ts";
import { seededRandom } from "../tests/chaos/faults.ts";
import { EventReader } from "../tests/harness/event_reader.ts";
import { ask } from "../tests/harness/program.ts";
import { symbolName } from "./harness/prepared_ticks.ts";
import { bench, benchSize, type Figure, quantile } from "./harness/report.ts";
import {
  type HistoryPlan,
  storeHistory,
  YEARS_OF_DAYS,
} from "./harness/stored_history.ts";
import { BenchServers, type StoreKind, Subject } from "./harness/subject.ts";

const full = benchSize() === "full";
const SYMBOLS = full ? 40 : 2;
/** 20 million rows on PostgreSQL, 2 million embedded. */
const DAYS: Readonly<Record<StoreKind, number>> = full
  ? { servers: 348, embedded: 35 }
  : { servers: 8, embedded: 8 };
const CLIENTS = full ? 50 : 5;
/** From one request of a client to its next. */
const EVERY_MS = 250;
const WARM_REQUESTS = full ? 8 : 1;
const REQUESTS = full ? 60 : 3;
const TIMES = full ? 30 : 3;
const CANDLES = 500;
const RANGE = full ? 10_000 : 1_000;
const DAYS_MAX = 10_000;
const MS_PER_DAY = 86_400_000;
const MS_PER_MINUTE = 60_000;
const PARTITIONS = 4;

const endMs = Math.floor(Date.now() / MS_PER_DAY) * MS_PER_DAY;
const LIMITS: Readonly<Record<StoreKind, number>> = {
  servers: 10,
  embedded: 25,
};

await bench("queries", full ? "full" : "small", async () => {
  const servers = await BenchServers.start();
  const figures: Figure[] = [];
  const hashes: string[] = [];
  try {
    for (const kind of ["servers", "embedded"] as const) {
      const measured = await measure(kind, servers);
      figures.push(...measured.figures);
      hashes.push(measured.hash);
    }
  } finally {
    await servers.close();
  }
  return { rounds: 1, hash: hashes.join(" "), figures };
});

async function measure(kind: StoreKind, servers: BenchServers) {
  const plan: HistoryPlan = {
    symbols: SYMBOLS,
    days: DAYS[kind],
    endMs,
    partitions: PARTITIONS,
  };
  const stores = kind === "servers" ? await servers.empty() : {};
  let rows = 0;
  const subject = await Subject.start(
    stores,
    { ROLES: "feed,aggregate,web", PARTITIONS: String(PARTITIONS) },
    async (dataDir) => {
      const db = await warehouseOf(kind, stores, dataDir);
      rows = await storeHistory(db, plan).finally(() => db.close());
      console.error(`queries: ${rows.toLocaleString("en")} rows, ${kind}`);
    },
  );
  try {
    const { http } = subject.program;
    const crowd = await askTogether(http, plan);
    const ranges = await askInTurn(http, () => {
      const from = endMs - RANGE * MS_PER_MINUTE;
      return `/api/candles?symbol=${symbolName(0)}&interval=1m` +
        `&from=${from}&to=${endMs}&limit=${RANGE}`;
    });
    const days = await askInTurn(
      http,
      () =>
        `/api/candles?symbol=${symbolName(0)}&interval=1d&limit=${DAYS_MAX}`,
    );
    const snapshots = await readSnapshots(http);
    assert.equal(ranges.candles, RANGE);
    assert.equal(days.candles, YEARS_OF_DAYS * 365);
    const on = `${kind === "servers" ? "PostgreSQL" : "embedded"}, ` +
      `${rows.toLocaleString("en")} rows`;
    const goals = (atMost: number) => kind === "servers" ? { atMost } : {};
    return {
      hash: [rows, crowd.hash, ranges.hash, days.candles].join("-"),
      figures: [
        {
          name: `${CANDLES} candles, 99 % of requests of ${CLIENTS} clients, ` +
            on,
          unit: "ms",
          values: [quantile(crowd.waits, 0.99)],
          atMost: LIMITS[kind],
        },
        {
          name: `${CANDLES} candles, half of them, ${on}`,
          unit: "ms",
          values: [quantile(crowd.waits, 0.5)],
        },
        {
          name: `a range of ${RANGE.toLocaleString("en")} candles, ${on}`,
          unit: "ms",
          values: ranges.waits,
          ...goals(60),
        },
        {
          name: `days of ${YEARS_OF_DAYS} years, ${on}`,
          unit: "ms",
          values: days.waits,
          ...goals(20),
        },
        {
          name: `snapshot of a stream, ${on}`,
          unit: "ms",
          values: snapshots,
          ...goals(15),
        },
      ],
    };
  } finally {
    await subject.stop();
  }
}

function warehouseOf(
  kind: StoreKind,
  { DATABASE_URL }: Readonly<Record<string, string>>,
  dataDir: string,
): Promise<Db> {
  return kind === "servers"
    ? Promise.resolve(connectPg({ url: DATABASE_URL }))
    : connectPglite(join(dataDir, "warehouse"));
}

/** Each client asks for candles from anywhere, at its own beat. */
async function askTogether(http: string, { days, symbols }: HistoryPlan) {
  const random = seededRandom(1);
  const waits: number[] = [];
  let hash = 0;
  const latest = days * MS_PER_DAY - CANDLES * MS_PER_MINUTE;
  await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => {
    await sleep(EVERY_MS * client / CLIENTS);
    const places = Array.from({ length: WARM_REQUESTS + REQUESTS }, () => ({
      symbol: symbolName(Math.floor(random() * symbols)),
      back: Math.floor(random() * latest / MS_PER_MINUTE) * MS_PER_MINUTE,
    }));
    for (const [i, { symbol, back }] of places.entries()) {
      const from = endMs - CANDLES * MS_PER_MINUTE - back;
      const askedAt = performance.now();
      const answer = await ask(
        { http },
        `/api/candles?symbol=${symbol}&interval=1m&from=${from}` +
          `&limit=${CANDLES}`,
      );
      const text = await answer.text();
      const wait = performance.now() - askedAt;
      assert.equal(answer.status, 200, text);
      const { candles } = JSON.parse(text);
      assert.equal(candles.length, CANDLES);
      hash ^= fnv1a(`${symbol} ${back} ${candles[0].v}`);
      if (i >= WARM_REQUESTS) waits.push(wait);
      await sleep(Math.max(0, EVERY_MS - wait));
    }
  }));
  return { waits, hash: (hash >>> 0).toString(16).padStart(8, "0") };
}

/** The same again and again, one after the other, nothing kept by the client. */
async function askInTurn(http: string, path: () => string) {
  const waits: number[] = [];
  let candles = 0;
  let hash = "";
  for (let i = 0; i < TIMES + 2; i++) {
    const askedAt = performance.now();
    const answer = await ask({ http }, path());
    const text = await answer.text();
    const wait = performance.now() - askedAt;
    assert.equal(answer.status, 200, text);
    if (i >= 2) waits.push(wait);
    const rows: { readonly v: number }[] = JSON.parse(text).candles;
    candles = rows.length;
    hash = fnv1a(rows.map(({ v }) => v).join(" ")).toString(16);
  }
  return { waits, candles, hash };
}

async function readSnapshots(http: string): Promise<readonly number[]> {
  const waits: number[] = [];
  for (let i = 0; i < TIMES + 2; i++) {
    const askedAt = performance.now();
    const reader = new EventReader(
      await fetch(`${http}/api/stream?symbols=${symbolName(i % SYMBOLS)}`),
    );
    const first = await reader.next();
    if (i >= 2) waits.push(performance.now() - askedAt);
    assert.equal(first?.event, "snapshot");
    await reader.leave();
  }
  return waits;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
