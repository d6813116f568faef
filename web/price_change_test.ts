import assert from "node:assert/strict";
import { alwaysOpen } from "../pipeline/calendars/always_open.ts";
import {
  epochMicros,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
} from "../pipeline/domain/time.ts";
import { candle, NOW } from "../tests/web/fake_services.ts";
import { priceChange } from "./price_change.ts";

const HOUR = epochMicros(NOW - NOW % MICROS_PER_HOUR);
/** An hour that began so many hours ago, and opened at a price. */
const hour = (ago: number, open: string) => {
  const t = epochMicros(HOUR - ago * MICROS_PER_HOUR);
  const end = epochMicros(t + MICROS_PER_HOUR);
  return candle("A", t, { interval: "1h", end, open, close: "90" });
};
const last = candle("A", HOUR, { close: "110" });
const changeOf = (
  hours: ReturnType<typeof hour>[],
  begins: typeof HOUR | null = null,
) => priceChange(last, { hours, days: [], begins }, alwaysOpen());

Deno.test("a change over less than a day counts from where the data begin", () => {
  const begins = epochMicros(HOUR - 24 * MICROS_PER_MINUTE);
  const change = changeOf([hour(1, "100"), hour(0, "105")], begins)!;
  assert.equal(change.basis, "since");
  assert.equal(change.reference, 100);
  assert.equal(change.since, begins / 1_000);
});

Deno.test("a change over a day counts from the close a day ago, whenever the data began", () => {
  const hours = Array.from({ length: 26 }, (_, i) => hour(25 - i, "100"));
  const change = changeOf(hours, epochMicros(hours[0].t + 1))!;
  assert.equal(change.basis, "24h");
  assert.equal(change.reference, 90);
  assert.equal(change.since, (HOUR - 24 * MICROS_PER_HOUR) / 1_000);
});

Deno.test("nothing has changed where nothing is known", () => {
  assert.equal(changeOf([]), null);
});
