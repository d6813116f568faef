import assert from "node:assert/strict";
import {
  PINNED_MAX,
  pinnedFromCookie,
  pinnedToCookie,
  togglePinned,
} from "./pinned.ts";

Deno.test("pinned symbols survive the cookie, whatever they are made of", () => {
  const symbols = ["NIFTY50", "EUR/USD", "A.B:C-1"];
  const [pair] = pinnedToCookie(symbols).split(";");
  assert.deepEqual(pinnedFromCookie(`other=1; ${pair}; x=2`), symbols);
});

Deno.test("a cookie that is absent, empty or broken pins nothing", () => {
  const broken = ["", "a=b", "tickhouse_pinned=", "tickhouse_pinned=%E0%A4"];
  for (const cookies of [null, ...broken]) {
    assert.deepEqual(pinnedFromCookie(cookies), [], String(cookies));
  }
  assert.match(pinnedToCookie([]), /Max-Age=0/);
});

Deno.test("togglePinned() pins and lets go, and forgets the oldest of too many", () => {
  assert.deepEqual(togglePinned(["A"], "B"), ["A", "B"]);
  assert.deepEqual(togglePinned(["A", "B"], "A"), ["B"]);
  const full = Array.from({ length: PINNED_MAX }, (_, i) => `S${i}`);
  const more = togglePinned(full, "NEW");
  assert.equal(more.length, PINNED_MAX);
  assert.equal(more.at(-1), "NEW");
  assert.ok(!more.includes("S0"));
});
