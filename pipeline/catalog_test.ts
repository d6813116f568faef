import assert from "node:assert/strict";

import { Catalog, UnknownSymbolError } from "./catalog.ts";
import { autoSpec } from "./domain/instrument.ts";
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

Deno.test("Catalog registers many in one go, as far as it may", async () => {
  const store = new FeedWorld().instruments;
  const calls: number[] = [];
  const upsert = store.upsert.bind(store);
  store.upsert = (specs) => {
    calls.push(specs.length);
    return upsert(specs);
  };
  const catalog = new Catalog(store, new Map([["24x7", alwaysOpen()]]), {
    autoRegister: true,
    instrumentsMax: 3,
  });
  await catalog.admit("B", { price: 2, size: 0 });
  const wanted = new Map(
    ["A", "B", "no symbol", "C", "D"].map((symbol) =>
      [symbol, { price: 3, size: 1 }] as const
    ),
  );
  const all = catalog.admitAll(wanted);
  // One that is under way is not asked for again.
  const one = await catalog.admit("A", { price: 3, size: 1 });
  await all;
  assert.deepEqual(calls, [1, 2]);
  assert.deepEqual([one.priceScale, one.sizeScale], [3, 1]);
  assert.deepEqual(catalog.all().map(({ symbol }) => symbol), ["A", "B", "C"]);
  assert.equal(catalog.get("B")?.priceScale, 2);
});

Deno.test("Catalog tells all who wait for one of many that it failed", async () => {
  const store = new FeedWorld().instruments;
  const catalog = new Catalog(store, new Map([["24x7", alwaysOpen()]]), {
    autoRegister: true,
  });
  const decimals = { price: 2, size: 0 };
  const upsert = store.upsert.bind(store);
  store.upsert = () => Promise.reject(new Error("the store is away"));
  const all = catalog.admitAll(new Map([["A", decimals]]));
  const one = catalog.admit("A", decimals);
  await assert.rejects(all, /away/);
  await assert.rejects(one, /away/);
  store.upsert = upsert;
  assert.equal((await catalog.admit("A", decimals)).symbol, "A");
});

Deno.test("Catalog stores of a list what is not stored as it says", async () => {
  const store = new FeedWorld().instruments;
  const stored: string[][] = [];
  const upsert = store.upsert.bind(store);
  store.upsert = (specs) => {
    stored.push(specs.map(({ symbol }) => symbol));
    return upsert(specs);
  };
  const catalog = new Catalog(store, new Map([["24x7", alwaysOpen()]]), {
    autoRegister: true,
  });
  const specOf = (symbol: string, priceScale = 2) => ({
    ...autoSpec(symbol, { priceScale, sizeScale: 0 }),
    tickSize: "0.05",
    auto: false,
  });
  await catalog.list([specOf("A"), specOf("B"), specOf("C")]);
  await catalog.list([
    specOf("A", 1),
    { ...specOf("B"), note: "planted" },
    specOf("C", 3),
    specOf("D"),
  ]);
  assert.deepEqual(stored, [["A", "B", "C"], ["B", "C", "D"]]);
  assert.equal(catalog.get("B")?.note, "planted");
  assert.equal(catalog.get("C")?.priceScale, 3);
});
