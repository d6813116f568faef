import assert from "node:assert/strict";
import { sameProps } from "./memo.ts";

Deno.test("sameProps() compares values one deep", () => {
  const list = [1];
  assert.ok(sameProps({ a: 1, b: list }, { b: list, a: 1 }));
  assert.ok(sameProps({ a: NaN }, { a: NaN }));
  assert.ok(!sameProps({ a: [1] }, { a: [1] }));
  assert.ok(!sameProps({ a: 1 }, { a: 1, b: undefined }));
  assert.ok(!sameProps({ a: 1, b: undefined }, { a: 1 }));
});
