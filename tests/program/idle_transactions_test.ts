/**
 * What a process without work asks of the warehouse, counted by a clock that
 * the test moves: a fleet pays for it once a process.
 */
import assert from "node:assert/strict";
import type { Db } from "../../db/db.ts";
import { PgLayoutStore } from "../../db/layout_store.ts";
import { pgStores } from "../../db/stores.ts";
import { MemoryBuffer } from "../../pipeline/buffer/testing/memory_buffer.ts";
import { SharedOwnership } from "../../pipeline/candles/ownership.ts";
import { Catalog } from "../../pipeline/catalog.ts";
import { loadCalendars } from "../../pipeline/calendars/load_markets.ts";
import { PartitionLayout } from "../../pipeline/domain/partition_layout.ts";
import { BEFORE_FIRST } from "../../pipeline/ports.ts";
import { silentLog as log } from "../../pipeline/silent_log.ts";
import { ManualClock, turns } from "../../pipeline/testing/manual_clock.ts";
import { Drain } from "../../program/drain.ts";
import { followLayout } from "../../program/follow_layout.ts";
import { followOthers } from "../../program/follow_others.ts";
import { bucketOf, openTestWarehouse, PARTITIONS } from "../db/testing.ts";

const LEASE_MS = 5_000;
const STEP_MS = 50;
const START_MS = 5_000;
const COUNTED_SECONDS = 20;

/** Counts transactions, and knows whether one is under way. */
function counted(db: Db) {
  const count = { transactions: 0, underWay: 0 };
  const counting = async <T>(call: () => Promise<T>): Promise<T> => {
    count.transactions++;
    count.underWay++;
    try {
      return await call();
    } finally {
      count.underWay--;
    }
  };
  const counts: Db = {
    ...db,
    query: (sql, params) => counting(() => db.query(sql, params)),
    batch: (...given) => counting(() => db.batch(...given)),
  };
  return { db: counts, count };
}

/** Transactions a second of a process that has nothing to do. */
async function idle({ knowsPositions }: {
  readonly knowsPositions: boolean;
}): Promise<number> {
  const warehouse = await openTestWarehouse();
  const ends = new AbortController();
  const { signal } = ends;
  try {
    await new PgLayoutStore(warehouse.db).claim(PARTITIONS);
    const { db, count } = counted(warehouse.db);
    const clock = new ManualClock();
    const layout = new PartitionLayout(PARTITIONS);
    const stores = pgStores(
      db,
      { partitions: PARTITIONS, leaseMs: LEASE_MS, clock, bucketOf },
      () => Promise.resolve(),
      null,
      layout,
    );
    const owner = "idle/1";
    const calendars = await loadCalendars(
      new URL("../../markets/calendars", import.meta.url),
    );
    const buffer = new MemoryBuffer("stream");
    const shared = { owner, clock, log };
    const ownership = new SharedOwnership({
      ...shared,
      layout,
      leaseMs: LEASE_MS,
      leases: stores.leases,
    });
    const drain = new Drain({
      ...shared,
      node: "idle",
      roles: ["aggregate"],
      startedAt: clock.now(),
      nodes: stores.nodes,
    });
    const running = [
      ownership.run(signal),
      drain.run([ownership], signal),
      followLayout({
        ...shared,
        layout,
        buffer,
        store: stores.layouts,
        leases: stores.leases,
        ingest: null,
        divides: true,
        retentionMs: 600_000,
      }, signal),
      followOthers({
        stores: { feeds: stores.feeds, buffer },
        catalog: new Catalog(stores.instruments, calendars, {
          autoRegister: true,
        }),
        committed: knowsPositions ? Array(PARTITIONS).fill(BEFORE_FIRST) : null,
        clock,
        log,
      }, signal),
    ];
    const answered = async () => {
      do await turns(); while (count.underWay > 0);
    };
    const pass = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += STEP_MS) {
        await answered();
        await clock.advance(STEP_MS);
      }
      await answered();
    };
    await pass(START_MS);
    const before = count.transactions;
    await pass(COUNTED_SECONDS * 1_000);
    const transactions = count.transactions - before;

    assert(!drain.drained);
    await stores.nodes.drain("idle", true);
    await pass(1_500);
    assert(drain.drained, "what it is told it still hears soon");

    ends.abort();
    await Promise.all(running);
    return transactions / COUNTED_SECONDS;
  } finally {
    ends.abort();
    await warehouse.close();
  }
}

Deno.test("an idle process that makes candles has one transaction a round of leases", async () => {
  const perSecond = await idle({ knowsPositions: false });
  assert(perSecond >= 1 && perSecond <= 1.5, `${perSecond} a second`);
});

Deno.test("one that takes ticks or forecasts as well has one more for positions", async () => {
  const perSecond = await idle({ knowsPositions: true });
  assert(perSecond >= 1 && perSecond <= 2.5, `${perSecond} a second`);
});
