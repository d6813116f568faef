/**
 * SIGKILL of the whole embedded program while a feeder with acks sends: no
 * acked tick may be lost and none counted twice, and every candle must equal
 * a plain group-by of what was sent.
 */
import assert from "node:assert/strict";
import {
  runFeedClient,
  type TickChunk,
  type TickSource,
} from "../pipeline/feeds/feed_client.ts";
import { connectTcp } from "../pipeline/feeds/tcp_connection.ts";
import { systemClock } from "../pipeline/system_clock.ts";
import { freePort } from "./harness/free_port.ts";
import {
  getJson,
  type Program,
  startProgram,
  until,
} from "./harness/program.ts";

/** One stream, and several whose acks must be put together. */
const RUNS = [
  { partitions: 1, ticks: 300_000, kills: 10 },
  { partitions: 4, ticks: 60_000, kills: 2 },
];
/** Every so many lines one has a price that is none. */
const BAD_EVERY = 997;
const SYMBOLS = ["KILL.A", "KILL.B", "KILL.C", "KILL.D", "KILL.E"];
/** Long ago, so never ahead of the clock of whoever runs it. */
const START_MS = Date.parse("2024-05-06T09:00:00Z");

interface Tick {
  readonly symbol: string;
  readonly ts: number;
  /** In hundredths. */
  readonly price: number;
  readonly volume: number;
}

/** Tick number `seq`, always the same; some come two seconds late. */
function tickOf(seq: number): Tick {
  const random = Math.imul(seq ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  const late = random % 50 === 0 ? 2_000 : 0;
  return {
    symbol: SYMBOLS[random % SYMBOLS.length],
    ts: START_MS + seq * 25 - late,
    price: 100_000 + ((random >>> 8) % 2_001) - 1_000,
    volume: (random >>> 5) % 9,
  };
}

function lineOf(seq: number): string {
  const { symbol, ts, price, volume } = tickOf(seq);
  const text = isBad(seq) ? "-1" : (price / 100).toFixed(2);
  return `{"symbol":"${symbol}","ts":${ts},"price":${text},` +
    `"volume":${volume},"seq":${seq}}\n`;
}

function isBad(seq: number): boolean {
  return seq % BAD_EVERY === 0;
}

/** The oracle: no book, no merge, no batches. */
function candlesByGroupBy(symbol: string, count: number): readonly unknown[] {
  const ticks = Array.from({ length: count }, (_, i) => i + 1)
    .filter((seq) => !isBad(seq))
    .map((seq) => ({ seq, ...tickOf(seq) }))
    .filter((tick) => tick.symbol === symbol)
    .toSorted((a, b) => a.ts - b.ts || a.seq - b.seq);
  const minutes = Map.groupBy(ticks, ({ ts }) => ts - ts % 60_000);
  return [...minutes].map(([t, group]) => {
    const prices = group.map(({ price }) => price / 100);
    return {
      t,
      o: prices[0],
      h: Math.max(...prices),
      l: Math.min(...prices),
      c: prices.at(-1),
      v: group.reduce((sum, { volume }) => sum + volume, 0),
      n: group.length,
    };
  });
}

for (const { partitions, ticks, kills } of RUNS) {
  Deno.test(
    `SIGKILL at random points loses no tick and doubles none, PARTITIONS=${partitions}`,
    (t) => killAndCompare(t, { partitions, ticks, killsMax: kills }),
  );
}

async function killAndCompare(
  t: Deno.TestContext,
  { partitions, ticks, killsMax }: {
    readonly partitions: number;
    readonly ticks: number;
    readonly killsMax: number;
  },
): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-kill-" });
  const port = freePort();
  const env = {
    DATA_DIR: dataDir,
    HTTP_PORT: "0",
    FEEDS: `listen://127.0.0.1:${port}`,
    ROLES: "feed,aggregate,web",
    PARTITIONS: String(partitions),
  };
  let kills = 0;
  let acked = 0;
  let changed: () => void = () => {};
  /** A share of the ticks for each life, so that every kill hits a stream. */
  const allowed = () =>
    kills >= killsMax ? ticks : Math.ceil(ticks / (killsMax + 1)) * (kills + 1);
  const source: TickSource = {
    async *from(seq, { max, signal }): AsyncGenerator<TickChunk> {
      const encoder = new TextEncoder();
      while (seq <= ticks && !signal.aborted) {
        const count = Math.min(max, allowed() - seq + 1);
        if (count <= 0) {
          await new Promise((resolve) => setTimeout(resolve, 20));
          continue;
        }
        const text = Array.from({ length: count }, (_, i) => lineOf(seq + i));
        yield { bytes: encoder.encode(text.join("")), count };
        seq += count;
      }
    },
  };
  let program: Program | null = null;
  const over = new AbortController();
  const feeding = runFeedClient({
    hello: { feed: "kill-test", epoch: 1 },
    connect: (signal) => connectTcp({ hostname: "127.0.0.1", port }, signal),
    source: () => source,
    clock: systemClock,
    signal: over.signal,
    onProgress: (summary) => {
      assert(summary.acked >= acked, "an ack never falls");
      acked = summary.acked;
      changed();
    },
  });
  try {
    await t.step(
      `${killsMax} kills while ${ticks} ticks are sent`,
      async () => {
        while (kills < killsMax) {
          program = await startProgram(env);
          const from = acked;
          const goal = from + Math.random() * (allowed() - from) * 0.8;
          // Odd ones come as soon as anything was acked, even ones in its midst.
          await new Promise<void>((resolve) => {
            changed = () => {
              if (acked > from && (kills % 2 === 1 || acked >= goal)) resolve();
            };
            changed();
          });
          changed = () => {};
          await program.kill();
          kills++;
        }
        program = await startProgram(env);
        const summary = await feeding;
        assert.equal(summary.complete, true);
        assert.equal(summary.acked, ticks);
        // A nack is lost with its connection; the quarantine has every line.
        assert.deepEqual(
          Object.keys(summary.nacked).filter((reason) =>
            reason !== "price_not_positive"
          ),
          [],
        );
      },
    );
    await t.step(
      "every candle equals the oracle, the books balance",
      () => assertAllThere(program!, ticks, partitions),
    );
    await t.step("and again after a clean stop and start", async () => {
      const stopped = await program!.stop();
      assert.equal(stopped.code, 0, stopped.log);
      program = await startProgram(env);
      await assertAllThere(program, ticks, partitions);
      const last = await program.stop();
      assert.equal(last.code, 0, last.log);
    });
  } finally {
    over.abort();
    await feeding.catch(() => {});
    await (program as Program | null)?.kill().catch(() => {});
    await Deno.remove(dataDir, { recursive: true });
  }
}

async function assertAllThere(
  program: Program,
  ticks: number,
  partitions: number,
): Promise<void> {
  for (const symbol of SYMBOLS) {
    const candles = await until(
      `closed candles of ${symbol}`,
      async () => {
        const { candles } = await getJson(
          program,
          `/api/candles?symbol=${symbol}&from=0&limit=10000`,
        );
        return candles as Record<string, unknown>[];
      },
      (found) => found.every(({ closed }) => closed),
    );
    assert.deepEqual(
      candles.map(({ t, o, h, l, c, v, n }) => ({ t, o, h, l, c, v, n })),
      candlesByGroupBy(symbol, ticks),
      symbol,
    );
  }
  const bad = Math.floor(ticks / BAD_EVERY);
  for (const path of ["/api/audit", "/api/audit?full=1"]) {
    const audit = await getJson(program, path);
    const text = JSON.stringify(audit);
    assert.equal(audit.ticks_unaccounted, 0, text);
    assert.equal(audit.balanced, true, text);
    assert.equal(audit.partitions.length, partitions, text);
    const sum = (key: string) =>
      audit.partitions.reduce(
        (total: number, row: Record<string, number>) => total + row[key],
        0,
      );
    assert.equal(sum("in_candles"), ticks - bad, text);
    assert.equal(sum("in_quarantine"), bad, text);
    const [feed] = audit.feeds;
    assert.equal(feed.accepted, ticks - bad, text);
    assert.deepEqual(feed.rejected_by_reason, { price_not_positive: bad });
    assert.equal(feed.received, ticks + feed.duplicates, text);
    assert.equal(feed.acked, ticks, text);
  }
}
