import assert from "node:assert/strict";
import { streamEntry } from "../domain/entry.ts";
import { epochMicros } from "../domain/time.ts";
import { BEFORE_FIRST, type EntryId } from "../ports.ts";
import { OwnEntries, type OwnEntry } from "./own_entries.ts";

const MEBIBYTE = 1_048_576;
const ALL = { maxEntries: 1_000, maxBytes: 1e9 };

function idOf(n: number): EntryId {
  return `${n}-0` as EntryId;
}

/** The `n`th entry of a stream that has each number. */
function appended(n: number, more: Partial<OwnEntry> = {}): OwnEntry {
  return {
    id: idOf(n),
    before: idOf(n - 1),
    entry: streamEntry({ kind: "ticks", receivedAt: epochMicros(n) }),
    incarnation: "first",
    server: "one",
    encodedBytes: 100,
    bytes: 1_000,
    ...more,
  };
}

/** Of a stream that was read from `after` on. */
function reading(after = BEFORE_FIRST) {
  const own = new OwnEntries();
  const following = (after: EntryId, most: Partial<typeof ALL> = {}, now = 0) =>
    own.following("a", after, { ...ALL, ...most }, now)?.entries
      .map(({ id }) => id) ?? null;
  assert.equal(following(after), null);
  return { own, following };
}

Deno.test("OwnEntries has what was appended to a stream that is read, until it was read past", () => {
  const own = new OwnEntries();
  own.keep("a", appended(1), 0);
  assert.equal(own.following("a", BEFORE_FIRST, ALL, 0), null);
  const [first, second] = [appended(1), appended(2)];
  own.keep("a", first, 0);
  own.keep("a", second, 0);
  own.keep("b", appended(1), 0);
  const run = own.following("a", BEFORE_FIRST, ALL, 0);
  assert.deepEqual(run, {
    incarnation: "first",
    server: "one",
    entries: [
      { id: first.id, entry: first.entry },
      { id: second.id, entry: second.entry },
    ],
  });
  assert.deepEqual(own.following("a", first.id, ALL, 0)?.entries, [
    { id: second.id, entry: second.entry },
  ]);
  assert.equal(own.following("a", second.id, ALL, 0), null);
  assert.equal(own.following("a", BEFORE_FIRST, ALL, 0), null);
});

Deno.test("OwnEntries gives as many as were asked for, and one at least", () => {
  const { own, following } = reading();
  for (let n = 1; n <= 5; n++) own.keep("a", appended(n), 0);
  assert.deepEqual(following(BEFORE_FIRST, { maxEntries: 2 }), [
    idOf(1),
    idOf(2),
  ]);
  assert.deepEqual(following(BEFORE_FIRST, { maxBytes: 350 }), [
    idOf(1),
    idOf(2),
    idOf(3),
  ]);
  assert.deepEqual(following(BEFORE_FIRST, { maxBytes: 1 }), [idOf(1)]);
});

Deno.test("OwnEntries says nothing where somebody else's entry lies between", () => {
  const { own, following } = reading(idOf(3));
  own.keep("a", appended(5), 0);
  assert.equal(following(idOf(3)), null);
  assert.deepEqual(following(idOf(4)), [idOf(5)]);
  own.keep("a", appended(7), 0);
  own.keep("a", appended(8), 0);
  assert.deepEqual(following(idOf(4)), [idOf(5)]);
  assert.equal(following(idOf(5)), null);
  own.keep("a", appended(9), 0);
  assert.deepEqual(following(idOf(8)), [idOf(9)]);
});

Deno.test("OwnEntries has one run of one stream and server", () => {
  for (const other of [{ incarnation: "second" }, { server: "two" }]) {
    const { own, following } = reading();
    own.keep("a", appended(1), 0);
    own.keep("a", appended(2, other), 0);
    assert.deepEqual(following(BEFORE_FIRST), [idOf(1)]);
    own.forget("a");
    assert.equal(following(BEFORE_FIRST), null);
  }
});

Deno.test("OwnEntries keeps no more than there is room for", () => {
  const { own, following } = reading();
  for (let n = 1; n <= 100; n++) {
    own.keep("a", appended(n, { bytes: MEBIBYTE }), 0);
  }
  const kept = following(BEFORE_FIRST)!.length;
  assert(kept >= 4 && kept < 100, `${kept} kept`);
  assert.equal(following(idOf(100)), null);
  own.keep("a", appended(101, { bytes: MEBIBYTE }), 0);
  assert.deepEqual(following(idOf(100)), [idOf(101)]);
});

Deno.test("OwnEntries lets go of a stream that is not read any more", () => {
  const { own, following } = reading();
  own.keep("a", appended(1, { bytes: 15 * MEBIBYTE }), 0);
  own.following("b", BEFORE_FIRST, ALL, 60_000);
  own.keep("b", appended(1, { bytes: 15 * MEBIBYTE }), 60_000);
  assert.equal(
    own.following("b", BEFORE_FIRST, ALL, 60_000)?.entries.length,
    1,
  );
  assert.equal(following(BEFORE_FIRST, {}, 60_000), null);
});
