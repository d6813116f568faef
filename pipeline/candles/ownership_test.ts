import assert from "node:assert/strict";
import { PartitionLayout } from "../domain/partition_layout.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { MICROS_PER_MS } from "../domain/time.ts";
import type { LeaseRound, PartitionLease, Presence } from "../ports.ts";
import { partitionOf } from "../domain/hash.ts";
import { SharedOwnership } from "./ownership.ts";
import { silentLog } from "../silent_log.ts";

const LEASE_MS = 1_500;
const ROUND_MS = LEASE_MS / 5;

/** The warehouse's part: who is alive, and which partitions are free. */
class Warehouse {
  alive = 1;
  /** Partitions that nobody holds, unless this process does. */
  free: readonly number[] = [];
  /** Partitions that are another's by now. */
  readonly taken = new Set<number>();
  failing = false;

  /** Processes that have been killed: no word of them any more. */
  readonly killed = new Set<string>();
  readonly buried: string[] = [];
  #beatAt = new Map<string, number>();

  constructor(private readonly clock: ManualClock) {}

  // deno-lint-ignore require-await -- a failure must be a rejection
  async round(owner: string, { held, isCounted }: {
    readonly held: readonly PartitionLease[];
    readonly isCounted: boolean;
  }): Promise<LeaseRound> {
    if (this.failing) throw new Error("the warehouse is down");
    if (!isCounted) this.left.push(owner);
    this.meanwhile();
    const now = this.clock.now() / MICROS_PER_MS;
    const processes = Array.from({ length: this.alive }, (_, i) => {
      const owner = String.fromCharCode(97 + i);
      if (!this.killed.has(owner)) this.#beatAt.set(owner, now);
      const leftMs = this.#beatAt.get(owner)! + LEASE_MS - now;
      return { owner, leftMs };
    }).filter(({ leftMs }) => leftMs >= 0);
    const kept = held.map(({ p }) => p).filter((p) => !this.taken.has(p));
    const free = this.free.filter((p) => !kept.includes(p));
    return { processes, kept, free };
  }

  readonly left: string[] = [];

  /** What happens while it is asked. */
  meanwhile = () => {};

  /** What those hold. */
  readonly holds = new Map<string, readonly number[]>();

  bury(owners: readonly string[]): Promise<readonly number[]> {
    this.buried.push(...owners);
    return Promise.resolve(
      owners.flatMap((owner) => this.holds.get(owner) ?? []),
    );
  }
}

async function started(
  partitions: number,
  presence?: Presence,
  onGone?: () => void,
) {
  const clock = new ManualClock();
  const warehouse = new Warehouse(clock);
  const abort = new AbortController();
  const ownership = new SharedOwnership({
    owner: "a",
    layout: new PartitionLayout(partitions),
    leaseMs: LEASE_MS,
    leases: warehouse,
    presence,
    onGone,
    clock,
    log: silentLog,
  });
  const running = ownership.run(abort.signal);
  await clock.advance(0);
  return {
    clock,
    warehouse,
    ownership,
    /** Which partitions it is time to claim. */
    async turns(): Promise<readonly number[]> {
      const asked = new AbortController();
      const turns: number[] = [];
      const waits = Array.from({ length: partitions }, async (_, p) => {
        await ownership.turn(p, asked.signal);
        if (!asked.signal.aborted) turns.push(p);
      });
      await clock.advance(0);
      asked.abort();
      await Promise.all(waits);
      return turns.filter((p) => !ownership.owned.includes(p));
    },
    async end() {
      abort.abort();
      await running;
    },
  };
}

Deno.test("a process alone takes every partition", async () => {
  const { clock, warehouse, ownership, turns, end } = await started(3);
  assert.deepEqual(
    await turns(),
    [],
    "the warehouse has not said what is free",
  );
  warehouse.free = [0, 1, 2];
  await clock.advance(ROUND_MS);
  assert.deepEqual(await turns(), [0, 1, 2]);
  for (const p of [0, 1, 2]) ownership.onClaimed(p, 1);
  assert.deepEqual(ownership.owned, [0, 1, 2]);
  assert.equal(ownership.verdict(2), "keep");
  await end();
});

Deno.test("a process takes no more than its share, but in the end what nobody takes", async () => {
  const { clock, warehouse, ownership, turns, end } = await started(4);
  warehouse.alive = 2;
  warehouse.free = [0, 1, 2, 3];
  await clock.advance(ROUND_MS);
  const share = await turns();
  assert.equal(share.length, 2);
  for (const p of share) ownership.onClaimed(p, 1);
  assert.deepEqual(await turns(), []);
  await clock.advance(2 * LEASE_MS);
  assert.deepEqual(await turns(), []);
  await clock.advance(LEASE_MS);
  assert.equal((await turns()).length, 2);
  await end();
});

Deno.test("a partition that another was quicker to claim is followed by the next at once", async () => {
  const { clock, warehouse, ownership, turns, end } = await started(8);
  warehouse.alive = 4;
  warehouse.free = [0, 1, 2, 3, 4, 5, 6, 7];
  await clock.advance(ROUND_MS);
  const [first, second] = await turns();
  ownership.onClaiming(first);
  ownership.onLost(first);
  const next = await turns();
  assert.equal(next.length, 2);
  assert(next.includes(second) && !next.includes(first), String(next));
  await end();
});

Deno.test("processes begin at different partitions", async () => {
  const { clock, warehouse, ownership, turns, end } = await started(64);
  warehouse.alive = 64;
  warehouse.free = Array.from({ length: 64 }, (_, p) => p);
  await clock.advance(ROUND_MS);
  const [first] = await turns();
  assert.equal(first, partitionOf("a", 64));
  ownership.onLost(first);
  assert.deepEqual(await turns(), [(first + 1) % 64]);
  await end();
});

Deno.test("what is held may be claimed anew at any time, as after an outage", async () => {
  const { ownership, end } = await started(4);
  ownership.onClaimed(0, 1);
  await ownership.turn(0, new AbortController().signal);
  ownership.onClaiming(0);
  await ownership.turn(0, new AbortController().signal);
  await end();
});

Deno.test("of many partitions one that joins is given a quarter a round", async () => {
  const { clock, warehouse, ownership, end } = await started(64);
  const all = Array.from({ length: 64 }, (_, p) => p);
  for (const p of all) ownership.onClaimed(p, 1);
  const yields = () => all.filter((p) => ownership.verdict(p) === "yield");
  warehouse.alive = 2;
  await clock.advance(2 * ROUND_MS);
  assert.deepEqual(yields(), all.slice(56));
  for (const p of yields()) ownership.onLost(p);
  await clock.advance(ROUND_MS);
  assert.deepEqual(yields(), all.slice(50, 56));
  await end();
});

Deno.test("one that joins is given its share, a partition at a time", async () => {
  const { clock, warehouse, ownership, end } = await started(4);
  for (const p of [0, 1, 2, 3]) ownership.onClaimed(p, 1);
  warehouse.alive = 2;
  await clock.advance(ROUND_MS);
  assert.equal(ownership.verdict(3), "keep", "it may be gone again soon");
  await clock.advance(ROUND_MS);
  assert.equal(ownership.verdict(3), "yield");
  assert.equal(ownership.verdict(2), "keep");
  ownership.onLost(3);
  await clock.advance(ROUND_MS);
  assert.equal(ownership.verdict(2), "yield");
  // The one that joined is gone: nothing is to be given back any more.
  warehouse.alive = 1;
  await clock.advance(ROUND_MS);
  assert.equal(ownership.verdict(2), "keep");
  await end();
});

Deno.test("a partition whose lease another has is let go, unless it was claimed anew", async () => {
  const { clock, warehouse, ownership, end } = await started(2);
  for (const p of [0, 1]) ownership.onClaimed(p, 1);
  warehouse.taken.add(1);
  await clock.advance(ROUND_MS);
  assert.deepEqual(ownership.owned, [0]);
  assert.equal(ownership.verdict(1), "lost");
  await end();
});

Deno.test("a partition that is being claimed anew is not taken for lost", async () => {
  const { clock, warehouse, ownership, end } = await started(1);
  ownership.onClaimed(0, 1);
  ownership.onClaiming(0);
  warehouse.taken.add(0);
  await clock.advance(ROUND_MS);
  ownership.onClaimed(0, 2);
  assert.equal(ownership.verdict(0), "keep");
  await end();
});

Deno.test("a warehouse that does not answer takes nothing away by itself", async () => {
  const { clock, warehouse, ownership, end } = await started(1);
  ownership.onClaimed(0, 1);
  warehouse.failing = true;
  await clock.advance(3 * LEASE_MS);
  assert.equal(ownership.verdict(0), "keep");
  await end();
});

Deno.test("what a killed process held is freed once it is missed, and claimed at once", async () => {
  const missing: string[] = [];
  const { clock, warehouse, ownership, turns, end } = await started(4, {
    missing: () => Promise.resolve(missing),
  });
  warehouse.alive = 2;
  warehouse.holds.set("b", [2, 3]);
  await clock.advance(ROUND_MS);
  for (const p of [0, 1]) ownership.onClaimed(p, 1);
  warehouse.killed.add("b");
  missing.push("b");
  await clock.advance(ROUND_MS);
  assert.deepEqual(warehouse.buried, [], "it may only have lost its Redis");
  await clock.advance(ROUND_MS);
  assert.deepEqual(new Set(warehouse.buried), new Set(["b"]));
  assert.deepEqual(await turns(), [2, 3]);
  await end();
});

Deno.test("a killed process is told of once nothing that it stores counts any more", async () => {
  const missing: string[] = [];
  const buriedWhenTold: number[] = [];
  const { clock, warehouse, end } = await started(4, {
    missing: () => Promise.resolve(missing),
  }, () => buriedWhenTold.push(warehouse.buried.length));
  warehouse.alive = 2;
  warehouse.holds.set("b", [2, 3]);
  await clock.advance(ROUND_MS);
  warehouse.killed.add("b");
  missing.push("b");
  await clock.advance(2 * ROUND_MS);
  assert.deepEqual(buriedWhenTold.slice(0, 2), [0, 1]);
  await end();
});

Deno.test("a process that is missed but says that it is alive keeps what it holds", async () => {
  const { clock, warehouse, ownership, turns, end } = await started(4, {
    missing: (owners) => Promise.resolve(owners),
  });
  warehouse.alive = 2;
  await clock.advance(4 * LEASE_MS);
  assert.deepEqual(warehouse.buried, []);
  for (const p of [0, 1]) ownership.onClaimed(p, 1);
  assert.deepEqual(await turns(), []);
  await end();
});

Deno.test("a process that is there but silent keeps what it holds for a lease", async () => {
  const { clock, warehouse, ownership, turns, end } = await started(4, {
    missing: () => Promise.resolve([]),
  });
  warehouse.alive = 2;
  await clock.advance(ROUND_MS);
  for (const p of [0, 1]) ownership.onClaimed(p, 1);
  warehouse.killed.add("b");
  await clock.advance(LEASE_MS);
  assert.deepEqual(await turns(), []);
  // It looks again when the lease is over, not a round after.
  warehouse.free = [2, 3];
  await clock.advance(10);
  assert.deepEqual(await turns(), [2, 3]);
  assert.deepEqual(warehouse.buried, []);
  await end();
});

Deno.test("a process that is drained gives everything back at once, and is not counted", async () => {
  const { clock, warehouse, ownership, turns, end } = await started(2);
  warehouse.free = [0, 1];
  for (const p of [0, 1]) ownership.onClaimed(p, 1);
  ownership.drain();
  assert.deepEqual([0, 1].map((p) => ownership.verdict(p)), ["yield", "yield"]);
  ownership.onLost(0);
  await clock.advance(ROUND_MS);
  assert(warehouse.left.length > 0, "the others share all of it");
  await clock.advance(10 * LEASE_MS);
  assert.deepEqual(await turns(), [], "though nobody took it");
  // One that is still being claimed is given back as well.
  ownership.onClaimed(0, 2);
  assert.equal(ownership.verdict(0), "yield");
  ownership.resume();
  assert.equal(ownership.verdict(0), "keep");
  ownership.onLost(0);
  await clock.advance(ROUND_MS);
  assert.deepEqual(await turns(), [0]);
  await end();
});

Deno.test("a process that is drained while it asks who else is there gives everything back", async () => {
  const { clock, warehouse, ownership, end } = await started(4);
  warehouse.alive = 2;
  for (const p of [0, 1]) ownership.onClaimed(p, 1);
  warehouse.meanwhile = () => {
    warehouse.meanwhile = () => {};
    ownership.drain();
  };
  await clock.advance(3 * ROUND_MS);
  assert.deepEqual([0, 1].map((p) => ownership.verdict(p)), ["yield", "yield"]);
  await end();
});

Deno.test("whoever waits for a turn while its process is drained has it afterwards", async () => {
  const { clock, warehouse, ownership, end } = await started(1);
  warehouse.free = [0];
  await clock.advance(ROUND_MS);
  ownership.drain();
  let turned = 0;
  const turn = ownership.turn(0, new AbortController().signal)
    .then(() => turned++);
  await clock.advance(LEASE_MS);
  assert.equal(turned, 0);
  ownership.resume();
  await turn;
  await end();
});
