/** Ticks out of order, late, far too late and twice: exact to the revision. */
import assert from "node:assert/strict";
import {
  runFeedClient,
  type TickChunk,
} from "../../pipeline/feeds/feed_client.ts";
import { connectTcp } from "../../pipeline/feeds/tcp_connection.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { getJson, until } from "../harness/program.ts";
import { seededRandom } from "./faults.ts";
import { embeddedWorld, type World } from "./world.ts";

const SYMBOLS = ["CHAOS.X", "CHAOS.Y", "CHAOS.Z"];
const START_MS = Date.parse("2024-05-06T00:00:00Z");
const STEP_MS = 500;
const TICKS = 30_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const SEED = 9;
/** Closed candles that get one more tick, and later another. */
const REVISED = 20;
const AGAIN = 150;

interface Tick {
  readonly symbol: string;
  readonly ts: number;
  readonly price: number;
  readonly seq: number;
}

/** A feed with acks whose lines are given as it goes. */
class LineFeed {
  readonly #lines: string[] = [];
  readonly #over = new AbortController();
  readonly #running: Promise<unknown>;
  #acked = 0;
  #again = 0;

  constructor(port: number) {
    // deno-lint-ignore no-this-alias
    const feed = this;
    this.#running = runFeedClient({
      hello: { feed: "late", epoch: 1 },
      connect: (signal) => connectTcp({ hostname: "127.0.0.1", port }, signal),
      source: () => ({
        async *from(seq, { max, signal }): AsyncGenerator<TickChunk> {
          while (!signal.aborted) {
            const lines = feed.#lines.slice(seq - 1, seq - 1 + max);
            if (lines.length === 0) {
              await systemClock.sleep(5, signal);
              continue;
            }
            const again = feed.#lines.slice(seq - 1 - feed.#again, seq - 1);
            feed.#again = 0;
            yield {
              bytes: new TextEncoder().encode([...again, ...lines].join("")),
              count: lines.length,
            };
            seq += lines.length;
          }
        },
      }),
      clock: systemClock,
      signal: this.#over.signal,
      onProgress: ({ acked }) => this.#acked = acked,
    });
  }

  /** Sends these, after that many lines once more, until all are acked. */
  async send(ticks: readonly Tick[], again = 0): Promise<void> {
    this.#again = again;
    for (const { symbol, ts, price, seq } of ticks) {
      assert.equal(seq, this.#lines.length + 1);
      this.#lines.push(
        `{"symbol":"${symbol}","ts":${ts},"price":${
          (price / 100).toFixed(2)
        },"volume":1,"seq":${seq}}\n`,
      );
    }
    const goal = this.#lines.length;
    await until(
      `the ack of ${goal}`,
      () => Promise.resolve(this.#acked),
      (acked) => acked >= goal,
    );
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#running.catch(() => {});
  }
}

function candleKey({ symbol, ts }: Tick): string {
  return `${symbol} ${ts - ts % MINUTE_MS}`;
}

/** Candles by symbol and time, from ticks that are sorted by time. */
function expected(ticks: readonly Tick[]) {
  const sorted = ticks.toSorted((a, b) => a.ts - b.ts || a.seq - b.seq);
  return new Map(
    [...Map.groupBy(sorted, candleKey)].map(([key, group]) => [key, {
      o: group[0].price,
      h: Math.max(...group.map(({ price }) => price)),
      l: Math.min(...group.map(({ price }) => price)),
      c: group.at(-1)!.price,
      v: group.length,
      n: group.length,
    }]),
  );
}

async function served(world: World) {
  const [app] = world.apps;
  const candles = new Map<string, Record<string, unknown>>();
  let revisions = 0;
  for (const symbol of SYMBOLS) {
    const { candles: rows } = await until(
      `closed candles of ${symbol}`,
      () =>
        getJson(
          app.program,
          `/api/candles?symbol=${symbol}&from=0&limit=10000`,
        ),
      ({ candles }) =>
        candles.every(({ closed }: { closed: boolean }) => closed),
    );
    for (const { t, o, h, l, c, v, n, rev } of rows) {
      const cents = (price: number) => Math.round(price * 100);
      candles.set(`${symbol} ${t}`, {
        ...{ o: cents(o), h: cents(h), l: cents(l), c: cents(c), v, n },
      });
      revisions += rev;
    }
  }
  return { candles, revisions };
}

Deno.test("late ticks revise exactly, far too late ones are kept apart, repeated ones do nothing", async (t) => {
  const world = await embeddedWorld({
    symbols: SYMBOLS,
    partitions: 2,
    env: { GRACE_HOURS: "1" },
  });
  const feed = new LineFeed(world.feedPorts[0]);
  const random = seededRandom(SEED);
  const taken: Tick[] = [];
  let tooLate = 0;
  let seq = 0;
  const tickLate = (lateMs: number, symbol?: string): Tick => ({
    symbol: symbol ?? SYMBOLS[Math.floor(random() * SYMBOLS.length)],
    ts: START_MS + Math.min(seq, TICKS) * STEP_MS - lateMs,
    price: 10_000 + Math.floor(random() * 200),
    seq: ++seq,
  });
  async function check(): Promise<number> {
    const { candles, revisions } = await served(world);
    assert.deepEqual(
      new Map([...candles].toSorted(([a], [b]) => a < b ? -1 : 1)),
      new Map([...expected(taken)].toSorted(([a], [b]) => a < b ? -1 : 1)),
    );
    const audit = await getJson(world.apps[0].program, "/api/audit?full=1");
    assert.equal(audit.balanced, true);
    assert.equal(audit.feeds[0].accepted, taken.length);
    assert.deepEqual(audit.feeds[0].rejected_by_reason, { too_late: tooLate });
    return revisions;
  }
  try {
    await t.step("out of order, late and too late, all at once", async () => {
      const ticks: Tick[] = [];
      for (let i = 0; i < TICKS; i++) {
        const kind = random();
        const begun = i > 1_000;
        if (begun && kind < 0.001) {
          ticks.push(tickLate(2 * HOUR_MS));
          tooLate++;
          continue;
        }
        const lateMs = begun && kind < 0.011
          ? HOUR_MS / 2
          : kind < 0.111
          ? Math.floor(random() * 5_000)
          : 0;
        const tick = tickLate(lateMs);
        ticks.push(tick);
        taken.push(tick);
      }
      assert(tooLate > 10);
      await feed.send(ticks);
      await check();
    });
    const before = await check();
    for (const pass of [1, 2]) {
      await t.step(
        `one late tick each revises once, pass ${pass}`,
        async () => {
          const ticks = Array.from({ length: REVISED }, (_, i) =>
            tickLate(
              (5 + Math.floor(i / SYMBOLS.length)) * MINUTE_MS,
              SYMBOLS[i % SYMBOLS.length],
            ));
          assert.equal(new Set(ticks.map(candleKey)).size, REVISED);
          taken.push(...ticks);
          await feed.send(ticks);
          assert.equal(await check(), before + pass * REVISED);
        },
      );
    }
    await t.step("what is sent again changes nothing", async () => {
      const tick = tickLate(0);
      taken.push(tick);
      await feed.send([tick], AGAIN);
      await check();
      const { feeds } = await getJson(world.apps[0].program, "/api/audit");
      assert.equal(feeds[0].duplicates, AGAIN);
    });
  } finally {
    await feed.close();
    await world.close();
  }
});
