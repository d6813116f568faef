import assert from "node:assert/strict";
import { tableOf } from "./targets.ts";

Deno.test("a target is missed by the measure of the machine's calibration", () => {
  const fast = tableOf({ tick: 7 }, {}, 11);
  assert.deepEqual(fast.missed, []);
  // Twice as quick a machine must need half the time.
  assert.deepEqual(tableOf({ tick: 7 }, {}, 5.5).missed.length, 1);
  assert.deepEqual(tableOf({ panP95: 16.8 }, {}, 5.5).missed, []);
  assert.deepEqual(tableOf({ panP95: 33.4 }, {}, 22).missed.length, 1);
});

Deno.test("being slower than lightweight-charts at any size is a miss", () => {
  const { missed, lines } = tableOf(
    { tick500: 3, tickAll: 9 },
    { tick500: 4, tickAll: 8 },
    11,
  );
  assert.deepEqual(missed, ["tickAll quicker than lightweight-charts"]);
  assert.equal(lines.filter((line) => /MISSED/.test(line)).length, 1);
});
