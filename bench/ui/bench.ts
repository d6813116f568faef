import type { Browser, BrowserContext } from "playwright-core";
import { serveChartPage } from "../../tests/harness/chart_page.ts";
import { Probe } from "./probe.ts";
import {
  measureCalibration,
  type Section,
  type Sizes,
  type Values,
} from "./sections.ts";

const DESKTOP = { width: 1280, height: 720 };

/** Charts to measure in turns, each on a page of its own. */
export interface Bench {
  readonly url: string;
  /** CPU of a frame of the calibration, in ms. */
  calibrate(sizes: Sizes): Promise<number>;
  measure(
    chart: "own" | "lightweight",
    section: Section,
    sizes: Sizes,
  ): Promise<Values>;
  close(): Promise<void>;
}

/**
 * Opens all pages.
 *
 * @param options Slower by a factor, and in the window that the browser has.
 */
export async function openBench(
  browser: Browser,
  { throttle = 1, phone = false }: {
    readonly throttle?: number;
    readonly phone?: boolean;
  } = {},
): Promise<Bench> {
  const pages = await serveChartPage({
    own: "bench/ui/own_subject.ts",
    lightweight: "bench/ui/lightweight_subject.ts",
    calibration: "bench/ui/calibration_subject.ts",
    first_paint: "bench/ui/own_first_paint.ts",
  });
  const contexts: BrowserContext[] = [];
  const open = async (name: string, viewport: typeof DESKTOP | null) => {
    const context = await browser.newContext({ viewport, colorScheme: "dark" });
    contexts.push(context);
    const page = await context.newPage();
    const probe = await Probe.open(page, pages.url + name);
    await page.waitForFunction("globalThis.subject !== undefined");
    return probe;
  };
  const viewport = phone ? null : DESKTOP;
  const calibration = await open("calibration", DESKTOP);
  const probes = {
    own: await open("own", viewport),
    lightweight: await open("lightweight", viewport),
  };
  return {
    url: pages.url,
    async calibrate(sizes) {
      return await measureCalibration(calibration, sizes);
    },
    async measure(chart, section, sizes) {
      const probe = probes[chart];
      // The calibration tells of the machine, not of what is emulated on it.
      await probe.throttle(throttle);
      const values = await section(probe, sizes);
      await probe.throttle(1);
      // At rest it would still draw its countdown while others are measured.
      await probe.page.evaluate("subject.destroy()");
      return values;
    },
    async close() {
      for (const context of contexts) await context.close();
      await pages.close();
    },
  };
}

/** Time until candles are seen on a page that opens, in ms. */
export async function firstPaint(
  browser: Browser,
  url: string,
  throttle: number,
): Promise<number> {
  const context = await browser.newContext({ viewport: DESKTOP });
  try {
    const page = await context.newPage();
    await Probe.open(page, `${url}first_paint`, { throttle });
    await page.waitForFunction("globalThis.paintedMs !== undefined");
    return await page.evaluate(() => globalThis.paintedMs!);
  } finally {
    await context.close();
  }
}
