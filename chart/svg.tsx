/** Pictures the server draws: readable without scripts, and there before the canvas is. */

import {
  axisPxFor,
  PRICE_PART,
  PRICE_PART_ALONE,
  VOLUME_FROM,
} from "./geometry.ts";
import { LocalTime, TimeWords } from "./local_time.ts";
import { neededRange, paddedRange, type PriceRange } from "./price_range.ts";
import { priceTicks, shortNumber } from "./price_ticks.ts";
import { DEFAULT_FUTURE_SLOTS, DEFAULT_SLOTS } from "./slot_view.ts";
import { timeStep, type TimeTick, timeTicks } from "./time_ticks.ts";
import type { ChartCandle, FutureForecast, PastForecast } from "./types.ts";

/** Units of the drawing: 10 a slot, 1000 for the height below the legend. */
const SLOT = 10;
const HEIGHT = 1000;
const SLOTS = DEFAULT_SLOTS + DEFAULT_FUTURE_SLOTS;
/** The size assumed for the choice of gridlines; the picture stretches. */
const ASSUMED = { slotPx: 8.5, heightPx: 700, timePx: 84, pricePx: 44 };

export interface CandleSvgProps {
  /** Ascending; the last 150 are drawn. */
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

/** The last 150 candles as the chart will first show them. Needs `static/chart.css`. */
export function CandleSvg(props: CandleSvgProps) {
  const picture = drawPicture(props);
  const { labels, paths, axisPx, summary } = picture;
  return (
    <div class={`tc-first tc-ax-${axisPx}`} role="img" aria-label={summary}>
      <div class="tc-legend">
        <div class="tc-row">
          <span class="tc-symbol">{props.symbol}</span>
          <span>{picture.legend}</span>
        </div>
      </div>
      <svg
        class="tc-first-plot"
        viewBox={`0 0 ${SLOTS * SLOT} ${HEIGHT}`}
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

export interface SparklineProps {
  /** Ascending in time; at least two to draw anything. */
  readonly values: readonly number[];
  /** Drawn as a quiet line, and decides the colour: yesterday's close, say. */
  readonly base?: number;
  readonly title?: string;
}

/** A line without axes, as wide as its place. */
export function Sparkline({ values, base, title }: SparklineProps) {
  const all = base === undefined ? values : [...values, base];
  const min = Math.min(...all);
  const max = Math.max(...all);
  const y = (value: number) =>
    max > min ? tenth(23 - (value - min) / (max - min) * 22) : 12;
  const step = 100 / Math.max(1, values.length - 1);
  const line = values.map((value, i) => `${tenth(i * step)} ${y(value)}`);
  const up = (values.at(-1) ?? 0) >= (base ?? values[0] ?? 0);
  return (
    <svg
      class="tc-spark"
      viewBox="0 0 100 24"
      preserveAspectRatio="none"
      role={title ? "img" : undefined}
      aria-label={title}
      aria-hidden={title ? undefined : "true"}
    >
      {base !== undefined && (
        <path class="tc-spark-base" d={`M0 ${y(base)}H100`} />
      )}
      {line.length > 1 && (
        <path
          class={up ? "tc-spark-up" : "tc-spark-down"}
          d={`M${line.join("L")}`}
        />
      )}
    </svg>
  );
}

interface Label {
  readonly text: string;
  /** Percent of the height or the width. */
  readonly share: number;
}

interface Picture {
  readonly axisPx: number;
  readonly legend: string;
  readonly summary: string;
  readonly paths: readonly { readonly name: string; readonly d: string }[];
  readonly labels: {
    readonly prices: readonly Label[];
    readonly times: readonly Label[];
  };
}

/** Everything `CandleSvg` shows, as plain data. */
export function drawPicture(props: CandleSvgProps): Picture {
  const candles = props.candles.slice(-DEFAULT_SLOTS);
  const last = candles.at(-1);
  const first = candles[0]?.t ?? Infinity;
  const past = (props.past ?? []).filter(({ t }) => t >= first);
  const future = (props.future ?? [])
    .filter(({ t }) => last !== undefined && t > last.t)
    .slice(0, DEFAULT_FUTURE_SLOTS);
  const range = rangeOf(candles, past, future);
  const hasVolume = candles.some(({ v }) => v > 0);
  const part = hasVolume ? PRICE_PART : PRICE_PART_ALONE;
  const y = (price: number) =>
    whole((range.max - price) / (range.max - range.min) * HEIGHT * part);
  const slotOf = new Map(
    candles.map(({ t }, i) => [t, DEFAULT_SLOTS - candles.length + i]),
  );
  const price = new Intl.NumberFormat(props.locale ?? "en-GB", {
    minimumFractionDigits: props.priceDecimals ?? 2,
    maximumFractionDigits: props.priceDecimals ?? 2,
  });
  const prices = candles.length === 0 ? [] : priceTicks(range, {
    heightPx: ASSUMED.heightPx * part,
    spacingPx: ASSUMED.pricePx,
    tickSize: props.tickSize ?? 10 ** -(props.priceDecimals ?? 2),
  });
  const times = timesOf(candles, props);
  const middle = (slot: number) => slot * SLOT + SLOT / 2;
  const grid =
    prices.map((value) => `M0 ${y(value)}H${SLOTS * SLOT}`).join("") +
    times.map(({ slot }) => `M${middle(slot)} 0V${HEIGHT}`).join("");
  return {
    axisPx: candles.length === 0 ? 72 : axisPxFor(price.format(range.max)),
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
      { name: "tc-s-pane", d: `M0 ${HEIGHT}H${SLOTS * SLOT}` },
      { name: "tc-s-band", d: bandPath(past, slotOf, y) },
      { name: "tc-s-cone", d: conePath(candles, past, future, y) },
      ...volumePaths(candles, slotOf, hasVolume),
      ...candlePaths(candles, slotOf, y),
      { name: "tc-s-tick", d: tickPath(past, slotOf, y) },
      { name: "tc-s-future", d: futurePath(future, y) },
      {
        name: `tc-s-last tc-s-${last && last.c < last.o ? "down" : "up"}`,
        d: last ? `M0 ${y(last.c)}H${SLOTS * SLOT}` : "",
      },
    ],
    labels: {
      prices: prices.map((value) => ({
        text: price.format(value),
        share: tenth(y(value) / HEIGHT * 100),
      })),
      times: times.map(({ slot, label }) => ({
        text: label,
        share: tenth(middle(slot) / (SLOTS * SLOT) * 100),
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

function timesOf(
  candles: readonly ChartCandle[],
  props: CandleSvgProps,
): TimeTick[] {
  if (candles.length === 0) return [];
  const local = new LocalTime(props.timeZone ?? "UTC");
  const words = new TimeWords(props.locale ?? "en-GB");
  const offset = DEFAULT_SLOTS - candles.length;
  const walls = candles.map(({ t }) => local.wallOf(t));
  const days = new Set(walls.map((wall) => Math.floor(wall / 864e5))).size;
  const step = timeStep({
    slotPx: ASSUMED.slotPx,
    intervalMs: props.intervalMs,
    slotsPerDay: props.intervalMs >= 864e5 ? 1 : candles.length / days,
    daysPerWeek: 5,
    spacingPx: ASSUMED.timePx,
  });
  const wallAt = (slot: number) =>
    walls[slot - offset] ??
      (slot < DEFAULT_SLOTS ? NaN : walls[walls.length - 1] +
        (slot - DEFAULT_SLOTS + 1) * props.intervalMs);
  return timeTicks(
    wallAt,
    { from: offset, to: SLOTS - 1 },
    step,
    { slotPx: ASSUMED.slotPx, spacingPx: ASSUMED.timePx, words },
  );
}

type Y = (price: number) => number;
type Slots = ReadonlyMap<number, number>;

/** Wicks as strokes, bodies as boxes: one path for each direction. */
function candlePaths(candles: readonly ChartCandle[], slotOf: Slots, y: Y) {
  const up: string[] = [];
  const down: string[] = [];
  for (const { t, o, h, l, c } of candles) {
    const x = slotOf.get(t)! * SLOT;
    const top = y(Math.max(o, c));
    const height = whole(Math.max(y(Math.min(o, c)) - top, 1));
    (c >= o ? up : down).push(
      `M${x + 5} ${y(h)}V${y(l)}M${x + 2} ${top}h6v${height}h-6z`,
    );
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

function conePath(
  candles: readonly ChartCandle[],
  past: readonly PastForecast[],
  future: readonly FutureForecast[],
  y: Y,
): string {
  const last = candles.at(-1);
  if (!last || future.length === 0) return "";
  const seen = past.find(({ t }) => t === last.t);
  const points = [{
    x: (DEFAULT_SLOTS - 1) * SLOT + SLOT / 2,
    low: y(seen?.lo95 ?? last.c),
    high: y(seen?.hi95 ?? last.c),
  }];
  future.forEach(({ lo95, hi95 }, i) =>
    points.push({
      x: (DEFAULT_SLOTS + i) * SLOT + SLOT / 2,
      low: y(lo95),
      high: y(hi95),
    })
  );
  return ring(points);
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

function futurePath(future: readonly FutureForecast[], y: Y): string {
  return future.map(({ o, h, l, c }, i) => {
    const x = (DEFAULT_SLOTS + i) * SLOT;
    const top = y(Math.max(o, c));
    const bottom = y(Math.min(o, c));
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
