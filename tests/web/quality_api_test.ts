import assert from "node:assert/strict";
import { toMillis } from "../../pipeline/domain/time.ts";
import { createApp } from "../../web/create_app.ts";
import { fakeData, fakeServices, minutesAgo } from "./fake_services.ts";

async function setUp(data = fakeData()) {
  const services = await fakeServices({}, data);
  const handler = createApp(() => services).handler();
  return async (path: string) => {
    const response = await handler(new Request(`http://localhost${path}`));
    return { status: response.status, body: await response.json() };
  };
}

Deno.test("/api/quality tells what the day's candles rest on", async () => {
  const data = fakeData();
  data.gaps = [
    { from: minutesAgo(3), to: minutesAgo(2), kind: "missing" },
    { from: minutesAgo(5), to: minutesAgo(4), kind: "outage" },
  ];
  data.candles = data.candles.filter(({ t }) =>
    t !== minutesAgo(5) && t !== minutesAgo(7)
  );
  const get = await setUp(data);
  const { status, body } = await get("/api/quality?symbol=NIFTY50");
  assert.equal(status, 200);
  // Four hours of the day had no feed yet, then nine minutes are over.
  assert.equal(body.minutes.expected, 240);
  assert.equal(body.minutes.with_candle, 7);
  assert.equal(body.minutes.quiet, 1);
  assert.equal(body.minutes.missing, 240 - 8);
  assert.equal(body.ticks, 8 * 7);
  assert.equal(body.completeness, 8 / 240);
  assert.deepEqual(body.gaps, { outages: 1, never_sent: 1 });
  assert.deepEqual(body.rejected, { out_of_band: { lines: 3, readmitted: 1 } });
  assert.equal(body.feeds[0].duplicates, 7);
  assert.deepEqual(body.clock_skew, {
    samples: 7,
    p50_ms: 210.5,
    p99_ms: 1_250,
  });
  assert.equal(body.spans.at(-1).to, toMillis(minutesAgo(0)));
  assert.equal((await get("/api/quality")).status, 400);
  assert.equal((await get("/api/quality?symbol=NONE")).status, 404);
  const other = await get("/api/quality?symbol=NIFTY50&at=2025-11-20");
  assert.equal(other.body.minutes.with_candle, 0);
});

Deno.test("/api/reliability sets stated probabilities against what came", async () => {
  const get = await setUp();
  const path = "/api/reliability?symbol=NIFTY50&model=drift";
  const { status, body } = await get(path);
  assert.equal(status, 200);
  assert.equal(body.n, 60);
  assert.equal(body.bins.length, 5);
  for (const { n, stated, came, low, high } of body.bins) {
    assert.equal(n, 12);
    assert.ok(stated > 0.39 && stated < 0.61);
    assert.equal(came, 8 / 12);
    assert.ok(low < came && came < high);
  }
  const few = await get(`${path}&window=5`);
  assert.deepEqual([few.body.n, few.body.bins], [5, []]);
  assert.equal((await get("/api/reliability?symbol=NIFTY50")).status, 400);
  assert.equal((await get("/api/reliability?symbol=X&model=a")).status, 404);
});
