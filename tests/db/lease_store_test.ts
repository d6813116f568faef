import assert from "node:assert/strict";
import { ManualClock } from "../../pipeline/testing/manual_clock.ts";
import { PartitionLayout } from "../../pipeline/domain/partition_layout.ts";
import type { PartitionLease } from "../../pipeline/ports.ts";
import { LeaseTerm } from "../../db/lease_term.ts";
import { PgLeaseStore } from "../../db/lease_store.ts";
import { until } from "../harness/program.ts";
import {
  NOW,
  onBothDatabases,
  PARTITIONS,
  StillClock,
  Writer,
} from "./testing.ts";

const NEVER_MS = 3_600_000;
const SOON_MS = 20;

Deno.test("a lease is longer where the database answers slowly, for as long as it does", async () => {
  const clock = new ManualClock();
  const term = new LeaseTerm(1_500, clock);
  assert.equal(term.ms, 1_500);
  const call = async (ms: number) => {
    const learned = term.learn(() => clock.sleep(ms));
    await clock.advance(ms);
    await learned;
  };
  await call(250);
  assert.equal(term.ms, 1_500);
  await call(2_000);
  assert.equal(term.ms, 6_750);
  await call(6_000);
  assert.equal(term.ms, 15_750);
  for (let i = 0; i < 100; i++) await call(1);
  assert.equal(term.ms, 1_500);
});

Deno.test("a lease is not longer because the process itself was stopped", async () => {
  const clock = new StillClock(NOW);
  const term = new LeaseTerm(1_500, clock);
  await term.learn(() => {
    clock.advance(60_000_000);
    return Promise.resolve();
  });
  assert.equal(term.ms, 1_500);
});

await onBothDatabases((warehouse, test) => {
  const { db, aggregate, clock } = warehouse;
  const layout = new PartitionLayout(PARTITIONS);
  const leasesOf = (ms: number) =>
    new PgLeaseStore(db, new LeaseTerm(ms, clock), layout);
  const leases = leasesOf(NEVER_MS);
  const short = leasesOf(SOON_MS);

  const round = (held: readonly PartitionLease[]) =>
    leases.round("rounds", { held, isCounted: false });
  const beat = async (owner: string, by = leases) =>
    (await by.round(owner, { held: [], isCounted: true })).processes;
  const alive = async (owner: string) =>
    (await beat(owner)).map((one) => one.owner).sort();

  test("round() says who is alive, however many say so at once", async () => {
    const owners = Array.from({ length: 8 }, (_, i) => `beat-${i}`);
    await Promise.all(
      Array.from({ length: 5 }, () => owners.map((o) => beat(o))).flat(),
    );
    assert.deepEqual(await alive(owners[0]), owners);
    for (const owner of owners.slice(1)) await leases.leave(owner);
    const [{ leftMs }] = await beat(owners[0]);
    assert(leftMs > NEVER_MS / 2 && leftMs <= NEVER_MS, String(leftMs));
    await beat("gone soon", short);
    await until(
      "the silent one is gone",
      () => alive(owners[0]),
      (list) => list.length === 1,
    );
    await leases.leave(owners[0]);
  });

  test("bury() frees at once what a process holds, and fences it", async () => {
    const p = PARTITIONS - 2;
    const writer = await Writer.claim(warehouse, p);
    const [{ owner }] = await db.query<{ owner: string }>(
      "select owner from offsets where p = $1::int",
      [p],
    );
    assert.equal(await aggregate.claim(p, "another"), null);
    assert.equal(await leases.hold("its task", owner), true);
    assert.deepEqual(await leases.bury([owner]), [p]);
    const { leaseEpoch } = writer.state;
    assert.deepEqual((await round([{ p, leaseEpoch }])).kept, []);
    const next = await aggregate.claim(p, "another");
    assert.equal(next?.leaseEpoch, writer.state.leaseEpoch + 1);
    assert.deepEqual(await aggregate.commit(writer.next()), { kind: "fenced" });
    assert.equal(await leases.hold("its task", "another"), true);
    await leases.leave("another");
    await aggregate.release(p, next!.leaseEpoch);
  });

  test("hold() gives a task to one, until it leaves or its lease runs out", async () => {
    assert.equal(await leases.hold("task", "a"), true);
    assert.equal(await leases.hold("task", "b"), false);
    assert.equal(await leases.hold("task", "a"), true);
    assert.equal(await leases.hold("other", "b"), true);
    await leases.leave("a");
    assert.equal(await short.hold("task", "b"), true);
    await until(
      "the lease has run out",
      () => leases.hold("task", "c"),
      (held) => held,
    );
    for (const owner of ["b", "c"]) await leases.leave(owner);
  });

  test("round() keeps what is ours, and not what was released or taken", async () => {
    const p = PARTITIONS - 1;
    const { state } = await Writer.claim(warehouse, p);
    const ours = { p, leaseEpoch: state.leaseEpoch };
    const kept = async (...held: readonly PartitionLease[]) =>
      (await round(held)).kept;
    assert.deepEqual(await kept(ours), [p]);
    assert.deepEqual(
      await kept({ p, leaseEpoch: state.leaseEpoch - 1 }),
      [],
    );
    assert.equal(await aggregate.claim(p, "another"), null);
    await aggregate.release(p, state.leaseEpoch);
    assert.deepEqual(await kept(ours), []);
    const next = await aggregate.claim(p, "another");
    assert.equal(next?.leaseEpoch, state.leaseEpoch + 1);
    assert.deepEqual(await kept(ours), []);
    await aggregate.release(p, next!.leaseEpoch);
  });

  test("round() names what nobody holds, also what never was claimed", async () => {
    await db.query("delete from offsets where p = 0");
    const { state } = await Writer.claim(warehouse, 1);
    const held = { p: 1, leaseEpoch: state.leaseEpoch };
    const free = async (at = leases) =>
      (await at.round("rounds", { held: [], isCounted: false })).free;
    assert((await free()).includes(0));
    assert(!(await free()).includes(1));
    assert(!(await free()).includes(PARTITIONS), "there are no more");
    await aggregate.release(1, held.leaseEpoch);
    assert((await free()).includes(1));
    // Streams of another division are not ours to claim.
    const divided = new PartitionLayout(PARTITIONS);
    divided.become([...[PARTITIONS, 2 * PARTITIONS].map((partitions, i) => ({
      partitions,
      tag: i === 0 ? "" : "next",
    }))]);
    const later = new PgLeaseStore(db, new LeaseTerm(NEVER_MS, clock), divided);
    assert(!(await free(later)).includes(1));
    assert((await free(later)).includes(2 * PARTITIONS - 1));
  });

  test("round() writes a lease anew only once much of it is over", async () => {
    const p = 2;
    const { state } = await Writer.claim(warehouse, p);
    const held = [{ p, leaseEpoch: state.leaseEpoch }];
    const until = async () => {
      const [row] = await db.query<{ left: number; version: string }>(
        `select (1000 * extract(epoch from lease_until - now()))::float8 as left,
          xmin::text as version from offsets where p = $1::int`,
        [p],
      );
      return row;
    };
    const claimed = await until();
    const same = leasesOf(claimed.left);
    await same.round("rounds", { held, isCounted: false });
    assert.equal((await until()).version, claimed.version);
    const longer = leasesOf(2 * claimed.left);
    await longer.round("rounds", { held, isCounted: false });
    assert((await until()).left > 1.5 * claimed.left);
    await aggregate.release(p, state.leaseEpoch);
  });
});
