/**
 * Two programs on a Redis Cluster and a PostgreSQL of their own, while
 * partitions move between its servers and are divided, and primaries are killed
 * or hang.
 */
import assert from "node:assert/strict";
import { slotOf } from "../../pipeline/buffer/redis_slot.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { startRedisCluster } from "../harness/servers/redis_cluster.ts";
import { findRedis } from "../harness/servers/redis_server.ts";
import { divide } from "./divide.ts";
import { scenario } from "./scenario.ts";

const NEEDS = { "redis-server": findRedis, PostgreSQL: findPostgres };
const PARTITIONS = 4;
const MOVES = 3;

serverTest("chaos on a Redis Cluster", NEEDS, async (t) => {
  const postgres = await startPostgres();
  const cluster = await startRedisCluster().catch(async (error) => {
    await postgres.close();
    throw error;
  });
  const [redis] = cluster.servers;
  const slots = Array.from({ length: PARTITIONS }, (_, p) => slotOf(`{${p}}`));
  const world = { partitions: PARTITIONS, env: { REDIS_URL: cluster.url } };
  const close = async () => {
    await cluster.close();
    await postgres.close();
  };
  try {
    const name =
      "partitions move and are divided, primaries are killed and hang";
    await t.step(name, async () => {
      await scenario({ postgres, redis, close }, "Redis Cluster", {
        world,
        async script(stage) {
          const { faults, moving, acked } = stage;
          const at = async (slot: number) =>
            cluster.servers.indexOf(await cluster.primaryOf(slot));
          for (let move = 0; move < MOVES; move++) {
            const slot = slots[move % PARTITIONS];
            const to = (await at(slot) + 1) % 3;
            await cluster.move(slot, cluster.servers[to]);
            await moving();
          }
          for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
            const primary = await cluster.primaryOf(slots[0]);
            if (signal === "SIGKILL") await primary.kill();
            else primary.signal(signal);
            // A replica has to take over for this.
            await acked();
            if (signal === "SIGKILL") await primary.start();
            else primary.signal("SIGCONT");
            await cluster.ready();
            await moving();
          }
          await faults.do("kill app");
          await moving();

          const primary = await cluster.primaryOf(slots[0]);
          let killing: Promise<void> | null = null;
          const { partitions } = await divide(stage, ["8"], () => {
            killing ??= primary.kill();
          });
          assert.equal(partitions, 2 * PARTITIONS);
          await moving();
          await killing;
          await primary.start();
          await cluster.ready();
          await moving();
        },
      });
    });
  } finally {
    await close();
  }
});
