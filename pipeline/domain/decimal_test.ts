import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatScaled,
  parseDecimal,
  parseScaled,
  powerOfTen,
  rescale,
  toFloat,
} from "./decimal.ts";

const safe = fc.maxSafeInteger();
const scale = fc.integer({ min: 0, max: 8 });

Deno.test("what formatScaled() writes, parseScaled() reads", () => {
  fc.assert(fc.property(safe, scale, (units, scale) => {
    const text = formatScaled(units, scale);
    assert.equal(parseScaled(text, scale), units === 0 ? 0 : units);
    assert.equal((text.split(".")[1] ?? "").length, scale);
    assert.equal(formatScaled(BigInt(units), scale), text);
  }));
});

Deno.test("parseDecimal() cuts zeros that do not matter, and nothing else", () => {
  const cases: [string, [number, number] | null][] = [
    ["24321.50", [243215, 1]],
    ["24321", [24321, 0]],
    ["-0.0025", [-25, 4]],
    ["007.10", [71, 1]],
    ["5.", [5, 0]],
    ["0.000", [0, 0]],
    ["-0", [0, 0]],
    ["0.123456780", [12345678, 8]],
    ["0.123456789", null],
    ["1e5", null],
    ["1.2.3", null],
    ["", null],
    [".5", null],
    ["-", null],
    ["+1", null],
    [" 1", null],
    ["1,000", null],
    ["9007199254740991", [Number.MAX_SAFE_INTEGER, 0]],
    ["9007199254740993", null],
    ["NaN", null],
  ];
  for (const [text, wanted] of cases) {
    const got = parseDecimal(text);
    assert.deepEqual(got && [got.units, got.scale], wanted, text);
    if (got) assert.ok(!Object.is(got.units, -0), text);
  }
});

Deno.test("rescale() is exact or null", () => {
  fc.assert(fc.property(safe, scale, scale, (units, from, to) => {
    const got = rescale(units, from, to);
    const wide = BigInt(units) * 10n ** 8n;
    const exact = to >= from
      ? BigInt(units) * 10n ** BigInt(to - from)
      : wide % 10n ** BigInt(8 + from - to) === 0n
      ? wide / 10n ** BigInt(8 + from - to)
      : null;
    const fits = exact !== null &&
      exact >= -BigInt(Number.MAX_SAFE_INTEGER) &&
      exact <= BigInt(Number.MAX_SAFE_INTEGER);
    assert.equal(got === null ? null : BigInt(got), fits ? exact : null);
  }));
});

Deno.test("parseScaled() says what it wanted", () => {
  assert.throws(
    () => parseScaled("1.005", 2),
    /Cannot read "1\.005" at scale 2 as it must be plain digits with at most 2/,
  );
});

Deno.test("powerOfTen() and toFloat() know scales 0 to 8", () => {
  assert.equal(powerOfTen(8), 100_000_000);
  assert.throws(() => powerOfTen(9));
  assert.equal(toFloat(2432155, 2), 24321.55);
});
