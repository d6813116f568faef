import assert from "node:assert/strict";
import { type Figures, Rounds } from "./rounds.ts";
import type { Values } from "./sections.ts";
import { tableOf } from "./targets.ts";

function figuresOf(values: Values, calibrationMs: number): Figures {
  const rounds = new Rounds();
  rounds.add(values, calibrationMs);
  return rounds.figures;
}

Deno.test("a target is missed by the measure of the machine's calibration", () => {
  const missed = (values: Values, calibrationMs: number) =>
    tableOf(figuresOf(values, calibrationMs), {}).missed.length;
  assert.equal(missed({ tick: 7 }, 11), 0);
  // Twice as quick a machine must need half the time.
  assert.equal(missed({ tick: 7 }, 5.5), 1);
  // Frames are the screen's on any machine.
  assert.equal(missed({ panP95: 16.8 }, 5.5), 0);
  assert.equal(missed({ panP95: 33.4 }, 22), 1);
});

Deno.test("being slower than lightweight-charts at any size is a miss", () => {
  const { missed, lines } = tableOf(
    figuresOf({ tick500: 3, tickAll: 9 }, 11),
    figuresOf({ tick500: 4, tickAll: 8 }, 11),
  );
  assert.deepEqual(missed, ["tick, 10,000 in sight: CPU, beside it"]);
  assert.equal(lines.filter((line) => /MISSED/.test(line)).length, 1);
});

Deno.test("a round counts by its own calibration, whatever else the machine does", () => {
  const rounds = new Rounds();
  rounds.add({ tick: 6 }, 10);
  rounds.add({ tick: 30 }, 50);
  rounds.add({ tick: 9 }, 15);
  const { tick } = rounds.figures;
  assert.deepEqual([tick.median, tick.low, tick.high], [9, 6, 30]);
  assert.deepEqual(tick.ratio, { median: 0.6, low: 0.6, high: 0.6 });
});
