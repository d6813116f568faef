/**
 * What the list of instruments costs the browser while every one of them
 * moves: the whole program, a feed over TCP and Chromium on one machine.
 *
 * `deno run … bench/watchlist_bench.ts [instruments] [ticks/s of each] [s]`.
 * Prints the figures, then one line of JSON; exits with 1 if a target is
 * missed. `thread` is CPU of the page's main thread alone, as `Performance`
 * of the browser's protocol counts it; `renderer` is its whole process, with
 * the threads that raster without a GPU.
 */
import type { Browser, CDPSession, Page } from "playwright-core";
import { openBrowser } from "../tests/harness/browser.ts";
import {
  getJson,
  type Program,
  startProgram,
  until,
} from "../tests/harness/program.ts";

const [INSTRUMENTS = 200, RATE = 10, SECONDS = 30] = Deno.args
  .filter((arg) => /^\d+$/.test(arg)).map(Number);
const HISTORY = "65m";
/** One tick of each instrument in so many seconds of history. */
const HISTORY_STEP_S = 15;
const WARM_MS = 8_000;
const THREAD_SHARE_MAX = 0.3;

const symbols = Array.from(
  { length: INSTRUMENTS },
  (_, i) => `LIST.${String(i).padStart(3, "0")}`,
).join(",");

const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-bench-" });
const program = await startProgram({
  DATA_DIR: dataDir,
  SIMULATE: "off",
  HTTP_PORT: "0",
  FEEDS: "listen://127.0.0.1:0",
});
let browser: Browser | null = null;
let feed: Deno.ChildProcess | null = null;
try {
  const history = send(program, [
    ...["--history", HISTORY, "--duration", "0s"],
    ...["--rate", String(INSTRUMENTS / HISTORY_STEP_S)],
  ]);
  if (!(await history.status).success) throw new Error("No history was sent");
  feed = send(program, ["--rate", String(INSTRUMENTS * RATE)]);
  await until(
    "every instrument",
    () => getJson(program, "/api/instruments"),
    ({ instruments }) => instruments.length === INSTRUMENTS,
  );
  browser = await openBrowser();
  const figures = await measure(browser, program);
  console.table(figures);
  const reached = figures.thread_share <= THREAD_SHARE_MAX &&
    figures.long_tasks === 0;
  console.log(JSON.stringify({
    bench: "watchlist",
    instruments: INSTRUMENTS,
    ticks_per_second_each: RATE,
    seconds: SECONDS,
    figures,
    reached,
    deno: Deno.version.deno,
    chromium: browser.version(),
    cores: navigator.hardwareConcurrency,
    date: new Date().toISOString().slice(0, 10),
  }));
  Deno.exitCode = reached ? 0 : 1;
} finally {
  feed?.kill("SIGTERM");
  await browser?.close();
  await program.stop();
  await Deno.remove(dataDir, { recursive: true });
}

async function measure(browser: Browser, program: Program) {
  const page = await browser.newPage({
    viewport: { width: 1440, height: 900 },
  });
  await page.addInitScript(countLongTasks);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  const process = await browser.newBrowserCDPSession();
  await page.goto(program.http);
  await page.locator(".link-connected").waitFor();
  await page.waitForTimeout(WARM_MS);
  const loading = await seenOf(page);

  const from = await sample(page, cdp, process);
  await page.waitForTimeout(SECONDS * 1_000);
  const to = await sample(page, cdp, process);
  const seconds = (to.at - from.at) / 1_000;
  const rate = (key: keyof typeof to) => (to[key] - from[key]) / seconds;
  const round = (value: number, digits = 3) => Number(value.toFixed(digits));
  const tasks = (await seenOf(page)).longTasks.slice(loading.longTasks.length);
  const health = await getJson(program, "/healthz");
  return {
    thread_share: round(rate("task")),
    script_share: round(rate("script")),
    style_share: round(rate("style")),
    layout_share: round(rate("layout")),
    renderer_share: round(rate("renderer")),
    long_tasks: tasks.length,
    longest_task_ms: Math.max(0, ...tasks),
    load_long_tasks: loading.longTasks.length,
    load_longest_ms: Math.max(0, ...loading.longTasks),
    events_per_second: round(rate("events"), 0),
    frames_per_second: round(rate("frames"), 1),
    price_changes_per_second: round(rate("changes"), 0),
    heap_mb: round(to.heap / 1e6, 1),
    server_loop_lag_ms_max: health.event_loop_lag_ms_max as number,
  };
}

async function sample(page: Page, cdp: CDPSession, process: CDPSession) {
  const { metrics } = await cdp.send("Performance.getMetrics");
  const value = (name: string) =>
    metrics.find((one) => one.name === name)?.value ?? NaN;
  const { processInfo } = await process.send("SystemInfo.getProcessInfo");
  const seen = await seenOf(page);
  return {
    at: performance.now(),
    task: value("TaskDuration"),
    script: value("ScriptDuration"),
    style: value("RecalcStyleDuration"),
    layout: value("LayoutDuration"),
    heap: value("JSHeapUsedSize"),
    renderer: processInfo.filter(({ type }) => type === "renderer")
      .reduce((sum, { cpuTime }) => sum + cpuTime, 0),
    events: seen.events,
    frames: seen.frames,
    changes: seen.changes,
  };
}

interface Seen {
  readonly longTasks: number[];
  events: number;
  frames: number;
  changes: number;
}

function seenOf(page: Page): Promise<Seen> {
  return page.evaluate(() => (globalThis as unknown as { seen: Seen }).seen);
}

/** Runs in the page, before any script of it. */
function countLongTasks(): void {
  const seen: Seen = { longTasks: [], events: 0, frames: 0, changes: 0 };
  Object.assign(globalThis, { seen });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.longTasks.push(duration);
  }).observe({ type: "longtask", buffered: true });
  const request = globalThis.requestAnimationFrame;
  globalThis.requestAnimationFrame = (callback) =>
    request((at) => {
      seen.frames++;
      callback(at);
    });
  const add = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function (
    this: EventSource,
    name: string,
    listener: (event: MessageEvent) => void,
  ) {
    add.call(
      this,
      name,
      ((event: MessageEvent) => {
        seen.events++;
        listener(event);
      }) as EventListener,
    );
  } as typeof add;
  addEventListener("DOMContentLoaded", () => {
    new MutationObserver((records) => seen.changes += records.length)
      .observe(document.querySelector(".watchlist tbody")!, {
        subtree: true,
        attributeFilter: ["data-moved"],
      });
  });
}

function send(program: Program, args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["task", "--quiet", "simulate", "--to", program.feeds[0]],
      ...["--symbols", symbols, ...args],
    ],
    stdout: "null",
    stderr: "inherit",
  }).spawn();
}
