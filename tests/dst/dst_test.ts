import assert from "node:assert/strict";
import type { Fault } from "./sim_process.ts";
import { replayCommand, runSeed } from "./run_seed.ts";
import { SimRandom, withSeededGlobals } from "./sim_random.ts";
import {
  type PlannedDivision,
  type RunResult,
  runScenario,
} from "./sim_world.ts";

/** Fewer where only a part is wanted, as for mutants. */
const SEEDS = Number(Deno.env.get("DST_SEEDS") ?? 2_000);

Deno.test("a seed stands for one run, event by event", async () => {
  const seeds = Array.from({ length: 20 }, (_, i) => i + 1);
  const hashes: number[] = [];
  for (const seed of seeds) hashes.push((await runSeed(seed)).hash);
  for (const [i, seed] of seeds.entries()) {
    assert.equal((await runSeed(seed)).hash, hashes[i], `seed ${seed}`);
  }
  assert.equal(new Set(hashes).size, seeds.length);
});

Deno.test(`whatever fails, every line is counted once: ${SEEDS} seeds`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { failure } = await runSeed(seed);
    if (failure === null) continue;
    throw new Error(`Seed ${seed} fails; see it with: ${replayCommand(seed)}`, {
      cause: failure,
    });
  }
});

/** One scenario, in which call number `k` goes wrong and nothing else does. */
function runWithFault(
  k: number,
  fault: Fault,
  into: PlannedDivision["into"],
): Promise<RunResult> {
  const random = new SimRandom(7);
  return withSeededGlobals(random, () =>
    runScenario({
      partitions: 2,
      processes: 1,
      feeds: 1,
      linesPerFeed: 60,
      lengthMs: 600,
      accidents: [],
      divisions: [{ atMs: 200, into, giveUpAtMs: null }],
      faults: ({ number }) => number === k ? fault : "none",
    }, random));
}

for (const fault of ["before", "after", "zombie", "crash_after"] as const) {
  for (const into of [{ by: 2 }, { pins: ["AAA"] }]) {
    const name = `${fault}, ${"by" in into ? "divided" : "pinned"}`;
    Deno.test(`each call may fail, one after the other: ${name}`, async () => {
      const { calls, failure } = await runWithFault(0, fault, into);
      assert.equal(failure, null);
      assert.ok(calls > 100, `${calls} calls are too few to show anything`);
      for (let k = 1; k <= calls; k++) {
        const { failure } = await runWithFault(k, fault, into);
        if (failure === null) continue;
        throw new Error(`Fails with ${name} at call ${k}`, { cause: failure });
      }
    });
  }
}
