import assert from "node:assert/strict";
import { startFeeds } from "../../pipeline/feeds/start_feeds.ts";
import { FeedWorld } from "../../pipeline/feeds/testing/feed_world.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { fuzzedFeed, fuzzFeed } from "./attacks.ts";
import { LineFuzzer } from "./fuzz_lines.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

Deno.test("LineFuzzer makes the same lines of the same seed, others of another", () => {
  const text = (seed: number) =>
    new TextDecoder().decode(
      new LineFuzzer(seed, "ndjson", 1_764_042_300_000).next(200).bytes,
    );
  assert.ok(text(5) === text(5));
  assert.ok(text(5) !== text(6));
});

for (const format of ["ndjson", "csv"] as const) {
  Deno.test(`every fuzzed line of ${format} ends as accepted, duplicate or rejected`, async () => {
    const world = new FeedWorld({ clock: systemClock });
    const stop = new AbortController();
    const feeds = startFeeds({
      endpoints: [{ mode: "listen", host: "127.0.0.1", port: 0, format }],
      ingest: world.ingest,
      clock: systemClock,
      log: silentLog,
      signal: stop.signal,
    });
    const committing = (async () => {
      while (!stop.signal.aborted) {
        await world.commit();
        await systemClock.sleep(5, stop.signal);
      }
    })();
    const place = `127.0.0.1:${feeds.listening[0].port}`;
    const sent = await fuzzFeed(
      place,
      fuzzedFeed({ seed: 11, lines: 20_000, format }),
    );
    const [{ received, accepted, duplicates, rejected, rejectedBy }] = world
      .ingest.stats();
    assert.equal(received, sent);
    assert.equal(received, accepted + duplicates + rejected);
    const reasons = Object.values(rejectedBy);
    assert.equal(reasons.reduce((sum, n) => sum + n, 0), rejected);
    assert.ok(accepted > 5_000, `${accepted} accepted`);
    assert.ok(rejected > 5_000, `${rejected} rejected`);
    assert.ok(reasons.length >= 6, JSON.stringify(rejectedBy));
    stop.abort();
    await Promise.all([feeds.stopped, committing]);
    world.ingest.dispose();
  });
}
