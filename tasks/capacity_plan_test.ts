import assert from "node:assert/strict";
import { parseConfig } from "../pipeline/config.ts";
import { type Load, planCapacity } from "./capacity_plan.ts";
import { describePlan } from "./capacity_table.ts";

const SMALL: Load = {
  instruments: 50,
  rate: 2_000,
  viewers: 10,
  outageMinutes: 10,
  hours: 24,
  tickRetentionDays: 7,
};

const plan = (changes: Partial<Load>) => planCapacity({ ...SMALL, ...changes });

Deno.test("a small load needs one process and nothing else", () => {
  const { deployment, processes, redis, postgres, beyond, settings } = plan({});
  assert.equal(deployment, "embedded");
  assert.deepEqual(processes.map(({ count }) => count), [1]);
  assert.deepEqual([redis, postgres], [null, null]);
  assert.deepEqual(beyond, []);
  assert.deepEqual(settings, {});
});

Deno.test("each bound of a deployment leads to the next one", () => {
  const deploymentOf = (changes: Partial<Load>) => plan(changes).deployment;
  assert.equal(deploymentOf({ rate: 10_000, instruments: 500 }), "embedded");
  assert.equal(deploymentOf({ rate: 10_001, instruments: 500 }), "single");
  assert.equal(deploymentOf({ rate: 9_000, instruments: 501 }), "single");
  assert.equal(deploymentOf({ viewers: 501 }), "single");
  assert.equal(deploymentOf({ rate: 25_001 }), "cluster");
  assert.equal(deploymentOf({ viewers: 5_001 }), "cluster");
  assert.equal(deploymentOf({ instruments: 2_001, rate: 9_000 }), "cluster");
});

Deno.test("a cluster can lose one process of each role", () => {
  const { processes, settings } = plan({ rate: 100_000, viewers: 20_000 });
  const counts = Object.fromEntries(
    processes.map(({ roles, count }) => [roles, count]),
  );
  assert.deepEqual(counts, { "feed,aggregate": 5, forecast: 2, web: 5 });
  const many = plan({ rate: 100_000, instruments: 20_000 }).processes;
  assert.equal(many.find(({ roles }) => roles === "forecast")?.count, 11);
  assert.equal(settings.PARTITIONS, "32");
  assert.equal(settings.STREAMS_MAX, "5000");
});

Deno.test("an outage's backlog is rate, time and 42 bytes a tick", () => {
  const { redis, settings } = plan({ rate: 100_000, outageMinutes: 10 });
  assert.equal(redis!.backlogMb, 2_520);
  assert.equal(redis!.memoryMb, 3_780);
  assert.equal(settings.BUFFER_MAX_MB, "2520");
});

Deno.test("a day has its candles, their rollups and its ticks", () => {
  const { perDay, archiveGb } = plan({ instruments: 100, hours: 24 });
  const minutes = 100 * 1_440;
  assert.equal(
    Math.round(perDay.candles),
    minutes + minutes / 5 + minutes / 15 + minutes / 60 + 100,
  );
  assert.ok(Math.abs(perDay.ticksGb - 2_000 * 86_400 * 42 / 1e9) < 1e-9);
  assert.ok(Math.abs(archiveGb - 7 * perDay.ticksGb) < 1e-9);
});

Deno.test("more than one Redis bears is a cluster of three and more", () => {
  const serversOf = (rate: number) => {
    const { redis, beyond } = plan({ rate });
    assert.doesNotMatch(beyond.join(), /Redis/);
    return [redis!.servers, redis!.replicas];
  };
  assert.deepEqual(serversOf(400_000), [1, 0]);
  assert.deepEqual(serversOf(400_001), [3, 3]);
  assert.deepEqual(serversOf(10_000_000), [25, 25]);
  assert.match(
    describePlan(plan({ rate: 1_000_000 })),
    /Redis Cluster +3 primaries, 3 replicas ×/,
  );
});

Deno.test("what the program cannot do is said, with the figure", () => {
  const { beyond } = plan({ instruments: 100_000, rate: 10_000_000 });
  const all = beyond.join("\n");
  for (const word of [/catalog/, /20 PostgreSQL/]) assert.match(all, word);
  assert.doesNotMatch(all, /forecasts/);
  assert.match(
    plan({ instruments: 600_000 }).beyond.join("\n"),
    /600,000 forecasts a minute: at most 256 processes share them, 2,000 each/,
  );
  assert.match(
    describePlan(plan({ instruments: 100_000, rate: 10_000_000 })),
    /Beyond what the program can do now:\n- 100,000 instruments/,
  );
});

Deno.test("its settings are some that the program takes", () => {
  for (
    const changes of [
      {},
      { rate: 25_000, instruments: 1_000 },
      { rate: 400_000, instruments: 20_000, viewers: 100_000 },
      { rate: 1_000_000_000, instruments: 10_000_000, viewers: 100_000_000 },
    ]
  ) {
    const { settings, processes } = plan(changes);
    for (const { roles } of processes) {
      parseConfig({
        ...settings,
        ROLES: roles,
        REDIS_URL: "redis://localhost",
        DATABASE_URL: "postgres://localhost/tickhouse",
      });
    }
  }
});
