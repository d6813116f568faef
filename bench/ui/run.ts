/**
 * The chart in a real browser against its targets, and against
 * lightweight-charts on the same data in the same run.
 *
 * `deno task bench:ui [desktop] [phone] [load]`, all three parts by default.
 * Each part takes the calibration first, then rounds of the charts in turns;
 * what is printed are medians. Ends with 1 if a target is missed.
 */
import type { Browser } from "playwright-core";
import { islandBundle } from "../../fresh/bundle.ts";
import { setProjectRoot } from "../../fresh/project.ts";
import { openBrowser } from "../../tests/harness/browser.ts";
import { serveChartPage } from "../../tests/harness/chart_page.ts";
import { Probe } from "./probe.ts";
import {
  measureCalibration,
  measureDesktop,
  measurePhone,
  type Values,
} from "./sections.ts";
import { tableOf } from "./targets.ts";

const ROUNDS = 3;
const THROTTLE = 4;
const PARTS = ["desktop", "phone", "load"] as const;
const DESKTOP = { width: 1280, height: 720 };
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

/** Values of every round, by name. */
class Rounds {
  readonly #values = new Map<string, number[]>();

  add(values: Values): void {
    for (const [name, value] of Object.entries(values)) {
      const all = this.#values.get(name) ?? [];
      all.push(value);
      this.#values.set(name, all);
    }
  }

  get medians(): Values {
    return Object.fromEntries(
      [...this.#values].map(([name, all]) => [
        name,
        all.toSorted((a, b) => a - b)[all.length >> 1],
      ]),
    );
  }
}

const pages = await serveChartPage({
  own: "bench/ui/own_subject.ts",
  lightweight: "bench/ui/lightweight_subject.ts",
  calibration: "bench/ui/calibration_subject.ts",
  first_paint: "bench/ui/own_first_paint.ts",
});
const own = new Rounds();
const lightweight = new Rounds();
const calibration = new Rounds();
try {
  if (parts.includes("desktop")) await desktop();
  if (parts.includes("phone")) await phone();
  if (parts.includes("load")) await loading();
} finally {
  await pages.close();
}
const calibrationMs = calibration.medians.calibration;
const { lines, missed } = tableOf(
  own.medians,
  lightweight.medians,
  calibrationMs,
);
console.log(lines.join("\n"));
console.log(JSON.stringify({
  bench: `ui ${parts.join(" ")}`,
  calibration_ms: Number(calibrationMs.toFixed(2)),
  rounds: ROUNDS,
  cores: navigator.hardwareConcurrency,
  deno: Deno.version.deno,
  date: new Date().toISOString().slice(0, 10),
}));
if (missed.length > 0) {
  console.error(`Missed: ${missed.join("; ")}`);
  Deno.exit(1);
}

async function desktop(): Promise<void> {
  const browser = await openBrowser();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      await calibrate(browser);
      own.add(await onPage(browser, "own", measureDesktop));
      lightweight.add(await onPage(browser, "lightweight", measureDesktop));
    }
  } finally {
    await browser.close();
  }
}

/** By the browser's own scale factor: emulated, the pixels would be made up. */
async function phone(): Promise<void> {
  const browser = await openBrowser([
    "--force-device-scale-factor=3",
    `--window-size=${PHONE.width},${PHONE.height}`,
  ]);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const options = { throttle: THROTTLE, viewport: null };
      own.add(await onPage(browser, "own", measurePhone, options));
      lightweight.add(
        await onPage(browser, "lightweight", measurePhone, options),
      );
    }
  } finally {
    await browser.close();
  }
  if (calibration.medians.calibration !== undefined) return;
  const plain = await openBrowser();
  try {
    await calibrate(plain);
  } finally {
    await plain.close();
  }
}

async function loading(): Promise<void> {
  const browser = await openBrowser();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      await calibrate(browser);
      own.add({
        firstPaint: await firstPaint(browser, 1),
        firstPaintSlow: await firstPaint(browser, THROTTLE),
      });
    }
  } finally {
    await browser.close();
  }
  own.add(await pageSizes());
}

async function calibrate(browser: Browser): Promise<void> {
  calibration.add(await onPage(browser, "calibration", measureCalibration));
}

async function onPage(
  browser: Browser,
  name: string,
  measure: (probe: Probe) => Promise<Values>,
  { throttle = 1, viewport = DESKTOP }: {
    readonly throttle?: number;
    readonly viewport?: typeof DESKTOP | null;
  } = {},
): Promise<Values> {
  const context = await browser.newContext({ viewport, colorScheme: "dark" });
  try {
    const page = await context.newPage();
    const probe = await Probe.open(page, pages.url + name, { throttle });
    await page.waitForFunction("globalThis.subject !== undefined");
    const values = await measure(probe);
    console.error(JSON.stringify({ name, ...values }));
    return values;
  } finally {
    await context.close();
  }
}

async function firstPaint(
  browser: Browser,
  throttle: number,
): Promise<number> {
  const context = await browser.newContext({ viewport: DESKTOP });
  try {
    const page = await context.newPage();
    await Probe.open(page, `${pages.url}first_paint`, { throttle });
    await page.waitForFunction("globalThis.paintedMs !== undefined");
    return await page.evaluate(() => globalThis.paintedMs!);
  } finally {
    await context.close();
  }
}

/** What the instrument's page loads, in gzip. */
async function pageSizes(): Promise<Values> {
  setProjectRoot(new URL("../../", import.meta.url));
  const elsewhere = /^islands_(Watchlist|SettingsForm)\.js$/;
  let islandKb = 0;
  let pageKb = 0;
  for (const [name, { bytes }] of await islandBundle()) {
    const packed = new Blob([bytes]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    const kb = (await new Response(packed).arrayBuffer()).byteLength / 1_000;
    if (name === "islands_InstrumentLive.js") islandKb = kb;
    if (!elsewhere.test(name)) pageKb += kb;
  }
  return { islandKb, pageKb };
}
