import assert from "node:assert/strict";
import { silentLog } from "../../pipeline/silent_log.ts";
import { onePlace } from "../../pipeline/buffer/open_redis.ts";
import { redisPresence } from "../../pipeline/live/redis_presence.ts";
import { until } from "../harness/program.ts";
import { serverTest } from "../harness/servers/installed.ts";
import { findRedis, startRedis } from "../harness/servers/redis_server.ts";

serverTest(
  "a process is missed once its connection ends, and nobody while Redis is new",
  { "redis-server": findRedis },
  async () => {
    const redis = await startRedis();
    const join = (owner: string) =>
      redisPresence({ places: onePlace(redis.url), owner, log: silentLog });
    const [a, b] = [join("a"), join("b")];
    const seen = (wanted: readonly string[]) =>
      until(
        `missing: ${wanted}`,
        () => a.missing(["b", "nobody"]),
        (missing) => String(missing) === String(wanted),
      );
    try {
      await seen(["nobody"]);
      assert.deepEqual(await a.missing(["a"]), [], "itself it never misses");
      b.close();
      await seen(["b", "nobody"]);
      await redis.kill();
      await until(
        "no answer",
        () => a.missing(["nobody"]),
        (missing) => missing.length === 0,
      );
      await redis.start();
      await seen(["b", "nobody"]);
    } finally {
      a.close();
      b.close();
      await redis.close();
    }
  },
);
