import assert from "node:assert/strict";
import { BufferError } from "../../pipeline/buffer/buffer_error.ts";
import type { RedisBuffer } from "../../pipeline/buffer/redis_buffer.ts";
import { slotOf } from "../../pipeline/buffer/redis_slot.ts";
import { BUFFER_CONTRACT } from "../../pipeline/buffer/testing/buffer_contract.ts";
import { columnsOf } from "../../pipeline/buffer/testing/arbitrary_entry.ts";
import { streamEntry } from "../../pipeline/domain/entry.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import { BEFORE_FIRST, compareEntryIds } from "../../pipeline/ports.ts";
import { redisCommand } from "../chaos/redis_command.ts";
import { findRedis } from "../harness/servers/redis_server.ts";
import {
  type RedisClusterOptions,
  type RedisClusterServers,
  startRedisCluster,
} from "../harness/servers/redis_cluster.ts";
import { serverTest } from "../harness/servers/installed.ts";
import { withBuffer } from "./with_redis.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

const KEY = { feed: "nse", epoch: 1 };
const ALL = { maxEntries: 1e6, maxBytes: 1e9, waitMs: 0 };
const PARTITIONS = 8;
/** A cluster that is up again in seconds; ten times that. */
const WAIT_MS_MAX = 60_000;
/** Where no server may be given up. */
const NO_FAILOVER = { nodeTimeoutMs: 10_000 };
/** A failover is soon there, and one that nobody asked for is not likely. */
const FAILOVER = { nodeTimeoutMs: 4_000 };

function append(buffer: RedisBuffer, p: number, seq: number, last = seq - 1) {
  return buffer.append({
    p,
    key: KEY,
    expectLast: last,
    newLast: seq,
    entry: streamEntry({
      kind: "ticks",
      key: KEY,
      receivedAt: epochMicros(seq),
      symbols: [{ symbol: "X", priceScale: 2, sizeScale: 0 }],
      ticks: columnsOf([{ symbol: 0, ts: 1e15, price: 1, size: 1, seq }]),
    }),
  });
}

async function heldSeqs(buffer: RedisBuffer, p: number): Promise<number[]> {
  const { entries } = await buffer.read(p, BEFORE_FIRST, ALL);
  return entries.flatMap(({ entry }) => [...entry.ticks.seq]);
}

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

/** Tries until it does; counts what a cluster that is not whole refused. */
async function untilDone<T>(act: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + WAIT_MS_MAX;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (Date.now() > deadline || !(error instanceof BufferError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Appends one more; whether what was refused is in, what is there says. */
async function appendNext(buffer: RedisBuffer, p: number) {
  for (;;) {
    const last = await untilDone(() => buffer.lastSeq(p, KEY));
    const result = await untilDone(() => append(buffer, p, last + 1, last));
    if (result.kind === "appended") return { seq: last + 1, id: result.id };
  }
}

/** Appends one after the other to a partition, several at a time, until told. */
function writing(buffer: RedisBuffer, p: number) {
  let going = true;
  const said = { last: 0, refused: 0, conflicts: 0 };
  async function run() {
    while (going) {
      const from = said.last;
      const results = await Promise.allSettled(
        [1, 2, 3, 4].map((i) => append(buffer, p, from + i)),
      );
      for (const [i, result] of results.entries()) {
        if (result.status === "rejected") said.refused++;
        else if (result.value.kind === "conflict") said.conflicts++;
        else said.last = Math.max(said.last, from + i + 1);
      }
      if (said.last < from + 4) {
        said.last = await untilDone(() => buffer.lastSeq(p, KEY));
      }
    }
  }
  const running = run();
  return {
    said,
    async stop() {
      going = false;
      await running;
    },
  };
}

function clusterTest(
  name: string,
  options: RedisClusterOptions,
  run: (cluster: RedisClusterServers, t: Deno.TestContext) => Promise<void>,
): void {
  serverTest(name, { "redis-server": findRedis }, async (t) => {
    const cluster = await startRedisCluster(options);
    try {
      await run(cluster, t);
    } finally {
      await cluster.close();
    }
  });
}

clusterTest(
  "RedisBuffer keeps the contract on a cluster",
  NO_FAILOVER,
  async (cluster, t) => {
    for (const { name, check } of BUFFER_CONTRACT) {
      await t.step(`RedisBuffer ${name}`, async () => {
        for (const { port } of cluster.servers.slice(0, 3)) {
          await redisCommand(port, "FLUSHALL");
        }
        await withBuffer(cluster.servers[0], check, { url: cluster.url });
      });
    }
    await t.step("one server is enough to find the others", async () => {
      const [replica] = cluster.servers.slice(-1);
      await withBuffer(replica, async (buffer) => {
        const { entries } = await buffer.stats();
        for (let p = 0; p < PARTITIONS; p++) await buffer.append(mark(p));
        assert.equal((await buffer.stats()).entries, entries + PARTITIONS);
      });
    });
    await t.step("every server is checked", async () => {
      const [replica] = cluster.servers.slice(-1);
      const set = (...setting: string[]) =>
        redisCommand(replica.port, "CONFIG", "SET", ...setting);
      await set("appendfsync", "everysec");
      const warnings: string[] = [];
      await withBuffer(replica, async () => {}, {
        url: cluster.url,
        log: { ...silentLog, warn: (text) => warnings.push(text) },
      });
      assert.equal(warnings.length, 1);
      assert.match(warnings[0], /everysec/);
      assert.match(warnings[0], new RegExp(`:${replica.port}\\)`));
      await set("maxmemory", "100mb");
      await set("maxmemory-policy", "allkeys-lru");
      await assert.rejects(
        withBuffer(replica, async () => {}, { url: cluster.url }),
        new RegExp(`noeviction .*:${replica.port}`),
      );
      await set("maxmemory-policy", "noeviction");
    });
    await t.step("a cluster has one database", async () => {
      await assert.rejects(
        withBuffer(cluster.servers[0], async () => {}, {
          url: `${cluster.url}/1`,
        }),
        /SELECT is not allowed in cluster mode.*database of REDIS_URL/,
      );
    });
  },
);

function mark(p: number) {
  const entry = streamEntry({ kind: "mark", receivedAt: epochMicros(1) });
  return { p, key: entry.key, expectLast: 0, newLast: 0, entry };
}

clusterTest(
  "RedisBuffer follows a partition that moves while it is written to",
  NO_FAILOVER,
  (cluster) =>
    withBuffer(cluster.servers[0], async (buffer) => {
      const p = 3;
      const slot = slotOf(`{${p}}`);
      const writer = writing(buffer, p);
      const grows = async () => {
        const before = writer.said.last;
        const deadline = Date.now() + WAIT_MS_MAX;
        while (writer.said.last <= before) {
          assert(Date.now() < deadline, "appends go on");
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      };
      await grows();
      for (let move = 1; move <= 6; move++) {
        const from = await cluster.primaryOf(slot);
        const at = cluster.servers.indexOf(from);
        let keys = 0;
        await cluster.move(slot, cluster.servers[(at + 1) % 3], async () => {
          // After the last key all that comes is asked of the other server.
          if (++keys === 3) await grows();
        });
        await grows();
      }
      await writer.stop();
      const { last, refused, conflicts } = writer.said;
      assert.deepEqual({ refused, conflicts }, { refused: 0, conflicts: 0 });
      assert.deepEqual(await heldSeqs(buffer, p), upTo(last));
      assert.equal(await buffer.lastSeq(p, KEY), last);
    }, { url: cluster.url }),
);

clusterTest(
  "RedisBuffer goes on at the replica of a primary that was killed or hangs",
  FAILOVER,
  (cluster) =>
    withBuffer(cluster.servers[0], async (buffer) => {
      const p = 3;
      const slot = slotOf(`{${p}}`);
      const other = upTo(PARTITIONS).find((one) =>
        Math.floor(slotOf(`{${one}}`) / 5462) !== Math.floor(slot / 5462)
      )!;
      await untilDone(() => append(buffer, other, 1));
      for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
        const before = await appendNext(buffer, p);
        const primary = await cluster.primaryOf(slot);
        const back = buffer.back();
        const pending = Array.from(
          { length: 100 },
          (_, i) => append(buffer, p, before.seq + 1 + i),
        );
        const settled = Promise.allSettled(pending);
        if (signal === "SIGKILL") await primary.kill();
        else primary.signal(signal);
        await settled;
        // What the replica did not get is gone, and its number with it.
        const after = await appendNext(buffer, p);
        assert(after.seq >= before.seq);
        const gapMs = Number(after.id.split("-")[0]) -
          Number(before.id.split("-")[0]);
        assert(gapMs > 3e6, `ids leave out what was lost: ${gapMs}`);
        assert.equal(back.aborted, true, "who waits is told");
        assert.deepEqual(
          (await untilDone(() => heldSeqs(buffer, p)))
            .toSorted((a, b) => a - b),
          upTo(after.seq),
        );
        assert.deepEqual(await untilDone(() => heldSeqs(buffer, other)), [1]);
        if (signal === "SIGKILL") await primary.start();
        else primary.signal("SIGCONT");
        await cluster.ready();
      }
      const { entries } = await untilDone(() =>
        buffer.read(p, BEFORE_FIRST, ALL)
      );
      for (const [i, { id }] of entries.entries()) {
        assert(i === 0 || compareEntryIds(entries[i - 1].id, id) < 0);
      }
    }, { url: cluster.url }),
);
