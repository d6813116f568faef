import type { Cost, Probe } from "./probe.ts";
import type {} from "./subject.ts";

/** What was measured, by the names in `targets.ts`. */
export type Values = Readonly<Record<string, number>>;

/** How much a section does: as much as it needs, or so little that a test has time for it. */
export interface Sizes {
  readonly few: number;
  readonly many: number;
  readonly inSight: number;
  readonly ticks: number;
  readonly frames: number;
  readonly moves: number;
  readonly growthTicks: number;
  readonly restSeconds: number;
}

export const FULL: Sizes = {
  few: 500,
  many: 10_000,
  inSight: 150,
  ticks: 20,
  frames: 60,
  moves: 40,
  growthTicks: 3_000,
  restSeconds: 2,
};

/** As a feed has them: ten a second. */
const TICK_EVERY_MS = 100;
/** Free slots of the subjects, which belong to all that is in sight. */
const FUTURE_SLOTS = 16;

export type Section = (probe: Probe, sizes: Sizes) => Promise<Values>;

/** Nobody looks closely and nothing comes: the countdown alone goes on. */
export const measureRest: Section = async (probe, sizes) => {
  const { many, inSight, restSeconds } = sizes;
  await load(probe, many, inSight);
  const rest = await probe.cost(() =>
    probe.page.waitForTimeout(restSeconds * 1_000)
  );
  await probe.assertNoErrors();
  return { rest: rest.taskMs / restSeconds };
};

/** Prices that come, to few and many candles, and to all of them in sight. */
export const measureTicks: Section = async (probe, sizes) => {
  const { few, many, inSight } = sizes;
  const costOf = async (loaded: number, visible: number) => {
    await load(probe, loaded, visible);
    return await probe.cost(() => ticks(probe, sizes));
  };
  const tick500 = await costOf(few, inSight);
  const tick = await costOf(many, inSight);
  const tickAll = await costOf(many, many + FUTURE_SLOTS);
  await probe.assertNoErrors();
  return {
    tick500: tick500.taskMs / sizes.ticks,
    tick: tick.taskMs / sizes.ticks,
    tickScript: tick.scriptMs / sizes.ticks,
    tickRatio: tick.taskMs / tick500.taskMs,
    tickAll: tickAll.taskMs / sizes.ticks,
  };
};

/** A step of a pan or a zoom each frame. */
export const measureMotion: Section = async (probe, sizes) => {
  await load(probe, sizes.many, sizes.inSight);
  const run = (what: "pan" | "zoom") =>
    probe.cost(() => frames(probe, what, sizes), { frames: true });
  const pan = await run("pan");
  const zoom = await run("zoom");
  await probe.assertNoErrors();
  return {
    pan: pan.taskMs / sizes.frames,
    panP95: p95(pan),
    zoom: zoom.taskMs / sizes.frames,
    zoomP95: p95(zoom),
  };
};

/** The browser's own mouse. */
export const measureMouse: Section = async (probe, sizes) => {
  await load(probe, sizes.many, sizes.inSight);
  const crosshair = await probe.cost(() => hover(probe, sizes));
  const dragged = await probe.cost(() => drag(probe, sizes), { frames: true });
  const wheeled = await probe.cost(() => wheel(probe, sizes), { frames: true });
  await probe.assertNoErrors();
  return {
    crosshair: crosshair.taskMs / sizes.moves,
    dragP95: p95(dragged),
    wheelP95: p95(wheeled),
  };
};

/** What the candles take. */
export const measureHeap: Section = async (probe, { many, inSight }) => {
  await probe.page.evaluate("subject.destroy()");
  const empty = await probe.heapBytes();
  await load(probe, many, inSight);
  return { heapMb: (await probe.heapBytes() - empty) / 1e6 };
};

/** What stays of prices that came and went. */
export const measureGrowth: Section = async (
  probe,
  { many, inSight, growthTicks },
) => {
  await load(probe, many, inSight);
  const full = await probe.heapBytes();
  await probe.page.evaluate(GROW, growthTicks);
  const grown = await probe.heapBytes();
  await probe.assertNoErrors();
  return { growthMb: (grown - full) / 1e6 };
};

/** A phone: slow, and with nine times as many pixels for its size. */
export const measurePhone: Section = async (probe, sizes) => {
  await load(probe, sizes.many, 60);
  const tick = await probe.cost(() => ticks(probe, sizes));
  const pan = await probe.cost(
    () => frames(probe, "pan", sizes),
    { frames: true },
  );
  await probe.assertNoErrors();
  return {
    phoneTickScript: tick.scriptMs / sizes.ticks,
    phonePanP95: p95(pan),
  };
};

/** CPU of one frame of the calibration's drawing, in ms. */
export async function measureCalibration(
  probe: Probe,
  sizes: Sizes,
): Promise<number> {
  await load(probe, 0, 0);
  const { taskMs } = await probe.cost(() => ticks(probe, sizes));
  await probe.assertNoErrors();
  return taskMs / sizes.ticks;
}

function p95({ frames }: Cost): number {
  return frames[Math.min(frames.length - 1, Math.floor(frames.length * 0.95))];
}

/** Loads, and waits until the browser is done with it. */
async function load(
  { page }: Probe,
  loaded: number,
  visible: number,
): Promise<void> {
  await page.evaluate(
    ([loaded, visible]) => globalThis.subject.load(loaded, visible),
    [loaded, visible],
  );
  await page.evaluate(REST);
}

const REST = `new Promise((resolve) => setTimeout(resolve, 200))`;

function ticks({ page }: Probe, { ticks }: Sizes): Promise<unknown> {
  return page.evaluate(
    ([count, every]) =>
      new Promise<void>((resolve) => {
        let left = count;
        const step = () => {
          if (left-- === 0) return resolve();
          globalThis.subject.tick();
          // Drawn before the next comes, however busy the machine is.
          requestAnimationFrame(() => setTimeout(step, every));
        };
        setTimeout(step, every);
      }),
    [ticks, TICK_EVERY_MS],
  );
}

/** A pan to and fro, or a zoom in and out, a step each frame. */
function frames(
  { page }: Probe,
  what: "pan" | "zoom",
  { frames }: Sizes,
): Promise<unknown> {
  return page.evaluate(
    ([what, count]) =>
      new Promise<void>((resolve) => {
        let at = 0;
        const step = () => {
          if (at === count) return resolve();
          const back = at >= count / 2;
          if (what === "pan") globalThis.subject.pan(back ? -24 : 24);
          else globalThis.subject.zoom(back ? 1.04 : 1 / 1.04);
          at++;
          requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      }),
    [what, frames] as const,
  );
}

/** The browser hands a move to the page with the next frame, and waits for it. */
async function hover({ page }: Probe, { moves }: Sizes): Promise<void> {
  for (let i = 0; i < moves; i++) {
    await page.mouse.move(200 + i * 11, 200 + 90 * Math.sin(i / 8));
  }
}

async function drag({ page }: Probe, { moves }: Sizes): Promise<void> {
  await page.mouse.move(300, 250);
  await page.mouse.down();
  for (let i = 0; i < moves; i++) {
    await page.mouse.move(300 + 10 * Math.min(i, moves - i), 250);
  }
  await page.mouse.up();
}

async function wheel({ page }: Probe, { moves }: Sizes): Promise<void> {
  await page.mouse.move(600, 250);
  for (let i = 0; i < moves; i++) {
    await page.mouse.wheel(0, i < moves / 2 ? 40 : -40);
  }
}

/** Many ticks a frame, and a new candle now and then. */
const GROW = (count: number) =>
  new Promise<void>((resolve) => {
    let left = count;
    const step = () => {
      for (let k = 0; k < 10 && left > 0; k++, left--) {
        if (left % 600 === 0) globalThis.subject.candle();
        else globalThis.subject.tick();
      }
      if (left > 0) requestAnimationFrame(step);
      else resolve();
    };
    requestAnimationFrame(step);
  });
