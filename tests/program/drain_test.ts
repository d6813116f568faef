/**
 * Two processes while ticks come and somebody looks: each is drained by a
 * command and taken back, and then replaced.
 */
import assert from "node:assert/strict";
import { runFeedClient } from "../../pipeline/feeds/feed_client.ts";
import { connectTcp } from "../../pipeline/feeds/tcp_connection.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { drain } from "../../tasks/drain.ts";
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
const SYMBOLS = 8;
const START_MS = Date.parse("2024-05-06T09:00:00Z");
const LINES_AT_ONCE = 50;
const EVERY_MS = 20;
/** Of a viewer that comes back at once: ten times what is promised. */
const OFF_MS_MAX = 30_000;

function lineOf(seq: number): string {
  return JSON.stringify({
    symbol: `DRAIN.${seq % SYMBOLS}`,
    ts: START_MS + seq * 5,
    price: 100 + seq % 7,
    volume: 1,
    seq,
  }) + "\n";
}

/** A feed that goes to the next of its addresses when one does not answer. */
function feedTo(ports: readonly number[]) {
  const state = { last: Infinity, sent: 0, at: 0 };
  let tries = 0;
  const done = runFeedClient({
    hello: { feed: "drain", epoch: 1 },
    connect: async (signal) => {
      const port = ports[tries++ % ports.length];
      const connection = await connectTcp(
        { hostname: "127.0.0.1", port },
        signal,
      );
      state.at = port;
      return connection;
    },
    source: () => ({
      async *from(seq, { max }) {
        while (seq <= state.last) {
          const count = Math.min(max, LINES_AT_ONCE, state.last - seq + 1);
          const lines = Array.from(
            { length: count },
            (_, i) => lineOf(seq + i),
          );
          yield { bytes: new TextEncoder().encode(lines.join("")), count };
          seq += count;
          state.sent = Math.max(state.sent, seq - 1);
          await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
        }
      },
    }),
    clock: systemClock,
    signal: new AbortController().signal,
  });
  return {
    state,
    async end(): Promise<number> {
      state.last = state.sent + LINES_AT_ONCE;
      return (await done).acked;
    },
  };
}

async function inCandles(program: Program): Promise<number> {
  const { partitions } = await getJson(program, "/api/audit?full=1");
  return partitions.reduce(
    (sum: number, one: { in_candles: number }) => sum + one.in_candles,
    0,
  );
}

/** Somebody who looks at one symbol, at whichever process there is. */
class Viewer {
  /** Longest time without a stream, in ms. */
  offMsMax = 0;
  /** Streams that were opened. */
  streams = 0;
  #leave = new AbortController();
  readonly #done: Promise<void>;

  constructor(private readonly programs: readonly Program[]) {
    this.#done = this.#watch();
  }

  async leave(): Promise<void> {
    this.#leave.abort();
    await this.#done;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#leave;
    let offAt = performance.now();
    for (let i = 0; !signal.aborted; i++) {
      const { http } = this.programs[i % this.programs.length];
      try {
        const reader = new EventReader(
          await fetch(`${http}/api/stream?symbols=DRAIN.1`, { signal }),
        );
        for (let n = 0; await reader.next() !== null; n++) {
          if (n > 0) continue;
          this.streams++;
          this.offMsMax = Math.max(this.offMsMax, performance.now() - offAt);
        }
        offAt = performance.now();
      } catch {
        // it does not listen now: the next one does
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

serverTest(
  "a process is drained by a command: its work goes to the other, no tick is lost",
  { "redis-server": findRedis, PostgreSQL: findPostgres },
  async () => {
    const [redis, postgres] = await Promise.all([
      startRedis(),
      startPostgres(),
    ]);
    const dir = await Deno.makeTempDir({ prefix: "tickhouse-drain-" });
    const databaseUrl = await postgres.createDatabase();
    const ports = [freePort(), freePort()];
    const programs: Program[] = [];
    const start = (i: number) => {
      const NODE_NAME = "ab"[i];
      return startProgram({
        REDIS_URL: redis.url,
        DATABASE_URL: databaseUrl,
        DATA_DIR: `${dir}/${NODE_NAME}`,
        HTTP_PORT: "0",
        FEEDS: `listen://127.0.0.1:${ports[i]}`,
        ROLES: "feed,aggregate,forecast,web",
        NODE_NAME,
        PARTITIONS: String(PARTITIONS),
      });
    };
    const context = {
      signal: new AbortController().signal,
      say: () => {},
    };
    const order = async (...args: string[]) =>
      // deno-lint-ignore no-explicit-any -- read as anybody reads its JSON
      (await drain(args, { databaseUrl }, context) as any).report.processes;
    try {
      for (const i of [0, 1]) {
        programs.push(await start(i));
        if (i > 0) continue;
        // Alone it has nobody to give its work to.
        await until("a is there", () => order(), (all) => all.length === 1);
        await assert.rejects(order("a"), /no other process has the role/);
      }
      const [a, b] = programs;
      const feed = feedTo(ports);
      const shared = (wanted: number) =>
        until(
          `${wanted} partitions of a`,
          () => getJson(b, "/api/system"),
          ({ processes }) =>
            processes?.length === 2 && processes[0].partitions === wanted &&
            processes[0].partitions + processes[1].partitions === PARTITIONS,
        );
      await shared(PARTITIONS / 2);
      await until(
        "a feed at a",
        () => Promise.resolve(feed.state),
        ({ at }) => at === ports[0],
      );
      await assert.rejects(order("nobody"), /no process of that name/);

      const [first, second] = await order("a");
      assert.deepEqual([first.node, first.partitions, first.drained], [
        "a",
        [],
        true,
      ]);
      assert.deepEqual(first.tasks, []);
      assert.equal(second.drained, false);
      await shared(0);
      await until(
        "the feed at b",
        () => Promise.resolve(feed.state),
        ({ at }) => at === ports[1],
      );
      await assert.rejects(order("b"), /no other process has the role/);
      const ready = await fetch(`${a.http}/readyz`);
      assert.equal(ready.status, 503);
      assert.match(await ready.text(), /is drained/);
      const isReady = (program: Program) =>
        until(
          "it is ready",
          () => fetch(`${program.http}/readyz`),
          ({ status }) => status === 200,
        );
      await isReady(b);
      await until(
        "forecasts of b",
        () => getJson(b, "/api/system"),
        (view) => view.processes[1].tasks.includes("forecast"),
      );

      await order("a", "--back");
      await shared(PARTITIONS / 2);
      await isReady(a);
      await order("b");
      await until(
        "the feed at a",
        () => Promise.resolve(feed.state),
        ({ at }) => at === ports[0],
      );
      await order("b", "--back");

      const viewer = new Viewer(programs);
      await until(
        "a viewer",
        () => Promise.resolve(viewer),
        ({ streams }) => streams > 0,
      );
      for (const i of [0, 1]) {
        const { code, log } = await programs[i].stop();
        assert.equal(code, 0, log);
        const before = await inCandles(programs[1 - i]);
        programs[i] = await start(i);
        await until(
          "the feed goes on",
          () => inCandles(programs[i]),
          (now) => now > before,
        );
      }
      await viewer.leave();
      assert(viewer.streams > 2, `${viewer.streams} streams`);
      assert(viewer.offMsMax < OFF_MS_MAX, `${viewer.offMsMax} ms off`);
      console.log(`off for ${Math.round(viewer.offMsMax)} ms at most`);

      const sent = await feed.end();
      await until(
        "all ticks in candles",
        () => inCandles(programs[0]),
        (n) => n === sent,
      );
      const audit = await getJson(programs[0], "/api/audit?full=1");
      assert.equal(audit.balanced, true);
      for (const program of programs) {
        const { code, log } = await program.stop();
        assert.equal(code, 0, log);
      }
      assert.deepEqual(await order(), [], "who ends is not counted");
    } finally {
      for (const program of programs) await program.kill().catch(() => {});
      await Promise.all([redis.close(), postgres.close()]);
      await Deno.remove(dir, { recursive: true });
    }
  },
);
