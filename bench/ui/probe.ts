import type { CDPSession, Page } from "playwright-core";

/** What one section of a run cost. */
export interface Cost {
  /** CPU time of the page's main thread, in ms. */
  readonly taskMs: number;
  /** The part of it that was script. */
  readonly scriptMs: number;
  /** Time between frames, ascending, in ms; empty unless frames were asked for. */
  readonly frames: readonly number[];
}

/** Runs before every script of the page. */
const WATCH = `(() => {
  const raf = requestAnimationFrame.bind(window);
  const watch = window.watch = { errors: [], times: null, callbacks: 0 };
  addEventListener("error", (event) => watch.errors.push(event.message));
  addEventListener("unhandledrejection", (event) =>
    watch.errors.push(String(event.reason)));
  window.requestAnimationFrame = (callback) => raf((now) => {
    watch.callbacks++;
    callback(now);
  });
  const note = (now) => {
    if (watch.times === null) return;
    watch.times.push(now);
    raf(note);
  };
  watch.start = () => { watch.times = []; raf(note); };
  watch.stop = async () => {
    const { times } = watch;
    // Between two frames is the least that can be said of frames.
    while (times.length < 3) await new Promise(raf);
    watch.times = null;
    return times;
  };
})()`;

/** Measures a page by the browser's own clocks. */
export class Probe {
  readonly page: Page;
  readonly #cdp: CDPSession;

  private constructor(page: Page, cdp: CDPSession) {
    this.page = page;
    this.#cdp = cdp;
  }

  /** Opens a page, with CPU time counted from its start. */
  static async open(
    page: Page,
    url: string,
    { throttle = 1 }: { readonly throttle?: number } = {},
  ): Promise<Probe> {
    await page.addInitScript(WATCH);
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
    const probe = new Probe(page, cdp);
    if (throttle > 1) await probe.throttle(throttle);
    await page.goto(url);
    return probe;
  }

  /**
   * Slows the page down by a factor. A browser does so by keeping a core busy,
   * also for a page that rests: to be taken off (1) while others are measured.
   */
  async throttle(rate: number): Promise<void> {
    await this.#cdp.send("Emulation.setCPUThrottlingRate", { rate });
  }

  /** What `run` costs; with frames, the page draws all the time. */
  async cost(
    run: () => Promise<unknown>,
    { frames = false }: { readonly frames?: boolean } = {},
  ): Promise<Cost> {
    if (frames) await this.page.evaluate("watch.start()");
    const before = await this.#metrics();
    await run();
    const after = await this.#metrics();
    const times = frames
      ? await this.page.evaluate<number[]>("watch.stop()")
      : [];
    return {
      taskMs: after.TaskDuration - before.TaskDuration,
      scriptMs: after.ScriptDuration - before.ScriptDuration,
      frames: times.slice(1).map((time, i) => time - times[i])
        .toSorted((a, b) => a - b),
    };
  }

  /** Bytes in use after the garbage is collected. */
  async heapBytes(): Promise<number> {
    // What only weak references hold needs a second turn.
    for (let turn = 0; turn < 3; turn++) {
      await this.#cdp.send("HeapProfiler.collectGarbage");
    }
    const { usedSize } = await this.#cdp.send("Runtime.getHeapUsage");
    return usedSize;
  }

  /** @throws {Error} If the page had an error. */
  async assertNoErrors(): Promise<void> {
    const errors = await this.page.evaluate<string[]>("watch.errors");
    if (errors.length > 0) throw new Error(`The page failed: ${errors[0]}`);
  }

  async #metrics() {
    const { metrics } = await this.#cdp.send("Performance.getMetrics");
    const ms = (name: string) =>
      1_000 * (metrics.find((metric) => metric.name === name)?.value ?? 0);
    return {
      TaskDuration: ms("TaskDuration"),
      ScriptDuration: ms("ScriptDuration"),
    };
  }
}
