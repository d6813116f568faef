import assert from "node:assert/strict";
import fc from "fast-check";
import { partitionOf } from "./hash.ts";
import {
  PartitionLayout,
  readDivisions,
  writeDivision,
} from "./partition_layout.ts";
import { type Division, mapsOf } from "./partition_map.ts";

const written = (divisions: readonly Division[]) =>
  divisions.map(writeDivision).join(" ");

/** Symbols, some of them to be pinned, and divisions of both kinds. */
const HISTORIES = fc.record({
  first: fc.integer({ min: 1, max: 16 }),
  symbols: fc.uniqueArray(fc.stringMatching(/^[A-Z0-9][A-Z0-9:/-]{0,5}$/), {
    minLength: 1,
    maxLength: 20,
  }),
  steps: fc.array(
    fc.oneof(
      fc.record({ by: fc.integer({ min: 2, max: 4 }) }),
      fc.record({ pin: fc.integer({ min: 1, max: 3 }) }),
    ),
    { maxLength: 5 },
  ),
}).map(({ first, symbols, steps }) => {
  const divisions: Division[] = [{ partitions: first, tag: "" }];
  let [partitions, hashed, pinned] = [first, first, 0];
  for (const [i, step] of steps.entries()) {
    if ("by" in step) {
      partitions += hashed * (step.by - 1);
      hashed *= step.by;
      divisions.push({ partitions, tag: `t${i}` });
      continue;
    }
    const pins = symbols.slice(pinned, pinned + step.pin);
    if (pins.length === 0) continue;
    pinned += pins.length;
    partitions += pins.length;
    divisions.push({ partitions, tag: `t${i}`, pins });
  }
  return { divisions, symbols: [...symbols, "feed", ""] };
});

Deno.test("divisions are read as a warehouse keeps them", () => {
  const cases: [string, Division[]][] = [
    ["4", [{ partitions: 4, tag: "" }]],
    ["4 8/k3f9a2 24/1", [
      { partitions: 4, tag: "" },
      { partitions: 8, tag: "k3f9a2" },
      { partitions: 24, tag: "1" },
    ]],
    ["4 6/a+BTC/USD+N:50 10/b 11/c+X", [
      { partitions: 4, tag: "" },
      { partitions: 6, tag: "a", pins: ["BTC/USD", "N:50"] },
      { partitions: 10, tag: "b" },
      { partitions: 11, tag: "c", pins: ["X"] },
    ]],
  ];
  for (const [text, divisions] of cases) {
    assert.deepEqual(readDivisions(text), divisions);
    assert.equal(written(divisions), text);
  }
  const wrong = ["", "0", "x", "4 6/a", "4 4/a", "8 4/a", "4  8/a"];
  const wrongPins = [
    ...["4+A", "4 5/a+", "4 6/a+A", "4 6/a+A+A", "4 5/a+A 6/b+A"],
    "4 5/a+A 10/b",
  ];
  for (const text of [...wrong, ...wrongPins]) {
    assert.equal(readDivisions(text), null, text);
  }
});

Deno.test("a division only adds partitions, parts of those that were there", () => {
  fc.assert(fc.property(HISTORIES, ({ divisions, symbols }) => {
    assert.deepEqual(readDivisions(written(divisions)), divisions);
    const maps = mapsOf(divisions);
    for (const [i, map] of maps.entries()) {
      const before = maps[i - 1];
      const parts = before?.partsOf(map) ?? [];
      assert.deepEqual(
        parts.map(({ part }) => part),
        Array.from(
          { length: before ? map.partitions - before.partitions : 0 },
          (_, i) => before.partitions + i,
        ),
      );
      for (const symbol of symbols) {
        const p = map.of(symbol);
        assert(p >= 0 && p < map.partitions);
        if (before === undefined) continue;
        const part = parts.find(({ part }) => part === p);
        assert.equal(part?.of ?? p, before.of(symbol), symbol);
      }
    }
  }));
});

Deno.test("a pinned symbol is alone for good, and the others are spread as without it", () => {
  fc.assert(fc.property(HISTORIES, ({ divisions, symbols }) => {
    const pinned = new Set<string>();
    let hashed = 0;
    let before = 0;
    for (const map of mapsOf(divisions)) {
      const { pins } = map;
      if (pins === undefined) hashed += map.partitions - before;
      for (const symbol of pins ?? []) pinned.add(symbol);
      before = map.partitions;
      const rest = symbols.filter((symbol) => !pinned.has(symbol));
      for (const symbol of pinned) {
        const p = map.of(symbol);
        assert.equal(p, map.pinned.get(symbol));
        const others = symbols.filter((other) => other !== symbol);
        assert(!others.some((other) => map.of(other) === p), symbol);
      }
      assert.equal(map.hashed.length, hashed);
      for (const symbol of rest) {
        assert.equal(map.of(symbol), map.hashed[partitionOf(symbol, hashed)]);
      }
    }
  }));
});

Deno.test("a layout knows where a symbol is, and has ever been", () => {
  fc.assert(fc.property(HISTORIES, ({ divisions, symbols }) => {
    const layout = new PartitionLayout(divisions[0].partitions);
    layout.become(divisions);
    assert.equal(layout.first, divisions[0].partitions);
    assert.equal(layout.partitions, divisions.at(-1)!.partitions);
    for (const symbol of symbols) {
      const homes = mapsOf(divisions).map((map) => map.of(symbol)).reverse();
      assert.equal(layout.of(symbol), homes[0]);
      assert.deepEqual(layout.everOf(symbol), [...new Set(homes)]);
      for (const p of homes) assert.equal(layout.firstOf(p), homes.at(-1));
    }
  }));
});

Deno.test("the work of each partition is done, also of those that come later", async () => {
  const layout = new PartitionLayout(2);
  const stop = new AbortController();
  const { signal } = stop;
  const begun: number[] = [];
  const all = layout.forEach(signal, (p) => {
    begun.push(p);
    return new Promise((resolve) =>
      signal.addEventListener("abort", () => resolve())
    );
  });
  assert.deepEqual(begun, [0, 1]);
  const divisions = [{ partitions: 2, tag: "" }, { partitions: 4, tag: "a" }];
  layout.become(divisions);
  layout.become(divisions);
  assert.deepEqual(begun, [0, 1, 2, 3]);
  stop.abort();
  await all;
  layout.become([...divisions, { partitions: 8, tag: "b" }]);
  assert.deepEqual(begun, [0, 1, 2, 3]);
});

Deno.test("work of a partition that fails is told", async () => {
  const layout = new PartitionLayout(1);
  const { signal } = new AbortController();
  await assert.rejects(
    layout.forEach(signal, () => Promise.reject(new Error("broken"))),
    /broken/,
  );
});
