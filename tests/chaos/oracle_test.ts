import assert from "node:assert/strict";
import { type CandleRow, Oracle } from "./oracle.ts";
import { emptyTick, PLAN, symbolName, tickAt } from "./ticks.ts";

const COUNTS = [5_000, 3_000, 1];

/** The slowest way to say it: sort, group, look. */
function candlesByGroupBy(): CandleRow[] {
  const ticks = COUNTS.flatMap((count, feed) =>
    Array.from({ length: count }, (_, i) => ({
      seq: i + 1,
      ...tickAt(PLAN, feed, i + 1, emptyTick()),
    }))
  ).filter(({ bad }) => !bad).toSorted((a, b) => a.ts - b.ts || a.seq - b.seq);
  const groups = Map.groupBy(
    ticks,
    ({ symbol, ts }) => `${symbolName(symbol)} ${ts - ts % 60_000}`,
  );
  return [...groups].map(([key, group]) => ({
    symbol: key.split(" ")[0],
    t: Number(key.split(" ")[1]),
    o: group[0].price,
    h: Math.max(...group.map(({ price }) => price)),
    l: Math.min(...group.map(({ price }) => price)),
    c: group.at(-1)!.price,
    v: group.reduce((sum, { volume }) => sum + volume, 0),
    n: group.length,
  }));
}

Deno.test("the oracle of a chaos run agrees with a plain group-by", () => {
  const oracle = new Oracle(PLAN, COUNTS);
  const verdict = oracle.judge(candlesByGroupBy());
  assert.deepEqual(
    { ...verdict, compared: 0 },
    {
      expected: 8_001 - 8,
      inCandles: 8_001 - 8,
      difference: 0,
      compared: 0,
      wrong: 0,
      missing: 0,
      extra: 0,
      examples: [],
    },
  );
  assert(verdict.compared > 500);
  assert.equal(oracle.bad, 8);
});

Deno.test("the oracle finds what is wrong, missing, extra, lost and doubled", () => {
  const oracle = new Oracle(PLAN, COUNTS);
  const right = [...oracle.rows()];
  const fields = ["o", "h", "l", "c", "v", "n"] as const;
  for (const field of fields) {
    const rows = right.map((row, i) =>
      i === 7 ? { ...row, [field]: row[field] + 1 } : row
    );
    assert.equal(oracle.judge(rows).wrong, 1, field);
  }
  const lost = oracle.judge(right.slice(1));
  assert.equal(lost.missing, 1);
  assert.equal(lost.difference, -right[0].n);
  const doubled = oracle.judge([...right, right[0]]);
  assert.equal(doubled.extra, 1);
  assert.equal(doubled.difference, right[0].n);
  const stray = { ...right[0], symbol: "CHAOS.999" };
  assert.equal(oracle.judge([...right, stray]).extra, 1);
});
