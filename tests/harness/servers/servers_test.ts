import assert from "node:assert/strict";
import { serverTest } from "./installed.ts";
import { findPostgres, startPostgres } from "./postgres_server.ts";
import { findRedis, startRedis } from "./redis_server.ts";

serverTest(
  "a Redis of a test's own keeps what it was given over a kill",
  { "redis-server": findRedis },
  async () => {
    const redis = await startRedis();
    try {
      await redis.kill();
      await redis.start();
      await redis.kill();
      await redis.wipe();
      await redis.start();
    } finally {
      await redis.close();
    }
  },
);

serverTest(
  "a PostgreSQL of a test's own keeps what it was given over a crash",
  { PostgreSQL: findPostgres },
  async () => {
    const postgres = await startPostgres();
    try {
      const url = await postgres.createDatabase();
      const name = url.split("/").at(-1);
      await postgres.psql("create table t as select 7 as n", name);
      await postgres.crash();
      await postgres.start();
      assert.equal(await postgres.psql("select n from t", name), "7\n");
    } finally {
      await postgres.close();
    }
  },
);
