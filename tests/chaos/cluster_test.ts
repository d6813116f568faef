/**
 * Two programs on a Redis Cluster and a PostgreSQL of their own, while
 * partitions move between its servers and primaries are killed or hang.
 */
import { slotOf } from "../../pipeline/buffer/redis_slot.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { startRedisCluster } from "../harness/servers/redis_cluster.ts";
import { findRedis } from "../harness/servers/redis_server.ts";
import { scenario } from "./scenario.ts";

const NEEDS = { "redis-server": findRedis, PostgreSQL: findPostgres };
const PARTITIONS = 4;
const MOVES = 3;

await serverTest("chaos on a Redis Cluster", NEEDS, async (t) => {
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
    await t.step("partitions move, primaries are killed and hang", async () => {
      await scenario({ postgres, redis, close }, "Redis Cluster", {
        world,
        async script({ faults, moving, acked }) {
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
        },
      });
    });
  } finally {
    await close();
  }
});
