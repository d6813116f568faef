import assert from "node:assert/strict";
import { nextTurn } from "../pipeline/next_turn.ts";
import { Wakes } from "./wakes.ts";

Deno.test("Wakes gives others their turn before all of a crowd are woken", async () => {
  const wakes = new Wakes(64);
  let woken = 0;
  for (let i = 0; i < 1_000; i++) wakes.add(() => woken++);
  assert.equal(woken, 0);
  await nextTurn();
  assert.ok(woken > 0 && woken < 500, `${woken} in one turn`);
  for (let i = 0; i < 1_000 && woken < 1_000; i++) await nextTurn();
  assert.equal(woken, 1_000);
});

Deno.test("Wakes lets a crowd through in its order, some at a time", async () => {
  const wakes = new Wakes(2);
  const through: number[] = [];
  for (let i = 0; i < 10; i++) wakes.turn().then(() => through.push(i));
  await nextTurn();
  assert.deepEqual(through, [0, 1]);
  while (through.length < 10) await nextTurn();
  assert.deepEqual(through, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("Wakes rests for as long as a turn took, where it is to", async () => {
  const wakes = new Wakes(1, true);
  const at: number[] = [];
  const busyMs = 20;
  for (let i = 0; i < 3; i++) {
    wakes.turn().then(() => {
      const until = performance.now() + busyMs;
      while (performance.now() < until);
      at.push(until);
    });
  }
  while (at.length < 3) await nextTurn();
  for (const i of [1, 2]) {
    const restedMs = at[i] - busyMs - at[i - 1];
    assert.ok(restedMs > busyMs / 2, `${restedMs} ms`);
  }
});

Deno.test("Wakes wakes a client once, and not one that has left", async () => {
  const wakes = new Wakes(64);
  const woken: string[] = [];
  const one = () => void woken.push("one");
  const gone = () => void woken.push("gone");
  const again = () => {
    woken.push("again");
    if (woken.length < 3) wakes.add(again);
  };
  for (let i = 0; i < 3; i++) wakes.add(one);
  wakes.add(gone);
  wakes.delete(gone);
  wakes.add(again);
  while (woken.length < 3) await nextTurn();
  await nextTurn();
  assert.deepEqual(woken, ["one", "again", "again"]);
});
