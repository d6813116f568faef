import assert from "node:assert/strict";
import { PartitionLayout } from "../../pipeline/domain/partition_layout.ts";
import { connectPg } from "../../db/connect_pg.ts";
import { RedisBuffer } from "../../pipeline/buffer/redis_buffer.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { ClockWatch } from "../../program/clock_watch.ts";
import { EventLoopLag } from "../../program/event_loop_lag.ts";
import { Health } from "../../program/health.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { findRedis, startRedis } from "../harness/servers/redis_server.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

/** A report takes 1 s; a machine that does something else as well, longer. */
const REPORT_MS_MAX = 30_000;
const RECOVER_MS_MAX = 120_000;

serverTest(
  "servers that stand still are named in bounded time, and ready again after",
  { "redis-server": findRedis, PostgreSQL: findPostgres },
  async () => {
    const [redis, postgres] = await Promise.all([
      startRedis(),
      startPostgres(),
    ]);
    const db = connectPg({ url: postgres.url });
    const buffer = await RedisBuffer.open({
      url: redis.url,
      layout: new PartitionLayout(1),
      memoryMaxBytes: 1e9,
      clock: systemClock,
      log: silentLog,
    });
    const lag = new EventLoopLag();
    const health = new Health({
      stores: {
        audit: { ping: async () => void (await db.query("select 1")) },
        buffer,
        pipeline: { state: () => Promise.reject(new Error("not here")) },
        replica: null,
      },
      names: { warehouse: "PostgreSQL", buffer: "Redis" },
      feeds: null,
      lag,
      clock: systemClock,
      clockWatch: new ClockWatch(
        () => systemClock.now(),
        () => performance.now(),
      ),
      node: "a",
      layout: new PartitionLayout(1),
      stopping: () => false,
      feedStates: () => [],
      newestEdge: () => null,
      dataDir: null,
    });
    const reasonsNow = async () => {
      const from = performance.now();
      const { reasons } = await health.report();
      const took = performance.now() - from;
      assert.ok(took < REPORT_MS_MAX, `a report took ${took} ms`);
      return reasons.map((reason) => reason.split(" does ")[0]);
    };
    const until = async (...wanted: readonly string[]) => {
      const deadline = performance.now() + RECOVER_MS_MAX;
      for (;;) {
        const reasons = await reasonsNow();
        if (String(reasons) === String(wanted)) return;
        assert.ok(performance.now() < deadline, `still: ${reasons}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    try {
      await until();
      await postgres.signalAll("SIGSTOP");
      await until("PostgreSQL");
      redis.signal("SIGSTOP");
      await until("PostgreSQL", "Redis");
      redis.signal("SIGCONT");
      await until("PostgreSQL");
      await postgres.signalAll("SIGCONT");
      await until();
    } finally {
      lag.stop();
      redis.signal("SIGCONT");
      await postgres.signalAll("SIGCONT");
      await buffer.close();
      await db.close();
      await redis.close();
      await postgres.close();
    }
  },
);
