import assert from "node:assert/strict";
import { createApp } from "../../web/create_app.ts";
import { metricsText } from "../../web/metrics.ts";
import { fakeData, fakeServices } from "./fake_services.ts";

/** Samples of the text format by name and labels, checked as they are read. */
function read(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  let typed = "";
  for (const line of text.trimEnd().split("\n")) {
    const type = /^# TYPE (\w+) (counter|gauge)$/.exec(line);
    if (type) typed = type[1];
    if (line.startsWith("#")) continue;
    const sample = /^(\w+)(\{.*\})? (\S+)$/.exec(line);
    assert(sample, line);
    assert.equal(sample[1], typed, "samples stand below their type");
    assert(Number.isFinite(Number(sample[3])), line);
    const key = sample[1] + (sample[2] ?? "");
    assert(!samples.has(key), `${key} is given once`);
    samples.set(key, Number(sample[3]));
  }
  return samples;
}

Deno.test("/metrics is what Prometheus reads, and agrees with /api/system", async () => {
  const services = await fakeServices();
  const handler = createApp(() => services).handler();
  const response = await handler(new Request("http://localhost/metrics"));
  assert.equal(response.status, 200);
  assert.match(
    response.headers.get("content-type") ?? "",
    /^text\/plain; version=0\.0\.4/,
  );
  const samples = read(await response.text());
  const { system } = services.data;
  assert.equal(samples.get("tickhouse_ready"), Number(system.ready));
  assert.equal(
    samples.get("tickhouse_ticks_unaccounted"),
    system.books?.unaccounted,
  );
  for (const one of system.feeds?.feeds ?? []) {
    const labels = `{feed="${one.feed}",epoch="${one.epoch}"}`;
    assert.equal(
      samples.get(`tickhouse_ticks_received_total${labels}`),
      one.received,
    );
  }
  assert(
    [...samples.keys()].every((key) => !key.includes("symbol=")),
    "there may be a hundred thousand instruments",
  );
});

Deno.test("/metrics leaves out what is not known, and escapes labels", () => {
  const { system } = fakeData();
  const feed = { ...system.feeds!.feeds[0], feed: 'a"b\\c' };
  const samples = read(metricsText({
    ...system,
    books: null,
    quarantine: null,
    partitions: null,
    forecasts: null,
    disk: null,
    feeds: { ...system.feeds!, feeds: [feed] },
  }));
  assert(!samples.has("tickhouse_ticks_unaccounted"));
  assert(!samples.has("tickhouse_disk_free_bytes"));
  assert(
    samples.has(
      `tickhouse_ticks_received_total{feed="a\\"b\\\\c",epoch="${feed.epoch}"}`,
    ),
  );
});

Deno.test("/metrics asks for the token where there is one", async () => {
  const services = await fakeServices({ apiToken: "secret-of-a-test" });
  const handler = createApp(() => services).handler();
  const get = (headers: HeadersInit) =>
    handler(new Request("http://localhost/metrics", { headers }));
  assert.equal((await get({})).status, 401);
  assert.equal(
    (await get({ authorization: "Bearer secret-of-a-test" })).status,
    200,
  );
});
