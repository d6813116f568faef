import assert from "node:assert/strict";
import { BEFORE_FIRST, type EntryId } from "../../pipeline/ports.ts";
import { makeFeed } from "./sim_lines.ts";
import { checkAck, checkEnd, checkTrim } from "./sim_oracle.ts";
import { SimRandom } from "./sim_random.ts";
import { SimScheduler } from "./sim_scheduler.ts";
import { SimWarehouse } from "./sim_store.ts";

const START = 1_764_028_800_000_000;

function emptyWorld() {
  const warehouse = new SimWarehouse(new SimScheduler(START, false), 2);
  const feed = makeFeed("feed0", {
    random: new SimRandom(1),
    count: 10,
    start: START,
    lengthMicros: 1_000_000,
    partitions: 2,
  });
  return { warehouse, feed };
}

Deno.test("checkEnd() misses lines that are nowhere", () => {
  const { warehouse, feed } = emptyWorld();
  assert.throws(() => checkEnd(warehouse, [feed]), /candle|quarantine/);
  checkEnd(warehouse, []);
});

Deno.test("checkAck() refuses an ack of what is not committed", () => {
  const { warehouse, feed } = emptyWorld();
  checkAck(warehouse, feed, 0);
  assert.throws(() => checkAck(warehouse, feed, 1), /not in the warehouse/);
});

Deno.test("checkTrim() refuses a trim past what is committed", () => {
  const { warehouse } = emptyWorld();
  assert.throws(() => checkTrim(warehouse, 0, "1-0" as EntryId, "i1"));
  assert.throws(() => checkTrim(warehouse, 0, BEFORE_FIRST, "i1"));
});
