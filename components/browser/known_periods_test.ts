import assert from "node:assert/strict";
import { KnownPeriods } from "./known_periods.ts";

const DAY = 86_400_000;

Deno.test("KnownPeriods asks for each stretch once, in pieces that are answered", async () => {
  const asked: [number, number][] = [];
  const { fetch } = globalThis;
  Object.assign(globalThis, {
    fetch: (path: string) => {
      const query = new URL(path, "http://a").searchParams;
      const from = Number(query.get("from"));
      const to = Number(query.get("to"));
      asked.push([from / DAY, to / DAY]);
      const periods = [{ from, to, state: "open", reason: null }];
      return Promise.resolve(new Response(JSON.stringify({ periods })));
    },
  });
  try {
    const known = new KnownPeriods("A");
    const days = (periods: readonly { from: number; to: number }[]) =>
      periods.map(({ from, to }) => [from / DAY, to / DAY]);
    assert.deepEqual(
      days(await known.reach(1_000 * DAY, 1_010 * DAY)),
      [[1_000, 1_010], [1_010, 1_011]],
    );
    asked.length = 0;
    await known.reach(1_005 * DAY, 1_011 * DAY);
    assert.deepEqual(asked, [], "all is known");
    const all = days(await known.reach(100 * DAY, 1_012 * DAY));
    assert.deepEqual(asked, [
      [100, 500],
      [1_011, 1_013],
      [500, 900],
      [900, 1_000],
    ]);
    assert.deepEqual(all, [
      [100, 500],
      [500, 900],
      [900, 1_000],
      [1_000, 1_010],
      [1_010, 1_011],
      [1_011, 1_013],
    ]);
  } finally {
    Object.assign(globalThis, { fetch });
  }
});
