import assert from "node:assert/strict";
import {
  type Alert,
  ALERTS_MAX,
  describeAlert,
  levelsOf,
  parseAlerts,
  parseFired,
  priceAlert,
} from "./alerts.ts";

const SET_AT = 1_764_043_230_000;
const base = { id: "a1", symbol: "NIFTY50", setAt: SET_AT };
const atLevel = (level: number, price: number) =>
  priceAlert({ ...base, level, decimals: 2 }, price);
const ON_SIGNAL: Alert = { ...base, kind: "signal" };
const ON_STALE: Alert = { ...base, kind: "stale" };

Deno.test("alerts survive being kept; what is none is left out", () => {
  const alerts: Alert[] = [atLevel(101, 100), ON_SIGNAL, ON_STALE];
  assert.deepEqual(parseAlerts(JSON.stringify(alerts)), alerts);
  const wrong = [
    null,
    7,
    {},
    { ...base, kind: "price" },
    {
      ...base,
      kind: "other",
    },
    { ...alerts[0], level: "101" },
    { ...ON_SIGNAL, symbol: "" },
  ];
  assert.deepEqual(parseAlerts(JSON.stringify([...wrong, ON_STALE])), [
    ON_STALE,
  ]);
  for (const json of [null, "", "{}", "7"]) {
    assert.deepEqual(parseAlerts(json), []);
    assert.deepEqual(parseFired(json), []);
  }
  const many = Array.from({ length: ALERTS_MAX + 5 }, () => ON_SIGNAL);
  assert.equal(parseAlerts(JSON.stringify(many)).length, ALERTS_MAX);
});

Deno.test("an alert says what it waits for", () => {
  assert.equal(
    describeAlert(atLevel(24_321.55, 24_000)),
    "Price rises to 24,321.55",
  );
  assert.equal(describeAlert(atLevel(99, 100)), "Price falls to 99.00");
  assert.equal(describeAlert(ON_SIGNAL), "A new BUY or SELL");
});

Deno.test("levelsOf() has the prices waited for of one instrument", () => {
  const alerts: Alert[] = [
    atLevel(101, 100),
    ON_SIGNAL,
    { ...atLevel(99, 100), symbol: "OTHER" },
  ];
  assert.deepEqual(levelsOf(alerts, "NIFTY50"), [
    { price: 101, title: "Price rises to 101.00" },
  ]);
});
