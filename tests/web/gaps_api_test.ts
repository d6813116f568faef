import assert from "node:assert/strict";
import { toMillis } from "../../pipeline/domain/time.ts";
import { createApp } from "../../web/create_app.ts";
import { fakeData, fakeServices, minutesAgo } from "./fake_services.ts";

Deno.test("/api/gaps tells what feeds missed, and who is away", async () => {
  const data = fakeData();
  data.gaps = [
    { from: minutesAgo(9), to: minutesAgo(7), kind: "missing" },
    { from: minutesAgo(3), to: minutesAgo(2), kind: "outage" },
  ];
  const services = await fakeServices({}, data);
  const handler = createApp(() => services).handler();
  const get = async (query: string) => {
    const response = await handler(
      new Request(`http://localhost/api/gaps${query}`),
    );
    return { status: response.status, body: await response.json() };
  };
  const at = (n: number) => toMillis(minutesAgo(n));
  const sim = { feed: "sim", epoch: 1 };
  const missing = {
    kind: "missing",
    ...sim,
    from: at(9),
    to: at(7),
    seq: { from: 5, to: 7 },
  };
  const away = { kind: "outage", ...sim, from: at(3), to: null, seq: null };
  const { status, body } = await get("?symbol=NIFTY50");
  assert.equal(status, 200);
  assert.deepEqual(body, {
    symbol: "NIFTY50",
    gaps: [missing, away],
    more: false,
  });
  assert.deepEqual((await get("?symbol=NIFTY50&limit=1")).body, {
    symbol: "NIFTY50",
    gaps: [missing],
    more: true,
  });
  assert.equal((await get("")).status, 400);
  assert.equal((await get("?symbol=NONE")).status, 404);
});
