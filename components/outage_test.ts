import assert from "node:assert/strict";
import { describeOutage } from "./outage.ts";

const none = { reasons: [], warnings: [], unreachedSince: null };

Deno.test("the worst of what is known is told first", () => {
  assert.deepEqual(describeOutage(none), { level: "up", word: "all works" });
  assert.deepEqual(describeOutage({ ...none, warnings: ["a"] }), {
    level: "warn",
    word: "1 warning",
  });
  assert.deepEqual(
    describeOutage({ ...none, reasons: ["a", "b"], warnings: ["c"] }),
    { level: "down", word: "2 outages" },
  );
  assert.equal(describeOutage({ ...none, unreachedSince: 5 }).level, "down");
});
