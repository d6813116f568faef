import assert from "node:assert/strict";
import { isTimeZone } from "./settings.ts";
import { timeZones } from "./time_zones.ts";

Deno.test("timeZones() has the names in use, and each can be chosen", () => {
  const zones = timeZones();
  for (const zone of ["Asia/Kolkata", "America/New_York", "Europe/Berlin"]) {
    assert.ok(zones.includes(zone), zone);
  }
  assert.ok(!zones.includes("Asia/Calcutta"));
  assert.deepEqual(zones.filter((zone) => !isTimeZone(zone)), []);
});
