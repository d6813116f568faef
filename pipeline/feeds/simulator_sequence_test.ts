import assert from "node:assert/strict";
import { chooseEpoch, epochOf, readEpoch } from "./simulator_sequence.ts";

const NOW = Date.UTC(2026, 10, 22, 12, 0, 30) / 1_000;
const HOUR = 3_600;
const given = { nowSecond: NOW, symbols: 5, historySeconds: 6 * HOUR };
const START = Date.UTC(2026, 10, 22, 6, 0) / 1_000;

Deno.test("epochOf() and readEpoch() are a pair", () => {
  for (const symbols of [1, 5, 59]) {
    assert.deepEqual(readEpoch(epochOf(START, symbols)), {
      startSecond: START,
      symbols,
    });
  }
  for (const epoch of [1, 7, START]) assert.equal(readEpoch(epoch), null);
});

Deno.test("chooseEpoch() begins six hours ago where nothing is known", () => {
  const epoch = chooseEpoch({ epoch: 1, resume_after: 0 }, given);
  assert.deepEqual(readEpoch(epoch), { startSecond: START, symbols: 5 });
});

Deno.test("chooseEpoch() goes on with an epoch of up to a day ago", () => {
  for (const hours of [0, 1, 17]) {
    const known = epochOf(START - hours * HOUR, 5);
    assert.equal(chooseEpoch({ epoch: known, resume_after: 0 }, given), known);
  }
  const old = epochOf(START - 240 * HOUR, 5);
  const recent = 239 * HOUR * 5;
  assert.equal(chooseEpoch({ epoch: old, resume_after: recent }, given), old);
});

Deno.test("chooseEpoch() begins anew after more than a day", () => {
  const old = epochOf(START - 30 * HOUR, 5);
  const epoch = chooseEpoch({ epoch: old, resume_after: 5 * HOUR }, given);
  assert.equal(readEpoch(epoch)?.startSecond, START);
});

Deno.test("chooseEpoch() begins after what other symbols have brought", () => {
  for (const resumeAfter of [0, 1, 1_000, 3 * HOUR * 4]) {
    for (const symbols of [3, 4, 6]) {
      const known = epochOf(START, symbols);
      const epoch = chooseEpoch(
        { epoch: known, resume_after: resumeAfter },
        given,
      );
      const reached = START + resumeAfter / symbols;
      const chosen = readEpoch(epoch);
      assert(epoch > known, "an epoch never falls");
      assert.equal(chosen?.symbols, 5);
      assert(
        chosen.startSecond >= reached && chosen.startSecond < reached + 120,
      );
    }
  }
});
