import assert from "node:assert/strict";
import { makeFeed } from "./sim_lines.ts";
import { checkAck, checkEnd, checkForgotten } from "./sim_oracle.ts";
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

Deno.test("checkForgotten() refuses a trim of what is not committed", () => {
  const { warehouse, feed: { key } } = emptyWorld();
  checkForgotten(warehouse, "0", { key, lastSeq: 0 });
  assert.throws(
    () => checkForgotten(warehouse, "0", { key, lastSeq: 1 }),
    /forgets/,
  );
});
