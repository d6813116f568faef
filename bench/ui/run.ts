/**
 * The chart in a real browser against its targets, and against
 * lightweight-charts on the same data in the same run.
 *
 * `deno task bench:ui [desktop] [phone] [load]`, all three parts by default;
 * some four minutes. In each round the calibration comes just before the charts
 * in turns; what is printed are medians, with the lowest and the highest. Ends
 * with 1 if a target is missed.
 */
import type { Browser } from "playwright-core";
import { openBrowser } from "../../tests/harness/browser.ts";
import { type Bench, firstPaint, openBench } from "./bench.ts";
import { Rounds } from "./rounds.ts";
import {
  FULL,
  measureGrowth,
  measureHeap,
  measureMotion,
  measureMouse,
  measurePhone,
  measureRest,
  measureTicks,
  type Section,
} from "./sections.ts";
import { tableOf } from "./targets.ts";

const ROUNDS = 3;
const THROTTLE = 4;
const PARTS = ["desktop", "phone", "load"] as const;
const PHONE = { width: 390, height: 844 };

const parts = PARTS.filter((part) =>
  Deno.args.length === 0 || Deno.args.includes(part)
);
const unknown = Deno.args.filter((arg) => !PARTS.some((part) => part === arg));
if (unknown.length > 0) {
  console.error(
    `Cannot measure "${unknown[0]}" as it must be one of ${PARTS.join(", ")}`,
  );
  Deno.exit(2);
}

const own = new Rounds();
const lightweight = new Rounds();
const calibrations: number[] = [];
if (parts.includes("desktop")) await withBrowser([], desktop);
if (parts.includes("phone")) await withBrowser(phoneFlags(), phone);
if (parts.includes("load")) await withBrowser([], loading);
const { lines, missed } = tableOf(own.figures, lightweight.figures);
console.log(lines.join("\n"));
calibrations.sort((a, b) => a - b);
console.log(JSON.stringify({
  bench: `ui ${parts.join(" ")}`,
  calibration_ms: Number(calibrations[calibrations.length >> 1].toFixed(2)),
  rounds: ROUNDS,
  cores: navigator.hardwareConcurrency,
  deno: Deno.version.deno,
  date: new Date().toISOString().slice(0, 10),
}));
if (missed.length > 0) {
  console.error(`Missed: ${missed.join("; ")}`);
  Deno.exit(1);
}

async function withBrowser(
  flags: readonly string[],
  run: (browser: Browser) => Promise<void>,
): Promise<void> {
  const browser = await openBrowser(flags);
  try {
    await run(browser);
  } finally {
    await browser.close();
  }
}

/** By the browser's own scale factor: emulated, the pixels would be made up. */
function phoneFlags(): readonly string[] {
  return [
    "--force-device-scale-factor=3",
    `--window-size=${PHONE.width},${PHONE.height}`,
  ];
}

async function desktop(browser: Browser): Promise<void> {
  const bench = await openBench(browser);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (
        const section of [
          measureRest,
          measureTicks,
          measureMotion,
          measureMouse,
        ]
      ) {
        await inTurns(bench, section);
      }
    }
    const calibrationMs = await calibrate(bench);
    for (const section of [measureHeap, measureGrowth]) {
      own.add(await bench.measure("own", section, FULL), calibrationMs);
    }
    // Thousands of ticks would take it minutes.
    lightweight.add(
      await bench.measure("lightweight", measureHeap, FULL),
      calibrationMs,
    );
  } finally {
    await bench.close();
  }
}

async function phone(browser: Browser): Promise<void> {
  const bench = await openBench(browser, { throttle: THROTTLE, phone: true });
  try {
    for (let round = 0; round < ROUNDS; round++) {
      await inTurns(bench, measurePhone);
    }
  } finally {
    await bench.close();
  }
}

async function loading(browser: Browser): Promise<void> {
  const bench = await openBench(browser);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      own.add({
        firstPaint: await firstPaint(browser, bench.url, 1),
        firstPaintSlow: await firstPaint(browser, bench.url, THROTTLE),
      }, await calibrate(bench));
    }
  } finally {
    await bench.close();
  }
}

async function inTurns(bench: Bench, section: Section): Promise<void> {
  const calibrationMs = await calibrate(bench);
  for (
    const [name, rounds] of [["own", own], [
      "lightweight",
      lightweight,
    ]] as const
  ) {
    const values = await bench.measure(name, section, FULL);
    rounds.add(values, calibrationMs);
    console.error(JSON.stringify({ name, calibrationMs, ...values }));
  }
}

async function calibrate(bench: Bench): Promise<number> {
  const calibrationMs = await bench.calibrate(FULL);
  calibrations.push(calibrationMs);
  return calibrationMs;
}
