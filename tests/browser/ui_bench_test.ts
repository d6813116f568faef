/** The benchmark of the chart does what it says, in small; how quick it is, is its own to say. */
import assert from "node:assert/strict";
import { firstPaint, openBench } from "../../bench/ui/bench.ts";
import { Rounds } from "../../bench/ui/rounds.ts";
import {
  measureGrowth,
  measureHeap,
  measureMotion,
  measureMouse,
  measurePhone,
  measureRest,
  measureTicks,
  type Sizes,
} from "../../bench/ui/sections.ts";
import { tableOf, TARGETS } from "../../bench/ui/targets.ts";
import { browserTest } from "../harness/browser.ts";

const SMALL: Sizes = {
  few: 20,
  many: 60,
  inSight: 20,
  ticks: 2,
  frames: 4,
  moves: 3,
  growthTicks: 20,
  restSeconds: 1,
};

browserTest(
  "the benchmark of the chart measures what has a target",
  async (browser) => {
    const bench = await openBench(browser);
    try {
      const calibrationMs = await bench.calibrate(SMALL);
      assert.ok(calibrationMs > 0);
      const figures = [];
      for (const chart of ["own", "lightweight"] as const) {
        const rounds = new Rounds();
        for (
          const section of [
            measureRest,
            measureTicks,
            measureMotion,
            measureMouse,
            measurePhone,
            measureHeap,
            measureGrowth,
          ]
        ) {
          rounds.add(await bench.measure(chart, section, SMALL), calibrationMs);
        }
        if (chart === "own") {
          rounds.add({
            firstPaint: await firstPaint(browser, bench.url, 1),
            firstPaintSlow: await firstPaint(browser, bench.url, 2),
          }, calibrationMs);
        }
        figures.push(rounds.figures);
      }
      const [own, lightweight] = figures;
      for (const { key } of TARGETS) {
        assert.ok(Number.isFinite(own[key]?.median), `${key} is measured`);
      }
      for (const key of ["tick500", "tick", "tickAll", "crosshair", "pan"]) {
        assert.ok(own[key].median > 0, `${key} costs something`);
        assert.ok(lightweight[key].median > 0, `${key} of the other chart`);
      }
      assert.equal(tableOf(own, lightweight).lines.length, TARGETS.length + 5);
    } finally {
      await bench.close();
    }
  },
);
