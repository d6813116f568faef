import type { Cost, Probe } from "./probe.ts";
import type {} from "./subject.ts";

/** Medians are taken of these, by their names. */
export type Values = Readonly<Record<string, number>>;

const TICKS = 30;
const TICK_EVERY_MS = 100;
const FRAMES = 90;
const MOVES = 90;
const GROWTH_TICKS = 3_000;

/** Everything measured of a chart on a desktop. */
export async function measureDesktop(probe: Probe): Promise<Values> {
  const { page } = probe;
  const values: Record<string, number> = {};
  await load(probe, 500, 150);
  values.tick500 = perTick(await probe.cost(() => ticks(probe)));
  await load(probe, 10_000, 150);
  const tick = await probe.cost(() => ticks(probe));
  values.tick = perTick(tick);
  values.tickScript = tick.scriptMs / TICKS;
  values.tickRatio = values.tick / values.tick500;
  const pan = await probe.cost(() => frames(probe, "pan"), { frames: true });
  values.pan = pan.taskMs / FRAMES;
  values.panP95 = p95(pan);
  const zoom = await probe.cost(() => frames(probe, "zoom"), { frames: true });
  values.zoom = zoom.taskMs / FRAMES;
  values.zoomP95 = p95(zoom);
  await load(probe, 10_000, 150);
  values.crosshair = (await probe.cost(() => hover(probe))).taskMs / MOVES;
  values.dragP95 = p95(
    await probe.cost(() => drag(probe), { frames: true }),
  );
  values.wheelP95 = p95(
    await probe.cost(() => wheel(probe), { frames: true }),
  );
  await load(probe, 10_000, 10_015);
  values.tickAll = perTick(await probe.cost(() => ticks(probe)));
  await page.evaluate("subject.destroy()");
  const empty = await probe.heapBytes();
  await load(probe, 10_000, 150);
  const full = await probe.heapBytes();
  values.heapMb = (full - empty) / 1e6;
  await page.evaluate(GROW, GROWTH_TICKS);
  values.growthMb = (await probe.heapBytes() - full) / 1e6;
  await probe.assertNoErrors();
  return values;
}

/** A phone: slow, and with nine times as many pixels for its size. */
export async function measurePhone(probe: Probe): Promise<Values> {
  await load(probe, 10_000, 60);
  const tick = await probe.cost(() => ticks(probe));
  const pan = await probe.cost(() => frames(probe, "pan"), { frames: true });
  await probe.assertNoErrors();
  return {
    phoneTickScript: tick.scriptMs / TICKS,
    phoneTick: perTick(tick),
    phonePanP95: p95(pan),
  };
}

/** One frame of the calibration's drawing. */
export async function measureCalibration(probe: Probe): Promise<Values> {
  await load(probe, 0, 0);
  const cost = await probe.cost(() => ticks(probe));
  await probe.assertNoErrors();
  return { calibration: perTick(cost) };
}

function perTick(cost: Cost): number {
  return cost.taskMs / TICKS;
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

const REST = `new Promise((resolve) => setTimeout(resolve, 400))`;

/** As a feed has them: ten a second. */
function ticks({ page }: Probe): Promise<unknown> {
  return page.evaluate(
    ([count, every]) =>
      new Promise<void>((resolve) => {
        let left = count;
        const timer = setInterval(() => {
          if (left-- > 0) return globalThis.subject.tick();
          clearInterval(timer);
          resolve();
        }, every);
      }),
    [TICKS, TICK_EVERY_MS],
  );
}

/** A pan to and fro, or a zoom in and out, a step each frame. */
function frames({ page }: Probe, what: "pan" | "zoom"): Promise<unknown> {
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
    [what, FRAMES] as const,
  );
}

async function hover({ page }: Probe): Promise<void> {
  for (let i = 0; i < MOVES; i++) {
    await page.mouse.move(200 + i * 7, 200 + 90 * Math.sin(i / 8));
    await page.evaluate(NEXT_FRAME);
  }
}

async function drag({ page }: Probe): Promise<void> {
  await page.mouse.move(300, 250);
  await page.mouse.down();
  for (let i = 0; i < MOVES; i++) {
    const x = i < MOVES / 2 ? 300 + i * 10 : 300 + (MOVES - i) * 10;
    await page.mouse.move(x, 250);
  }
  await page.mouse.up();
}

async function wheel({ page }: Probe): Promise<void> {
  await page.mouse.move(600, 250);
  for (let i = 0; i < MOVES; i++) {
    await page.mouse.wheel(0, i < MOVES / 2 ? 40 : -40);
  }
}

const NEXT_FRAME = `new Promise((resolve) => requestAnimationFrame(resolve))`;

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
