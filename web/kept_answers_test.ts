import assert from "node:assert/strict";
import { epochMicros } from "../pipeline/domain/time.ts";
import { KeptAnswers, type KeptOptions } from "./kept_answers.ts";

/** Answers that tell how many readings there were, on a clock that a test moves. */
function keptAt(options: KeptOptions) {
  let nowMs = 0;
  const sleepers: (() => void)[] = [];
  const kept = new KeptAnswers<number>({
    now: () => epochMicros(0),
    steadyMs: () => nowMs,
    sleep: () => new Promise<void>((wake) => sleepers.push(wake)),
  }, options);
  let readings = 0;
  return {
    pass: (seconds: number) => nowMs += seconds * 1_000,
    wake: async () => {
      for (const wake of sleepers.splice(0)) wake();
      await Promise.resolve();
    },
    ask: (name = "a") => kept.get(name, () => Promise.resolve(++readings)),
    fail: () => kept.get("a", () => Promise.reject(new Error("away"))),
    readings: () => readings,
  };
}

Deno.test("a kept answer is shared while it is fresh, and read anew after", async () => {
  const kept = keptAt({ freshS: 2 });
  assert.deepEqual(await Promise.all([kept.ask(), kept.ask()]), [1, 1]);
  kept.pass(1.9);
  assert.equal(await kept.ask(), 1);
  kept.pass(0.1);
  assert.equal(await kept.ask(), 2);
});

Deno.test("an older answer is given at once, and read anew once after that", async () => {
  const kept = keptAt({ freshS: 2, shownS: 60 });
  await kept.ask();
  kept.pass(30);
  assert.deepEqual(await Promise.all([kept.ask(), kept.ask()]), [1, 1]);
  assert.equal(kept.readings(), 1, "not yet");
  await kept.wake();
  assert.equal(await kept.ask(), 2);
  kept.pass(60);
  assert.equal(await kept.ask(), 3, "too old to be shown");
});

Deno.test("an answer that failed is not kept, and those kept have a bound", async () => {
  const kept = keptAt({ freshS: 60, max: 2 });
  await assert.rejects(kept.fail(), /away/);
  assert.equal(await kept.ask(), 1);
  await kept.ask("b");
  await kept.ask("c");
  assert.equal(await kept.ask(), 4, "the oldest had to go");
  assert.equal(await kept.ask("c"), 3);
});
