import assert from "node:assert/strict";
import fc from "fast-check";
import { packColumn, packPlainly } from "./pack_column.ts";

/** Values around a base, whole or not, that fit in int32, in u32, or in neither. */
const column = fc.tuple(
  fc.oneof(
    fc.integer({
      min: Number.MIN_SAFE_INTEGER,
      max: Number.MAX_SAFE_INTEGER,
    }),
    fc.constantFrom(0, -0, 1.5, 2 ** 53 - 1, 2 ** 53 + 2, -(2 ** 53), 1e300),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  ),
  fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: -9, max: 9 }) },
      fc.integer(),
      fc.constantFrom(2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, 2 ** 32),
      fc.constantFrom(0.5, NaN, Infinity),
    ),
    { maxLength: 12 },
  ),
).map(([base, more]) => Float64Array.from(more, (value) => base + value));

/** Columns of which each value is a step from the one before. */
const steps = fc.tuple(fc.nat(), fc.nat(12), fc.constantFrom(0, 1, 2, -1))
  .map(([first, n, step]) =>
    Float64Array.from({ length: n }, (_, i) => first + i * step)
  );

Deno.test("packColumn() packs any column as packPlainly() does", () => {
  fc.assert(
    fc.property(fc.oneof(column, steps), fc.nat(12), (values, most) => {
      const n = Math.min(most, values.length);
      const [quick, plain] = [new Uint32Array(12), new Uint32Array(12)];
      const packed = packColumn(values, n, quick);
      assert.deepEqual(packed, packPlainly(values, n, plain));
      if (packed.packing === 2) {
        assert.deepEqual(quick.subarray(0, n), plain.subarray(0, n));
      }
    }),
    { numRuns: 2_000 },
  );
});
