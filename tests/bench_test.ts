/**
 * Every benchmark at its small size, so that none rots: what comes of it is
 * compared, how long it took is not.
 */
import assert from "node:assert/strict";
import {
  COMPARE_SUITE,
  LONG_SUITE,
  runBench,
  SUITE,
} from "../bench/harness/suite.ts";
import { serverTest } from "./harness/servers/installed.ts";
import { findPostgres } from "./harness/servers/postgres_server.ts";
import { findRedis } from "./harness/servers/redis_server.ts";

/** Of all candles of their ticks, or of what else they count. */
const HASHES: Readonly<Record<string, string>> = {
  rate: "bf8c7230 37aa2c69 f53c6531",
  backlog: "3fc82a84",
  latency: "1 loads, each tick in a candle",
  symbols: "a48058c0 7b742c40 d5f13443 8ae6de49",
  sockets: "5f356f68",
  start: "the same candles after each start",
  scaling: "each tick in a candle",
  replay: "646824e6",
  growth: "each tick in a candle",
  commit: "304ed818 b1574bd6",
  compare: "8ed65058",
  queries: "26690-b8f1e816-d655c2d7-3650 26690-b8f1e816-d655c2d7-3650",
};

const NEEDS = { "redis-server": findRedis, PostgreSQL: findPostgres };

serverTest("benchmarks come to the same results", NEEDS, async (t) => {
  for (const name of [...SUITE, ...LONG_SUITE, ...COMPARE_SUITE]) {
    await t.step(name, async () => {
      const { hash, figures } = await runBench(name, "small");
      assert.equal(hash, HASHES[name]);
      assert.ok(figures.length > 0);
      for (const { name, min } of figures) assert.ok(min > 0, name);
    });
  }
});
