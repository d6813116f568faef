import assert from "node:assert/strict";
import { silentLog } from "../silent_log.ts";
import { GoneProcesses } from "./gone_processes.ts";

const LEASE_MS = 1_000;

function world(missing: readonly string[] = []) {
  const state = { missing, told: 0 };
  const processes = new GoneProcesses({
    owner: "self",
    leaseMs: LEASE_MS,
    presence: {
      missing: (owners) =>
        Promise.resolve(owners.filter((one) => state.missing.includes(one))),
    } as ConstructorParameters<typeof GoneProcesses>[0]["presence"],
    onGone: () => state.told++,
    log: silentLog,
  });
  return { state, processes };
}

const beat = (owner: string, leftMs: number) => ({ owner, leftMs });

Deno.test("a process that was seen alive is told of once when it is gone", async () => {
  const { state, processes } = world();
  await processes.look([beat("a", 900), beat("b", 900)]);
  state.missing = ["a"];
  for (const leftMs of [650, 400, 100]) {
    await processes.look([beat("a", leftMs), beat("b", 900)]);
  }
  assert.equal(state.told, 1);
});

Deno.test("who has only just come leaves it to the others to tell", async () => {
  const { state, processes } = world(["old"]);
  const { gone } = await processes.look([beat("old", 400), beat("b", 900)]);
  assert.deepEqual([...gone], ["old"]);
  assert.equal(state.told, 0);
});

Deno.test("the only one that is left tells, though it has only just come", async () => {
  const { state, processes } = world(["old"]);
  await processes.look([beat("self", 900), beat("old", 400)]);
  assert.equal(state.told, 1);
});
