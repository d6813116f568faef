import assert from "node:assert/strict";
import { slotOf } from "./redis_slot.ts";

Deno.test("slotOf() gives the slots that CLUSTER KEYSLOT gives", () => {
  // asked of a Redis 7.0.15
  const slots: readonly (readonly [string, number])[] = [
    ["123456789", 12_739],
    ["", 0],
    ["foo", 12_182],
    ["{0}:ticks", 13_907],
    ["{15}:meta", 4_178],
    ["tickhouse:live:{3}:19", 1_584],
    ["{}:x", 5_106],
    ["a{b", 13_340],
    ["a{b}{c}", 3_300],
    ["a{}{c}", 2_440],
    ["é{ü}", 9_552],
  ];
  assert.deepEqual(slots.map(([key]) => [key, slotOf(key)]), slots);
});
