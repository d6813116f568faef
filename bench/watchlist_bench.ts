/**
 * What the list of instruments costs the browser while every one of them
 * moves: the whole program, a feed over TCP and Chromium on one machine.
 *
 * `deno run … bench/watchlist_bench.ts [instruments] [ticks/s of each] [s]`.
 * Prints the figures, then one line of JSON; exits with 1 if a target is
 * missed. `thread` is CPU of the page's main thread alone, as `Performance`
 * of the browser's protocol counts it; `renderer` is its whole process, with
 * the threads that raster without a GPU. A task is `long` by the CPU time that
 * it took from the page; `wall` has also what it waited for a core, which tells
 * of the machine: server, feed and browser share it here.
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
const RENDERER_SHARE_MAX = 0.3;
const LONG_TASK_MS = 50;
/** Of the ticks that were to come; with fewer nothing was measured. */
const TICKS_SHARE_MIN = 0.9;

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
    ...["--rate", (INSTRUMENTS / HISTORY_STEP_S).toFixed(3)],
  ]);
  if (!(await history.status).success) throw new Error("No history was sent");
  feed = send(program, ["--rate", String(INSTRUMENTS * RATE)]);
  const feedEnded = feed.status.then(({ code }) => {
    feed = null;
    throw new Error(`The feed ended with ${code}`);
  });
  feedEnded.catch(() => {});
  await until(
    "every instrument",
    () => getJson(program, "/api/instruments"),
    ({ instruments }) =>
      instruments.filter(({ last }: { last: unknown }) => last !== null)
        .length === INSTRUMENTS,
  );
  browser = await openBrowser();
  const figures = await Promise.race([measure(browser, program), feedEnded]);
  console.table(figures);
  const reached = figures.renderer_share <= RENDERER_SHARE_MAX &&
    figures.long_tasks === 0 &&
    figures.ticks_per_second >= INSTRUMENTS * RATE * TICKS_SHARE_MIN;
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

  const tasksOf = await traceTasks(process);
  const ticksFrom = await ticksIn(program);
  const from = await sample(page, cdp, process);
  await page.waitForTimeout(SECONDS * 1_000);
  const to = await sample(page, cdp, process);
  const ticks = await ticksIn(program) - ticksFrom;
  const tasks = await tasksOf();
  const seconds = (to.at - from.at) / 1_000;
  const rate = (key: Exclude<keyof typeof to, "longTasks">) =>
    (to[key] - from[key]) / seconds;
  const round = (value: number, digits = 3) => Number(value.toFixed(digits));
  const waited = to.longTasks.slice(from.longTasks.length);
  const health = await getJson(program, "/healthz");
  return {
    thread_share: round(rate("task")),
    script_share: round(rate("script")),
    style_share: round(rate("style")),
    layout_share: round(rate("layout")),
    renderer_share: round(rate("renderer")),
    long_tasks: tasks.filter((ms) => ms > LONG_TASK_MS).length,
    longest_task_ms: round(Math.max(...tasks), 1),
    wall_long_tasks: waited.length,
    wall_longest_ms: Math.max(0, ...waited),
    load_wall_long_tasks: loading.longTasks.length,
    load_wall_longest_ms: Math.max(0, ...loading.longTasks),
    ticks_per_second: Math.round(ticks / seconds),
    events_per_second: round(rate("events"), 0),
    frames_per_second: round(rate("frames"), 1),
    price_changes_per_second: round(rate("changes"), 0),
    heap_mb: round(to.heap / 1e6, 1),
    server_loop_lag_ms_max: health.event_loop_lag_ms_max as number,
  };
}

/** Ticks that are in candles so far. */
async function ticksIn(program: Program): Promise<number> {
  const { partitions } = await getJson(program, "/api/audit");
  return partitions.reduce(
    (sum: number, { applied }: { applied: number }) => sum + applied,
    0,
  );
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
    longTasks: seen.longTasks,
  };
}

/**
 * Notes what each task of the page's main thread takes.
 *
 * @returns How to stop, which gives the CPU time of each, ms.
 */
async function traceTasks(
  browser: CDPSession,
): Promise<() => Promise<readonly number[]>> {
  const events: TraceEvent[] = [];
  browser.on("Tracing.dataCollected", ({ value }) => {
    events.push(...value as unknown as TraceEvent[]);
  });
  await browser.send("Tracing.start", {
    traceConfig: { includedCategories: ["toplevel"] },
  });
  return async () => {
    const complete = new Promise<void>((resolve) =>
      browser.once("Tracing.tracingComplete", () => resolve())
    );
    await browser.send("Tracing.end");
    await complete;
    const named = events.filter(({ ph, name, args }) =>
      ph === "M" && name === "thread_name" && args.name === "CrRendererMain"
    );
    const threads = new Set(named.map(({ pid, tid }) => `${pid} ${tid}`));
    return events.flatMap(({ ph, name, pid, tid, tdur = 0 }) =>
      ph === "X" && name.endsWith("RunTask") && threads.has(`${pid} ${tid}`)
        ? tdur / 1_000
        : []
    );
  };
}

/** As Chromium writes it. */
interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** CPU time, µs. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
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
