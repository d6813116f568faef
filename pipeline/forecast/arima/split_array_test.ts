import assert from "node:assert/strict";
import { splitArray, takeArray, withArena } from "./split_array.ts";

Deno.test("splitArray() gives arrays of 0 that do not overlap, again and again", () => {
  for (let round = 0; round < 3; round++) {
    withArena(() => {
      const arrays = [...splitArray(3, 5), takeArray(4), ...splitArray(2, 0)];
      for (const one of arrays) assert.ok(one.every((x) => x === 0));
      arrays.forEach((one, i) => one.fill(i + 1));
      arrays.forEach((one, i) => assert.ok(one.every((x) => x === i + 1)));
    });
  }
});

Deno.test("arrays made outside of an arena are not touched by one, nor those that do not fit", () => {
  const before = takeArray(10).fill(7);
  const huge = withArena(() => {
    takeArray(10).fill(1);
    return takeArray(1 << 20).fill(3);
  });
  withArena(() => takeArray(1 << 17).fill(2));
  assert.ok(before.every((x) => x === 7));
  assert.ok(huge.every((x) => x === 3));
});

Deno.test("an arena ends with what it ran, be it by an error", () => {
  assert.throws(() =>
    withArena(() => {
      throw new Error("odd");
    })
  );
  const after = takeArray(8).fill(5);
  withArena(() => takeArray(1 << 16).fill(2));
  assert.ok(after.every((x) => x === 5));
});
