import assert from "node:assert/strict";
import { minutePages } from "./export_pages.ts";

/** An API that has two forecasts of each of some minutes. */
function apiOf(minutes: number, horizons = 2) {
  const all = Array.from({ length: minutes * horizons }, (_, i) => ({
    t: Math.floor(i / horizons),
    horizon: i % horizons + 1,
  }));
  const asked: number[] = [];
  return {
    all,
    asked,
    json: (
      path: string,
      { from, limit }: Readonly<Record<string, string | number>> = {},
    ) => {
      assert.equal(path, "/api/forecasts");
      asked.push(Number(from));
      const rows = all.filter(({ t }) => t >= Number(from));
      return Promise.resolve({ forecasts: rows.slice(0, Number(limit)) });
    },
  };
}

const read = async (api: ReturnType<typeof apiOf>, limit: number) =>
  (await Array.fromAsync(
    minutePages(api, "forecasts", { symbol: "A", from: 0, limit }),
  )).flatMap(({ rows }) => rows);

Deno.test("minutePages() gives each row once, wherever a page ends", async () => {
  for (const limit of [3, 4, 5, 9, 10, 11, 100]) {
    const api = apiOf(5);
    assert.deepEqual(await read(api, limit), api.all, `pages of ${limit}`);
  }
  const api = apiOf(5);
  await read(api, 4);
  assert.deepEqual(api.asked, [0, 1, 2, 3, 4]);
  assert.deepEqual(await read(apiOf(0), 4), []);
});

Deno.test("minutePages() says that a minute is more than a page", async () => {
  await assert.rejects(read(apiOf(2, 4), 4), /one minute has 4 or more/);
});
