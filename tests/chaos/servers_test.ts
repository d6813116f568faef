/**
 * Two programs on a Redis and a PostgreSQL of their own, and what can happen
 * to them: no tick may be lost and none counted twice, whatever is killed,
 * paused, wiped or filled up.
 */
import { serverTest } from "../harness/servers/installed.ts";
import { findPostgres } from "../harness/servers/postgres_server.ts";
import { findRedis } from "../harness/servers/redis_server.ts";
import { FAULT_KINDS } from "./faults.ts";
import { redisCommand, redisMemory } from "./redis_command.ts";
import { randomFaults } from "./run_chaos.ts";
import { scenario, SEED, sleep } from "./scenario.ts";
import { startServers } from "./world.ts";

const NEEDS = { "redis-server": findRedis, PostgreSQL: findPostgres };
const RANDOM_MS = 25_000;
const BACKLOG_TICKS = 200_000;

serverTest("chaos on servers", NEEDS, async (t) => {
  const servers = await startServers();
  try {
    for (const run of [1, 2]) {
      const name = `every kind of fault at random, run ${run}`;
      await t.step(name, async () => {
        await scenario(servers, name, {
          seed: SEED + run,
          script: (stage) => {
            const until = performance.now() + RANDOM_MS;
            return randomFaults(
              stage,
              FAULT_KINDS.filter((kind) => kind !== "wipe Redis"),
              () => performance.now() >= until,
            );
          },
        });
      });
    }

    await t.step("Redis loses everything, three times", async () => {
      await scenario(servers, "wipes", {
        async script({ faults, moving }) {
          for (let i = 0; i < 3; i++) {
            await faults.do("wipe Redis");
            if (i === 1) await faults.do("kill app");
            await moving();
          }
        },
      });
    });

    await t.step("Redis has no memory left, then some", async () => {
      await scenario(servers, "no memory", {
        async script({ servers, still, moving }) {
          const { port } = servers!.redis;
          const { used } = await redisMemory(port);
          const room = used + 1_048_576;
          await redisCommand(port, "CONFIG", "SET", "maxmemory", `${room}`);
          await still();
          await redisCommand(port, "CONFIG", "SET", "maxmemory", "0");
          await moving();
        },
      });
    });

    await t.step("PostgreSQL is away for long, then stands still", async () => {
      await scenario(servers, "long outages", {
        load: { rate: 20_000 },
        async script({ servers, moving }) {
          const { postgres } = servers!;
          await postgres.crash();
          await sleep(20_000);
          await postgres.start();
          await moving();
          await postgres.signalAll("SIGSTOP");
          await sleep(10_000);
          await postgres.signalAll("SIGCONT");
          await moving();
        },
      });
    });

    await t.step("ten times the rate, then as much as is taken", async () => {
      await scenario(servers, "bursts", {
        load: { rate: 2_000 },
        async script({ load, acked, until }) {
          await acked();
          load.pace(20_000);
          await sleep(5_000);
          load.pace(2_000);
          await acked();
          load.pace(Infinity);
          const from = load.ackedTotal;
          await until(
            "a backlog that is drained",
            () => load.ackedTotal - from > BACKLOG_TICKS,
          );
        },
      });
    });
  } finally {
    await servers.close();
  }
});
