import assert from "node:assert/strict";
import { matchInstruments } from "./match_instruments.ts";

const CHOICES = [
  { symbol: "BANKNIFTY", name: "NIFTY Bank" },
  { symbol: "EUR/USD", name: "Euro (spot)" },
  { symbol: "NIFTY50", name: "NIFTY 50" },
  { symbol: "USDINR", name: "US dollar in rupees" },
];

Deno.test("matchInstruments() puts the likeliest first", () => {
  const found = (text: string, limit = 9) =>
    matchInstruments(CHOICES, text, limit).map(({ symbol }) => symbol);
  assert.deepEqual(found("usdinr"), ["USDINR"]);
  assert.deepEqual(found("nifty"), ["NIFTY50", "BANKNIFTY"]);
  assert.deepEqual(found("usd"), ["USDINR", "EUR/USD"]);
  assert.deepEqual(found(" spot "), ["EUR/USD"]);
  assert.deepEqual(found("rupees"), ["USDINR"]);
  assert.deepEqual(found("xyz"), []);
  assert.deepEqual(found("", 2), ["BANKNIFTY", "EUR/USD"]);
});
