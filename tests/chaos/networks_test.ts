/** Connections that are slow, cut, held back and corrupt, between all parts. */
import assert from "node:assert/strict";
import { freePort } from "../harness/free_port.ts";
import { serverTest } from "../harness/servers/installed.ts";
import { findPostgres } from "../harness/servers/postgres_server.ts";
import { findRedis } from "../harness/servers/redis_server.ts";
import { startProxy } from "./proxy.ts";
import { scenario, sleep } from "./scenario.ts";
import { startServers } from "./world.ts";

const NEEDS = { "redis-server": findRedis, PostgreSQL: findPostgres };
const LATENCY_MS = 100;
const HOLD_MS = 3_000;
const BACKLOG_MS = 6_000;
const CUTS = 8;

serverTest("chaos on networks", NEEDS, async (t) => {
  const servers = await startServers();
  const { redis, postgres } = servers;
  const toRedis = startProxy(() => redis.port);
  const toPostgres = startProxy(() => postgres.port);
  const listeners = [freePort(), freePort()];
  const toFeeds = listeners.map((port) => startProxy(() => port));
  const proxies = [toRedis, toPostgres, ...toFeeds];
  const world = {
    redisPort: toRedis.port,
    postgresPort: toPostgres.port,
    listenPorts: listeners,
  };
  const load = { ports: toFeeds.map(({ port }) => port) };
  try {
    await t.step("that are slow, cut and held back", async () => {
      await scenario(servers, "networks", {
        world,
        load,
        lines: "cut",
        async script({ moving, random }) {
          // More waits in Redis than comes over the network at once.
          toPostgres.toxics.hold = true;
          await sleep(BACKLOG_MS);
          toRedis.toxics.latencyMs = LATENCY_MS;
          toPostgres.toxics.hold = false;
          await moving();
          toRedis.toxics.latencyMs = 0;
          for (const proxy of proxies) {
            proxy.toxics.latencyMs = LATENCY_MS;
            await moving();
            proxy.toxics.latencyMs = 0;
            proxy.toxics.hold = true;
            await sleep(HOLD_MS);
            proxy.toxics.hold = false;
            await moving();
            for (let i = 0; i < CUTS; i++) {
              proxy.cutAfter(Math.floor(random() * 30_000));
              await sleep(200);
              if (i % 2) proxy.reset();
            }
            await moving();
            proxy.toxics.slice = true;
            await moving();
            proxy.toxics.slice = false;
          }
        },
      });
    });

    await t.step("of feeds, that change bytes", async () => {
      let flipped = 0;
      await scenario(servers, "flipped bytes", {
        world,
        load,
        lines: "changed",
        async script({ moving, until }) {
          for (const proxy of toFeeds) proxy.toxics.flipEvery = 50_021;
          await until("bytes that were changed", () => {
            flipped = toFeeds.reduce((sum, { flipped }) => sum + flipped, 0);
            return flipped >= 40;
          });
          for (const proxy of toFeeds) proxy.toxics.flipEvery = 0;
          await moving();
        },
      });
      assert(flipped >= 40);
    });
  } finally {
    for (const proxy of proxies) await proxy.close();
    await servers.close();
  }
});
