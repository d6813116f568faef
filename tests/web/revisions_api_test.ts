import assert from "node:assert/strict";
import { toMillis } from "../../pipeline/domain/time.ts";
import { createApp } from "../../web/create_app.ts";
import { candle, fakeData, fakeServices, minutesAgo } from "./fake_services.ts";

Deno.test("/api/revisions gives what candles were and when, in pages", async () => {
  const data = fakeData();
  const revision = (n: number, rev: number) => ({
    candle: candle("NIFTY50", minutesAgo(n), { rev, close: `100.${rev}0` }),
    knownFrom: minutesAgo(n - 1 - rev),
    knownTo: minutesAgo(n - 2 - rev),
  });
  data.revisions = [revision(9, 0), revision(9, 1), revision(5, 0)];
  const services = await fakeServices({}, data);
  const handler = createApp(() => services).handler();
  const get = async (query: string) => {
    const response = await handler(
      new Request(`http://localhost/api/revisions${query}`),
    );
    return { status: response.status, body: await response.json() };
  };
  const at = (n: number) => toMillis(minutesAgo(n));
  const { status, body } = await get("?symbol=NIFTY50&limit=2");
  assert.equal(status, 200);
  assert.deepEqual([body.symbol, body.interval], ["NIFTY50", "1m"]);
  assert.deepEqual(
    body.revisions.map((one: Record<string, number>) => [
      one.t,
      one.rev,
      one.c,
      one.known_from,
      one.known_to,
    ]),
    [
      [at(9), 0, 100, at(8), at(7)],
      [at(9), 1, 100.1, at(7), at(6)],
    ],
  );
  const rest = await get(`?symbol=NIFTY50&limit=2&cursor=${body.next}`);
  assert.deepEqual(
    rest.body.revisions.map(({ t, rev }: Record<string, number>) => [t, rev]),
    [[at(5), 0]],
  );
  assert.equal(rest.body.next, null);
  const early = await get(`?symbol=NIFTY50&to=${at(6)}`);
  assert.equal(early.body.revisions.length, 2);
  const others = await get("?symbol=NIFTY50&interval=5m");
  assert.deepEqual(others.body.revisions, []);
  for (
    const wrong of [
      "",
      "?symbol=NIFTY50&cursor=1",
      "?symbol=NIFTY50&interval=3m",
    ]
  ) {
    assert.equal((await get(wrong)).status, 400, wrong);
  }
  assert.equal((await get("?symbol=NONE")).status, 404);
});
