import assert from "node:assert/strict";
import fc from "fast-check";
import { streamEntry } from "../domain/entry.ts";
import { epochMicros } from "../domain/time.ts";
import { arbitraryEntry, columnsOf } from "./testing/arbitrary_entry.ts";
import { CorruptEntryError, decodeEntry, encodeEntry } from "./tick_codec.ts";

Deno.test("decodeEntry() gives back any entry that encodeEntry() took", () => {
  fc.assert(fc.property(arbitraryEntry, (entry) => {
    assert.deepEqual(decodeEntry(encodeEntry(entry)), entry);
  }));
});

Deno.test("decodeEntry() reads a blob that lies inside a larger one", () => {
  fc.assert(fc.property(arbitraryEntry, fc.nat(20), (entry, offset) => {
    const bytes = encodeEntry(entry);
    const larger = new Uint8Array(bytes.length + offset + 3);
    larger.set(bytes, offset);
    const inside = larger.subarray(offset, offset + bytes.length);
    assert.deepEqual(decodeEntry(inside), entry);
  }));
});

Deno.test("encodeEntry() takes only the rows that columns hold", () => {
  const ticks = columnsOf(Array.from({ length: 9 }, (_, i) => ({
    symbol: i % 2,
    ts: 1e15 + i * i,
    price: 100 - i,
    size: i * 1e10,
    seq: 7 + i,
  })));
  ticks.length = 4;
  const entry = streamEntry({
    kind: "ticks",
    receivedAt: epochMicros(1),
    ticks,
  });
  const back = decodeEntry(encodeEntry(entry)).ticks;
  assert.equal(back.length, 4);
  assert.deepEqual([...back.price], [100, 99, 98, 97]);
  assert.deepEqual([...back.size], [0, 1e10, 2e10, 3e10]);
});

Deno.test("decodeEntry() notices a torn blob", () => {
  fc.assert(
    fc.property(arbitraryEntry, fc.nat(), (entry, cut) => {
      const bytes = encodeEntry(entry);
      const torn = bytes.subarray(0, cut % bytes.length);
      assert.throws(() => decodeEntry(torn), CorruptEntryError);
    }),
  );
});

Deno.test("decodeEntry() notices any flipped bit", () => {
  fc.assert(
    fc.property(arbitraryEntry, fc.nat(), fc.nat(7), (entry, at, bit) => {
      const bytes = encodeEntry(entry);
      bytes[at % bytes.length] ^= 1 << bit;
      assert.throws(() => decodeEntry(bytes), CorruptEntryError);
    }),
  );
});

Deno.test("encodeEntry() packs usual ticks in at most 16 bytes each", () => {
  const ticks = columnsOf(Array.from({ length: 500 }, (_, i) => ({
    symbol: i % 5,
    ts: 1.7e15 + i * 2_000,
    price: 2_432_155 + (i % 17),
    size: i % 100,
    seq: 48_211 + i,
  })));
  const bytes = encodeEntry(streamEntry({
    kind: "ticks",
    receivedAt: epochMicros(1.7e15),
    ticks,
  }));
  assert(bytes.length < 500 * 16, `${bytes.length} bytes`);
});
