import assert from "node:assert/strict";
import { furtherMinutes, MinuteSpread } from "./minute_spread.ts";
import { tickColumns } from "./tick.ts";

const MINUTE = 60_000_000;

function countOf(...ticks: readonly (readonly [number, number])[]): number {
  const spread = new MinuteSpread();
  for (const [slot, ts] of ticks) spread.add(slot, ts);
  return spread.count;
}

Deno.test("MinuteSpread counts no symbol's first minute", () => {
  assert.equal(countOf(), 0);
  assert.equal(countOf([0, 0], [1, 5 * MINUTE], [0, MINUTE - 1]), 0);
});

Deno.test("MinuteSpread counts each minute that a symbol goes on to, or back", () => {
  assert.equal(countOf([0, 0], [0, MINUTE], [0, MINUTE], [0, 2 * MINUTE]), 2);
  assert.equal(countOf([0, MINUTE], [0, MINUTE - 1], [1, 0], [1, MINUTE]), 2);
});

Deno.test("MinuteSpread counts once between two minutes, and each time among three", () => {
  const late = [[0, MINUTE], [0, 0]] as const;
  assert.equal(countOf(...late, ...late, ...late), 1);
  const three = [...late, [0, 2 * MINUTE]] as const;
  assert.equal(countOf(...three, ...three), 5);
});

Deno.test("MinuteSpread begins anew", () => {
  const spread = new MinuteSpread();
  spread.add(0, 0);
  spread.add(0, MINUTE);
  spread.clear();
  spread.add(0, 9 * MINUTE);
  assert.equal(spread.count, 0);
});

Deno.test("furtherMinutes() is of all ticks of an entry", () => {
  const ticks = tickColumns(6);
  ticks.length = 6;
  ticks.symbol.set([1, 0, 1, 0, 1, 0]);
  ticks.ts.set([0, 0, MINUTE, MINUTE, 2 * MINUTE, MINUTE]);
  assert.equal(furtherMinutes(ticks), 3);
});
