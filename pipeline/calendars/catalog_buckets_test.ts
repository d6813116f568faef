import assert from "node:assert/strict";
import { Catalog } from "../catalog.ts";
import { autoSpec } from "../domain/instrument.ts";
import { epochMicros } from "../domain/time.ts";
import { FeedWorld } from "../feeds/testing/feed_world.ts";
import { alwaysOpen } from "./always_open.ts";
import { catalogBuckets } from "./catalog_buckets.ts";

Deno.test("catalogBuckets() knows what another process has registered since", async () => {
  const store = new FeedWorld().instruments;
  const calendars = new Map([["24x7", alwaysOpen()]]);
  const catalog = new Catalog(store, calendars, { autoRegister: true });
  const buckets = catalogBuckets(() => catalog);
  const t = epochMicros(Date.UTC(2026, 10, 18, 3, 45, 30) * 1_000);
  await store.upsert([autoSpec("NEW", { priceScale: 2, sizeScale: 0 })]);
  assert.throws(
    () => buckets.bucketOf("NEW", "1m", t),
    /NEW is in the catalog/,
  );
  await buckets.know(new Set(["NEW"]));
  const bucket = buckets.bucketOf("NEW", "1m", t);
  assert.deepEqual([t - bucket.start, bucket.end - t], [30e6, 30e6]);
  assert.equal(buckets.tradingMs("NEW", bucket), 60_000);
});
