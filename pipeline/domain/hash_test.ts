import assert from "node:assert/strict";
import fc from "fast-check";
import { fnv1a, partitionOf } from "./hash.ts";

Deno.test("fnv1a() gives the published values", () => {
  // From the test vectors of the FNV reference code (32 bit, FNV-1a).
  const cases: [string, number][] = [
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["b", 0xe70c2de5],
    ["foobar", 0xbf9cf968],
  ];
  for (const [text, wanted] of cases) assert.equal(fnv1a(text), wanted, text);
});

Deno.test("partitionOf() is stable and within its partitions", () => {
  assert.equal(partitionOf("NIFTY50", 1), 0);
  fc.assert(fc.property(
    fc.string(),
    fc.integer({ min: 1, max: 1_024 }),
    (key, partitions) => {
      const p = partitionOf(key, partitions);
      assert.ok(Number.isInteger(p) && p >= 0 && p < partitions);
      assert.equal(partitionOf(key, partitions), p);
    },
  ));
});
