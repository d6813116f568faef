import assert from "node:assert/strict";
import { csvAddress, type Sight } from "./csv_address.ts";

const asked = (sight: Partial<Sight>) => {
  const url = csvAddress({ symbol: "EUR/USD", interval: "5m" }, {
    view: undefined,
    linked: null,
    drawn: 150,
    ...sight,
  });
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const { symbol, interval, format, ...range } = Object.fromEntries(
    searchParams,
  );
  assert.deepEqual([pathname, symbol, interval, format], [
    "/api/candles",
    "EUR/USD",
    "5m",
    "csv",
  ]);
  return range;
};

Deno.test("csvAddress() asks for the candles in the chart's view, both ends with them", () => {
  assert.deepEqual(
    asked({ view: { fromT: 300_000, lastT: 900_000 }, linked: null }),
    { from: "300000", to: "900001", limit: "10000" },
  );
});

Deno.test("csvAddress() asks for what the server drew while there is no chart", () => {
  const linked = { slots: 59.6, toT: 900_000 };
  const part = { to: "900001", limit: "60" };
  assert.deepEqual(asked({ linked }), part);
  assert.deepEqual(
    asked({ linked, view: { fromT: null, lastT: null } }),
    part,
    "nor in a chart without a candle",
  );
  assert.deepEqual(asked({}), { limit: "150" });
  assert.deepEqual(asked({ linked: { slots: 60, toT: null } }), {
    limit: "150",
  });
  assert.deepEqual(asked({ drawn: 0 }), { limit: "1" });
});
