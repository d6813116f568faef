import assert from "node:assert/strict";
import fc from "fast-check";
import { readDecimal, readTime } from "./number_text.ts";

/** What may be a number, and is one more often than not. */
const NUMBER_LIKE = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."0011599.-"), maxLength: 20 }),
  fc.tuple(
    fc.constantFrom("", "-"),
    fc.bigInt({ min: 0n, max: 10n ** 18n }),
    fc.constantFrom("", ".", ".5", ".50", ".000", ".123456789", ".00000001"),
  ).map((parts) => parts.join("")),
);

Deno.test("plain digits are read as those with an exponent are", () => {
  fc.assert(fc.property(NUMBER_LIKE, (text) => {
    const read = readDecimal(`${text}e0`);
    assert.deepEqual(readDecimal(text), read, text);
    if (read === "syntax") return;
    assert.equal(readTime(text), readTime(`${text}e0`), text);
  }));
});
