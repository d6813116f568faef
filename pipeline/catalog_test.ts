import assert from "node:assert/strict";

import { Catalog, UnknownSymbolError } from "./catalog.ts";
import { FeedWorld } from "./feeds/testing/feed_world.ts";
import { alwaysOpen } from "./calendars/always_open.ts";

Deno.test("Catalog registers up to its bound, and knows what is there beyond it", async () => {
  const store = new FeedWorld().instruments;
  const calendars = new Map([["24x7", alwaysOpen()]]);
  const decimals = { price: 2, size: 0 };
  const catalog = new Catalog(store, calendars, {
    autoRegister: true,
    instrumentsMax: 2,
  });
  const asked = ["A", "B", "C"].map((symbol) =>
    catalog.admit(symbol, decimals)
  );
  const ends = await Promise.allSettled(asked);
  assert.deepEqual(
    ends.map(({ status }) => status),
    ["fulfilled", "fulfilled", "rejected"],
  );
  await assert.rejects(
    catalog.admit("C", decimals),
    (error) =>
      error instanceof UnknownSymbolError &&
      /2 instruments/.test(error.message),
  );
  assert.equal((await catalog.admit("A", decimals)).symbol, "A");
  const wider = await catalog.admit("B", { price: 4, size: 0 });
  assert.equal(wider.priceScale, 4);
});
