import { Chart, DatasetController, Element, Scale } from "chart.js";
import type { ChartConfiguration, ChartItem } from "chart.js";
import { type Frame, yOf } from "./frame.ts";
import { TIME_AXIS_PX } from "./geometry.ts";
import {
  linesTop,
  paintGrid,
  paintLastPricePill,
  paintLevels,
  paintPriceLabels,
  paintTimeLabels,
} from "./paint_axes.ts";
import { paintCandles, paintFuture, paintVolume } from "./paint_candles.ts";
import { paintBand, paintForecastTicks } from "./paint_forecast.ts";
import { paintLines } from "./paint_lines.ts";
import { paintMarks } from "./paint_marks.ts";
import {
  paintOutages,
  paintQuiet,
  paintRevised,
  paintShades,
} from "./paint_spans.ts";

/**
 * The seam to Chart.js: it owns the canvas, the layout and the order of the
 * layers; the frame says what is in them.
 *
 * The frame hangs on the canvas, not in `options`: options are cloned deeply at
 * every update. Datasets are empty and make no elements.
 */
export interface FrameSource {
  readonly frame: Frame;
  readonly axisPx: number;
}

const sources = new WeakMap<HTMLCanvasElement, FrameSource>();

type Paint = (ctx: CanvasRenderingContext2D, frame: Frame) => void;

/** Where a painter may paint: the price pane, the same up to the top, the plot, everywhere. */
type Clip = "prices" | "marks" | "plot" | "none";

/** Runs a painter in whole device pixels, inside what `clip` says. */
function inDevicePixels(chart: Chart, clip: Clip, paint: Paint): void {
  const source = sources.get(chart.canvas);
  if (!source) return;
  const { ctx } = chart;
  const { frame } = source;
  ctx.save();
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  let top = 0;
  let right = frame.width;
  let bottom = frame.height;
  if (clip !== "none") {
    right = frame.plotRight;
    bottom = clip !== "plot" && frame.volumeTop < frame.plotBottom
      ? Math.round((frame.priceBottom + frame.volumeTop) / 2)
      : frame.plotBottom;
    // Nothing but a mark may run into the legend.
    top = clip === "marks" ? 0 : linesTop(frame);
  }
  if (clip !== "none" || frame.keptPx > 0) {
    ctx.beginPath();
    ctx.rect(frame.keptPx, top, right - frame.keptPx, bottom - top);
    ctx.clip();
  }
  paint(ctx, frame);
  ctx.restore();
}

function layer(id: string, clip: Clip, paint: Paint) {
  return class extends DatasetController {
    static id = id;
    static defaults = {
      datasetElementType: false,
      dataElementType: "tickhouseNothing",
    };
    override draw(): void {
      inDevicePixels(this.chart, clip, paint);
    }
  };
}

/** Chart.js asks every controller for a kind of element; these make none. */
class NoElement extends Element {
  static id = "tickhouseNothing";
}

/** Slots along the bottom: closed hours have none, so they take no room. */
class SlotScale extends Scale {
  static id = "tickhouseSlots";
  static defaults = {};

  override update(width: number): void {
    this.#follow();
    this.width = this.maxWidth = width;
    this.height = this.maxHeight = TIME_AXIS_PX;
  }

  override getPixelForValue(slot: number): number {
    const frame = sources.get(this.chart.canvas)?.frame;
    return frame ? (frame.origin + slot * frame.slotWidth) / frame.dpr : NaN;
  }

  override getValueForPixel(x: number): number {
    const frame = sources.get(this.chart.canvas)?.frame;
    return frame ? (x * frame.dpr - frame.origin) / frame.slotWidth : NaN;
  }

  override draw(): void {
    this.#follow();
    inDevicePixels(this.chart, "none", (ctx, frame) => {
      paintGrid(ctx, frame);
      paintTimeLabels(ctx, frame);
    });
  }

  #follow(): void {
    const frame = sources.get(this.chart.canvas)?.frame;
    this.min = frame?.first ?? 0;
    this.max = frame?.last ?? 1;
  }
}

/** Prices on the right; the volume's largest value stands in its own pane. */
class PriceScale extends Scale {
  static id = "tickhousePrices";
  static defaults = {};

  override update(_width: number, height: number): void {
    this.#follow();
    this.width = this.maxWidth = sources.get(this.chart.canvas)?.axisPx ?? 0;
    this.height = this.maxHeight = height;
  }

  override getPixelForValue(price: number): number {
    const frame = sources.get(this.chart.canvas)?.frame;
    return frame ? yOf(frame, price) / frame.dpr : NaN;
  }

  override draw(): void {
    this.#follow();
    inDevicePixels(this.chart, "none", (ctx, frame) => {
      paintPriceLabels(ctx, frame);
    });
  }

  #follow(): void {
    const frame = sources.get(this.chart.canvas)?.frame;
    this.min = frame?.priceMin ?? 0;
    this.max = frame?.priceMax ?? 1;
  }
}

// Chart.js paints the first dataset on top.
const LAYERS = [
  layer("tickhouseLastPrice", "none", paintLastPricePill),
  layer("tickhouseLevels", "none", paintLevels),
  layer("tickhouseMarks", "marks", paintMarks),
  layer("tickhouseForecastTicks", "prices", paintForecastTicks),
  layer("tickhouseLines", "prices", paintLines),
  layer("tickhouseFuture", "prices", paintFuture),
  layer("tickhouseCandles", "prices", paintCandles),
  layer("tickhouseNotes", "prices", (ctx, frame) => {
    paintQuiet(ctx, frame);
    paintRevised(ctx, frame);
  }),
  layer("tickhouseVolume", "plot", paintVolume),
  layer("tickhouseBand", "prices", paintBand),
  layer("tickhouseOutages", "plot", paintOutages),
];

let registered = false;

/** Builds the Chart.js chart that draws `source.frame` at each `draw()`. */
export function createChart(
  canvas: HTMLCanvasElement,
  source: FrameSource,
): Chart {
  if (!registered) {
    Chart.register(NoElement, SlotScale, PriceScale, ...LAYERS);
    registered = true;
  }
  sources.set(canvas, source);
  // The first context given out is the one Chart.js gets: without alpha it is cheaper.
  canvas.getContext("2d", { alpha: false });
  // Types of own scales and controllers are not in Chart.js' registry of types.
  const config = {
    type: "tickhouseCandles",
    data: { datasets: LAYERS.map(({ id }) => ({ type: id, data: [] })) },
    options: {
      animation: false,
      responsive: false,
      maintainAspectRatio: false,
      devicePixelRatio: source.frame.dpr,
      events: [],
      clip: false,
      layout: { padding: 0, autoPadding: false },
      scales: {
        x: { type: "tickhouseSlots", position: "bottom" },
        y: { type: "tickhousePrices", position: "right" },
      },
    },
    plugins: [{
      id: "tickhouseBackground",
      beforeDraw(chart: Chart): void {
        inDevicePixels(chart, "none", (ctx, frame) => {
          ctx.fillStyle = frame.theme.background;
          const { keptPx, width, height } = frame;
          ctx.fillRect(keptPx, 0, width - keptPx, height);
        });
        inDevicePixels(chart, "plot", paintShades);
      },
    }],
  } as unknown as ChartConfiguration;
  const chart = new Chart(canvas as ChartItem, config);
  // The background covers everything, so there is nothing to clear.
  chart.clear = () => chart;
  return chart;
}
