/** Pictures the server draws: readable without scripts, and there before the canvas is. */

import {
  axisPxFor,
  FIRST_VIEWS,
  firstSlots,
  type FirstView,
  geometryOf,
  priceSpacingPx,
  VOLUME_FROM,
} from "./geometry.ts";
import { DAY_MS, LocalTime, TimeWords } from "./local_time.ts";
import { neededRange, paddedRange, type PriceRange } from "./price_range.ts";
import { priceTicks, shortNumber } from "./price_ticks.ts";
import { DEFAULT_FUTURE_SLOTS } from "./slot_view.ts";
import {
  timeDensity,
  timeStep,
  type TimeTick,
  timeTicks,
} from "./time_ticks.ts";
import type { ChartCandle, FutureForecast, PastForecast } from "./types.ts";

/** Units of the drawing: 10 a slot, 1000 for the height below the legend. */
const SLOT = 10;
const HEIGHT = 1000;
/** Heights assumed for the choice of gridlines: that of a phone is given. */
const ASSUMED_HEIGHT = { wide: 560, middle: 560, narrow: 460 };

export interface CandleSvgProps {
  /** Ascending; the newest are drawn, as many as the chart will show. */
  readonly candles: readonly ChartCandle[];
  readonly past?: readonly PastForecast[];
  readonly future?: readonly FutureForecast[];
  readonly intervalMs: number;
  readonly symbol?: string;
  readonly timeZone?: string;
  readonly locale?: string;
  readonly priceDecimals?: number;
  readonly tickSize?: number;
}

/**
 * The newest candles as the chart will first show them, once for each class of
 * width: the stylesheet `static/chart.css` shows the one that fits.
 */
export function CandleSvg(props: CandleSvgProps) {
  const pictures = FIRST_VIEWS.map((view) => drawPicture(props, view));
  const [{ legend, summary }] = pictures;
  return (
    <div class="tc-first" role="img" aria-label={summary}>
      <div class="tc-legend">
        <div class="tc-row">
          <span class="tc-symbol">{props.symbol}</span>
          <span>{legend}</span>
        </div>
      </div>
      {pictures.map((picture) => (
        <PictureSvg
          key={picture.name}
          {...picture}
        />
      ))}
    </div>
  );
}

function PictureSvg({ name, slots, axisPx, paths, labels }: Picture) {
  return (
    <div class={`tc-first-${name} tc-ax-${axisPx}`}>
      <svg
        class="tc-first-plot"
        viewBox={`0 0 ${slots * SLOT} ${HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        {paths.map(({ name, d }) =>
          d && <path key={name} class={name} d={d} />
        )}
      </svg>
      <svg class="tc-first-prices" aria-hidden="true">
        {labels.prices.map(({ text, share }) => (
          <text key={text} x="8" y={`${share}%`}>{text}</text>
        ))}
      </svg>
      <svg class="tc-first-times" aria-hidden="true">
        {labels.times.map(({ text, share }) => (
          <text key={share} x={`${share}%`} y="50%">{text}</text>
        ))}
      </svg>
    </div>
  );
}

interface Label {
  readonly text: string;
  /** Percent of the height or the width. */
  readonly share: number;
}

interface Picture {
  readonly name: FirstView["name"];
  readonly slots: number;
  readonly axisPx: number;
  readonly legend: string;
  readonly summary: string;
  readonly paths: readonly { readonly name: string; readonly d: string }[];
  readonly labels: {
    readonly prices: readonly Label[];
    readonly times: readonly Label[];
  };
}

/** Everything `CandleSvg` shows in one class of width, as plain data. */
export function drawPicture(props: CandleSvgProps, view: FirstView): Picture {
  const slots = firstSlots(view, props.candles.length + DEFAULT_FUTURE_SLOTS);
  const come = slots - DEFAULT_FUTURE_SLOTS;
  const candles = props.candles.slice(-come);
  const last = candles.at(-1);
  const first = candles[0]?.t ?? Infinity;
  const past = (props.past ?? []).filter(({ t }) => t >= first);
  const future = (props.future ?? [])
    .filter(({ t }) => last !== undefined && t > last.t)
    .slice(0, DEFAULT_FUTURE_SLOTS);
  const range = rangeOf(candles, past, future);
  const hasVolume = candles.some(({ v }) => v > 0);
  const height = ASSUMED_HEIGHT[view.name];
  const assumed = geometryOf({ width: view.fromPx, height }, {
    axisPx: 0,
    hasVolume,
  });
  const part = (assumed.priceBottom - assumed.priceTop) /
    (assumed.plotBottom - assumed.priceTop);
  const y = (price: number) =>
    whole((range.max - price) / (range.max - range.min) * HEIGHT * part);
  const x = (slot: number) => slot * SLOT;
  const slotOf = new Map(
    candles.map(({ t }, i) => [t, come - candles.length + i]),
  );
  const price = new Intl.NumberFormat(props.locale ?? "en-GB", {
    minimumFractionDigits: props.priceDecimals ?? 2,
    maximumFractionDigits: props.priceDecimals ?? 2,
  });
  const heightPx = assumed.priceBottom - assumed.priceTop;
  const prices = candles.length === 0 ? [] : priceTicks(range, {
    heightPx,
    spacingPx: priceSpacingPx(heightPx),
    tickSize: props.tickSize ?? 10 ** -(props.priceDecimals ?? 2),
  });
  const times = timesOf(props, slots, slots / view.times);
  const middle = (slot: number) => x(slot) + SLOT / 2;
  const grid = prices.map((value) => `M0 ${y(value)}H${x(slots)}`).join("") +
    times.map(({ slot }) => `M${middle(slot)} 0V${HEIGHT}`).join("");
  return {
    name: view.name,
    slots,
    axisPx: candles.length === 0
      ? axisPxFor("10,000.00")
      : axisPxFor(price.format(range.max)),
    legend: last
      ? `O ${price.format(last.o)} H ${price.format(last.h)} L ${
        price.format(last.l)
      } C ${price.format(last.c)}${
        last.v > 0 ? ` Vol ${shortNumber(last.v)}` : ""
      }`
      : "No candles yet",
    summary: last
      ? `${props.symbol ?? ""} chart of ${candles.length} candles, last close ${
        price.format(last.c)
      }`
      : `${props.symbol ?? ""} chart without candles`,
    paths: [
      { name: "tc-s-grid", d: grid },
      { name: "tc-s-pane", d: `M0 ${HEIGHT}H${x(slots)}` },
      { name: "tc-s-band", d: bandPath(past, slotOf, y) },
      ...last === undefined ? [] : [
        { low: "lo95", high: "hi95" } as const,
        { low: "lo80", high: "hi80" } as const,
        { low: "lo50", high: "hi50" } as const,
      ].map((band) => ({
        name: `tc-s-cone tc-s-cone-${band.low}`,
        d: conePath({ last, come, past, future, y, ...band }),
      })),
      ...volumePaths(candles, slotOf, hasVolume),
      ...candlePaths(candles, slotOf, y),
      { name: "tc-s-tick", d: tickPath(past, slotOf, y) },
      { name: "tc-s-future", d: futurePath(future, come, y) },
      {
        name: `tc-s-last tc-s-${last && last.c < last.o ? "down" : "up"}`,
        d: last ? `M0 ${y(last.c)}H${x(slots)}` : "",
      },
    ],
    labels: {
      prices: prices.map((value) => ({
        text: price.format(value),
        share: tenth(y(value) / HEIGHT * 100),
      })),
      times: times.map(({ slot, label }) => ({
        text: label,
        share: tenth(middle(slot) / x(slots) * 100),
      })),
    },
  };
}

function rangeOf(
  candles: readonly ChartCandle[],
  past: readonly PastForecast[],
  future: readonly FutureForecast[],
): PriceRange {
  if (candles.length === 0) return { min: 0, max: 1 };
  const bands = [...past, ...future];
  return paddedRange(neededRange(
    {
      min: Math.min(...candles.map(({ l }) => l)),
      max: Math.max(...candles.map(({ h }) => h)),
    },
    bands.length === 0 ? null : {
      min: Math.min(...bands.map(({ lo95 }) => lo95)),
      max: Math.max(...bands.map(({ hi95 }) => hi95)),
    },
  ));
}

/** Times as the canvas chooses them, `spacing` slots apart. */
function timesOf(
  { candles, intervalMs, timeZone, locale }: CandleSvgProps,
  slots: number,
  spacing: number,
): TimeTick[] {
  if (candles.length === 0) return [];
  const local = new LocalTime(timeZone ?? "UTC");
  const words = new TimeWords(locale ?? "en-GB");
  const walls = candles.map(({ t }) => local.wallOf(t));
  const newest = walls.length - 1;
  const scale = { slotPx: 1, spacingPx: spacing };
  const step = timeStep(timeDensity({ ...scale, intervalMs }, {
    length: walls.length,
    days: new Set(walls.map((wall) => Math.floor(wall / DAY_MS))).size,
    spanMs: walls[newest] - walls[0],
  }));
  // The candles left of the picture count: labels keep their distance to them.
  const before = walls.length + DEFAULT_FUTURE_SLOTS - slots;
  const wallAt = (slot: number) => {
    const i = slot + before;
    return i > newest
      ? walls[newest] + (i - newest) * intervalMs
      : walls[i] ?? NaN;
  };
  return timeTicks(wallAt, { from: 0, to: slots - 1 }, step, {
    ...scale,
    words,
  });
}

type Y = (price: number) => number;
type Slots = ReadonlyMap<number, number>;

/**
 * Wicks as strokes, bodies as boxes: one path for each direction. Bodies that
 * rise may be seen into, so their wicks end there.
 */
function candlePaths(candles: readonly ChartCandle[], slotOf: Slots, y: Y) {
  const up: string[] = [];
  const down: string[] = [];
  for (const { t, o, h, l, c } of candles) {
    const x = slotOf.get(t)! * SLOT;
    const top = y(Math.max(o, c));
    const height = whole(Math.max(y(Math.min(o, c)) - top, 1));
    const box = `M${x + 2} ${top}h6v${height}h-6z`;
    if (c < o) down.push(`M${x + 5} ${y(h)}V${y(l)}${box}`);
    else {
      const low = `M${x + 5} ${top + height}V${y(l)}`;
      up.push(`M${x + 5} ${y(h)}V${top}${low}${box}`);
    }
  }
  return [
    { name: "tc-s-up", d: up.join("") },
    { name: "tc-s-down", d: down.join("") },
  ];
}

function volumePaths(
  candles: readonly ChartCandle[],
  slotOf: Slots,
  hasVolume: boolean,
) {
  if (!hasVolume) return [];
  const max = Math.max(...candles.map(({ v }) => v)) * 1.04;
  const up: string[] = [];
  const down: string[] = [];
  for (const { t, o, c, v } of candles) {
    const height = whole(v / max * HEIGHT * (1 - VOLUME_FROM));
    const x = slotOf.get(t)! * SLOT + 2;
    (c >= o ? up : down).push(`M${x} ${HEIGHT}v-${height}h6v${height}z`);
  }
  return [
    { name: "tc-s-up-volume", d: up.join("") },
    { name: "tc-s-down-volume", d: down.join("") },
  ];
}

/** The 95 % band of what was predicted, one shape for each unbroken run. */
function bandPath(past: readonly PastForecast[], slotOf: Slots, y: Y): string {
  const seen = past.filter(({ t }) => slotOf.has(t));
  let d = "";
  for (let i = 0; i < seen.length;) {
    const from = i;
    const start = slotOf.get(seen[from].t)!;
    while (i < seen.length && slotOf.get(seen[i].t) === start + i - from) i++;
    d += ring(
      seen.slice(from, i).map(({ t, lo95, hi95 }) => ({
        x: slotOf.get(t)! * SLOT + SLOT / 2,
        low: y(lo95),
        high: y(hi95),
      })),
    );
  }
  return d;
}

/** The band to come, from the newest candle's on. */
function conePath({ last, come, past, future, y, low, high }: {
  readonly last: ChartCandle;
  /** Slots before the first of the future. */
  readonly come: number;
  readonly past: readonly PastForecast[];
  readonly future: readonly FutureForecast[];
  readonly y: Y;
  readonly low: "lo95" | "lo80" | "lo50";
  readonly high: "hi95" | "hi80" | "hi50";
}): string {
  if (future.length === 0) return "";
  const seen: Partial<FutureForecast> | undefined = past.find(({ t }) =>
    t === last.t
  );
  const band = [
    { [low]: seen?.[low] ?? last.c, [high]: seen?.[high] ?? last.c },
    ...future,
  ] as Record<typeof low | typeof high, number>[];
  const points = band.map((one, i) => ({
    x: (come - 1 + i) * SLOT + SLOT / 2,
    low: y(one[low]),
    high: y(one[high]),
  }));
  return ring([...points, {
    ...points.at(-1)!,
    x: points.at(-1)!.x + SLOT / 2,
  }]);
}

function ring(
  points: readonly {
    readonly x: number;
    readonly low: number;
    readonly high: number;
  }[],
): string {
  const there = points.map(({ x, high }) => `${x} ${high}`);
  const back = points.map(({ x, low }) => `${x} ${low}`).reverse();
  return `M${[...there, ...back].join("L")}z`;
}

function tickPath(past: readonly PastForecast[], slotOf: Slots, y: Y): string {
  return past.filter(({ t }) => slotOf.has(t))
    .map(({ t, c }) => `M${slotOf.get(t)! * SLOT + 1} ${y(c) - 1}h8v3h-8z`)
    .join("");
}

function futurePath(
  future: readonly FutureForecast[],
  come: number,
  y: Y,
): string {
  return future.map(({ o, h, l, c }, i) => {
    const x = (come + i) * SLOT;
    const grow = Math.max(0, (8 - y(Math.min(o, c)) + y(Math.max(o, c))) / 2);
    const top = y(Math.max(o, c)) - grow;
    const bottom = y(Math.min(o, c)) + grow;
    const height = whole(bottom - top);
    return `M${x + 5} ${y(Math.max(h, o, c))}V${top}M${x + 5} ${bottom}V${
      y(Math.min(l, o, c))
    }M${x + 2} ${top}h6v${height}h-6z`;
  }).join("");
}

/** Whole units for shapes: a third of a pixel, and half the bytes. */
function whole(value: number): number {
  return Math.round(value);
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
