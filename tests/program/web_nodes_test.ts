/** Pages from several processes: a viewer goes from one to another. */
import assert from "node:assert/strict";
import { mergeCandle } from "../../components/merge_live.ts";
import type { CandleView } from "../../pipeline/domain/candle.ts";
import { partitionOf } from "../../pipeline/domain/hash.ts";
import { pubSubClient } from "../../pipeline/redis_client.ts";
import { silentLog } from "../../pipeline/silent_log.ts";
import { EventReader } from "../harness/event_reader.ts";
import { freePort } from "../harness/free_port.ts";
import {
  getJson,
  type Program,
  startProgram,
  until,
} from "../harness/program.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { findRedis, startRedis } from "../harness/servers/redis_server.ts";

const PARTITIONS = 4;
const SYMBOLS = ["NODE.A", "NODE.B"] as const;
const START_MS = Date.parse("2024-05-06T09:00:00Z");
const MINUTE_MS = 60_000;
const HOPS = 10;
/** Where the machine stood still; a snapshot holds the minutes of so many. */
const HOPS_MAX = 30;

/** Somebody who looks at a symbol, at whichever process, as browsers do. */
class Viewer {
  candles: readonly CandleView[] = [];
  /** Of each hop, whether the process began with a snapshot. */
  readonly snapshots: boolean[] = [];
  #arrives = false;
  #id: string | null = null;
  #leave = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  constructor(readonly symbol: string) {}

  open(node: Program): void {
    const { signal } = this.#leave = new AbortController();
    this.#arrives = true;
    this.#watching = this.#watch(node, signal);
  }

  async leave(): Promise<void> {
    this.#leave.abort();
    await this.#watching;
  }

  /** Comes back whenever a stream ends, until told to leave. */
  async #watch(node: Program, signal: AbortSignal): Promise<void> {
    const url = `${node.http}/api/stream?symbols=${this.symbol}`;
    while (!signal.aborted) {
      const headers: HeadersInit = this.#id === null
        ? {}
        : { "Last-Event-ID": this.#id };
      try {
        const reader = new EventReader(await fetch(url, { headers, signal }));
        while (await this.#take(reader));
      } catch {
        // it was left, or the process has died
      }
      if (!signal.aborted) await new Promise((next) => setTimeout(next, 50));
    }
  }

  async #take(reader: EventReader): Promise<boolean> {
    const message = await reader.next();
    if (message === null) return false;
    if (message.id !== "") this.#id = message.id;
    if (this.#arrives) this.snapshots.push(message.event === "snapshot");
    this.#arrives = false;
    if (message.event === "snapshot") {
      const [{ closed, forming }] = message.data.symbols[0].candles;
      for (const one of [...closed, ...forming ? [forming] : []]) {
        this.#show(one);
      }
    } else if (message.event.startsWith("candle")) {
      this.#show(message.data.candle);
    }
    return true;
  }

  #show(candle: CandleView): void {
    this.candles = mergeCandle(this.candles, candle, 1_000);
  }
}

serverTest(
  "a viewer cut from one process goes on at another, without a hole",
  { "redis-server": findRedis, PostgreSQL: findPostgres },
  async () => {
    assert.notEqual(
      partitionOf(SYMBOLS[0], PARTITIONS),
      partitionOf(SYMBOLS[1], PARTITIONS),
    );
    const [redis, postgres] = await Promise.all([
      startRedis(),
      startPostgres(),
    ]);
    const dir = await Deno.makeTempDir({ prefix: "tickhouse-nodes-" });
    const port = freePort();
    const env = {
      REDIS_URL: redis.url,
      DATABASE_URL: await postgres.createDatabase(),
      PARTITIONS: String(PARTITIONS),
      HTTP_PORT: "0",
    };
    const programs: Program[] = [];
    const start = async (NODE_NAME: string, ROLES: string, more = {}) => {
      const DATA_DIR = `${dir}/${NODE_NAME}`;
      const program = await startProgram({
        ...env,
        NODE_NAME,
        ROLES,
        DATA_DIR,
        ...more,
      });
      programs.push(program);
      return program;
    };
    let connection: Deno.TcpConn | null = null;
    const asker = pubSubClient(redis.url, "how many listen", silentLog);
    /** To how many processes live events of each partition go. */
    const listeners = async () => {
      const channels = Array.from(
        { length: PARTITIONS },
        (_, p) => `tickhouse:live:{${p}}`,
      );
      const reply = await asker.sendCommand<(string | number)[]>(
        ["PUBSUB", "SHARDNUMSUB", ...channels],
      );
      return reply.filter((_, i) => i % 2 === 1).map(Number);
    };
    try {
      await start("stages", "feed,aggregate,forecast", {
        FEEDS: `listen://127.0.0.1:${port}`,
      });
      const [a, b] = [await start("a", "web"), await start("b", "web")];
      connection = await Deno.connect({ hostname: "127.0.0.1", port });
      let writing = Promise.resolve();
      const tick = (minute: number, second: number, price: number) => {
        const ts = START_MS + minute * MINUTE_MS + second * 1_000;
        const lines = SYMBOLS.map((symbol) =>
          JSON.stringify({ symbol, ts, price, volume: 1 }) + "\n"
        ).join("");
        const bytes = new TextEncoder().encode(lines);
        writing = writing.then(async () => {
          for (let at = 0; at < bytes.length;) {
            at += await connection!.write(bytes.subarray(at));
          }
        });
        return writing;
      };
      const candlesAt = async (node: Program, symbol: string) => {
        const from = new Date(START_MS).toISOString();
        const path = `/api/candles?symbol=${symbol}&interval=1m&from=${from}`;
        return (await getJson(node, path)).candles as CandleView[];
      };
      const seen = (node: Program, minute: number) =>
        until(
          `minute ${minute} at ${node.http}`,
          () => candlesAt(node, SYMBOLS[0]),
          (candles) => candles.length > minute,
        );

      await tick(0, 1, 100);
      await Promise.all([seen(a, 0), seen(b, 0)]);
      const viewers = SYMBOLS.map((symbol) => new Viewer(symbol));
      const watched = (minute: number) =>
        until(
          `viewers see minute ${minute}`,
          () =>
            Promise.resolve(viewers.map(({ candles }) => candles.at(-1)?.t)),
          (newest) => newest.every((t) => t === START_MS + minute * MINUTE_MS),
        );
      let minute = 0;
      const goOn = () =>
        viewers.every(({ snapshots }) =>
          snapshots.slice(-HOPS).filter(Boolean).length <= HOPS / 2
        );
      for (let hop = 0; hop < HOPS || !goOn() && hop < HOPS_MAX; hop++) {
        const [here, next] = hop % 2 === 0 ? [a, b] : [b, a];
        for (const viewer of viewers) viewer.open(here);
        await tick(++minute, 1, 100 + hop);
        await watched(minute);
        if (hop === 0) {
          // One process has viewers, of two partitions of four.
          const looked = SYMBOLS.map((one) => partitionOf(one, PARTITIONS));
          await until(
            "what they look at is listened to, and nothing else",
            listeners,
            (counts) =>
              counts.every((count, p) =>
                count === (looked.includes(p) ? 1 : 0)
              ),
          );
        }
        for (const viewer of viewers) await viewer.leave();
        // What happens while nobody looks, a revision of long ago too.
        await tick(++minute, 2, 101 + hop);
        await tick(minute, 5, 102 + hop);
        await tick(0, 10 + hop, 90 - hop % HOPS);
        await tick(++minute, 1, 103 + hop);
        await seen(next, minute);
      }
      assert.ok(goOn(), "one snapshot at each process, or a few more");
      for (const viewer of viewers) viewer.open(a);
      await tick(++minute, 1, 120);
      await watched(minute);
      await a.kill();
      for (const viewer of viewers) await viewer.leave();
      await tick(++minute, 1, 121);
      for (const viewer of viewers) viewer.open(b);
      await watched(minute);

      for (const viewer of viewers) {
        await until(
          `${viewer.symbol} as it is stored`,
          async () => [viewer.candles, await candlesAt(b, viewer.symbol)],
          ([shown, stored]) => JSON.stringify(shown) === JSON.stringify(stored),
        );
        assert.equal(viewer.candles.length, minute + 1);
        assert.ok(viewer.candles[0].rev >= HOPS - 1, "revisions were told");
        await viewer.leave();
      }
    } finally {
      connection?.close();
      asker.destroy();
      for (const program of programs) await program.kill().catch(() => {});
      await Promise.all([redis.close(), postgres.close()]);
      await Deno.remove(dir, { recursive: true });
    }
  },
);
