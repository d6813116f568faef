/** What the browser's tests do with a chart: this runs in the page. */
import {
  type CandleChart,
  mountCandleChart,
} from "../../chart/candle_chart.ts";
import { themeFor } from "../../chart/theme.ts";
import type { CandleChartOptions, ChartCandle } from "../../chart/types.ts";

const MINUTE_MS = 60_000;
const OPEN = Date.UTC(2026, 10, 18, 3, 45);

/** In device pixels. */
interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface Word extends Box {
  readonly text: string;
  /** The filled box that it stands in, if it does. */
  readonly pill: Box | undefined;
}

class ChartLab {
  chart!: CandleChart;
  /** All words of the last drawing, by canvas, once they are watched. */
  readonly words = new Map<HTMLCanvasElement, Word[]>();
  readonly #pills = new Map<HTMLCanvasElement, Box[]>();

  readonly theme = themeFor({ dark: true });

  mount(options: Partial<CandleChartOptions> = {}): CandleChart {
    const host = document.getElementById("host")!;
    return this.chart = mountCandleChart(host, {
      intervalMs: MINUTE_MS,
      symbol: "NIFTY50",
      timeZone: "Asia/Kolkata",
      theme: this.theme,
      now: () => OPEN + 30_000,
      ...options,
    });
  }

  /** Minute `i` after the open; a wave, so that nothing is flat. */
  candle(i: number, more: Partial<ChartCandle> = {}): ChartCandle {
    const wave = (k: number) =>
      24_000 + 60 * Math.sin(k / 15) + 8 * Math.sin(k);
    const o = wave(i - 1);
    const c = wave(i);
    return {
      t: OPEN + i * MINUTE_MS,
      o,
      h: Math.max(o, c) + 3,
      l: Math.min(o, c) - 3,
      c,
      v: 1_000 + i % 7 * 100,
      closed: true,
      ...more,
    };
  }

  candles(from: number, to: number): ChartCandle[] {
    return Array.from({ length: to - from }, (_, k) => this.candle(from + k));
  }

  timeOf(i: number): number {
    return OPEN + i * MINUTE_MS;
  }

  async frames(count = 2): Promise<void> {
    for (let i = 0; i < count; i++) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  }

  /** Pixels of a colour on the chart, as far as a rounding of it. */
  pixelsOf(hex: string, area?: { x: number; width: number }): number {
    const { data } = this.picture(area);
    const wanted = Number.parseInt(hex.slice(1), 16);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (
        Math.abs(data[i] - (wanted >> 16)) < 3 &&
        Math.abs(data[i + 1] - (wanted >> 8 & 255)) < 3 &&
        Math.abs(data[i + 2] - (wanted & 255)) < 3
      ) count++;
    }
    return count;
  }

  /** The middle of what is in a colour, in CSS pixels of the page. */
  middleOf(hex: string): { x: number; y: number } {
    const { data, width } = this.picture();
    const wanted = Number.parseInt(hex.slice(1), 16);
    const box = { left: Infinity, right: -1, top: Infinity, bottom: -1 };
    for (let i = 0; i < data.length; i += 4) {
      if ((data[i] << 16 | data[i + 1] << 8 | data[i + 2]) !== wanted) continue;
      const [x, y] = [i / 4 % width, Math.floor(i / 4 / width)];
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x);
      box.top = Math.min(box.top, y);
      box.bottom = Math.max(box.bottom, y);
    }
    const stage = document.querySelector(".tc-canvas")!
      .getBoundingClientRect();
    return {
      x: stage.left + (box.left + box.right) / 2 / devicePixelRatio,
      y: stage.top + (box.top + box.bottom) / 2 / devicePixelRatio,
    };
  }

  /** A number that is the same for the same picture. */
  hashOf(area?: { x: number; width: number }): number {
    const { data } = this.picture(area);
    let hash = 0x811c9dc5;
    for (let i = 0; i < data.length; i++) {
      hash = Math.imul(hash ^ data[i], 0x01000193);
    }
    return hash >>> 0;
  }

  /** Pixels that are not as in another picture, but for what smoothing does. */
  pixelsOffFrom({ data }: ImageData): number {
    const now = this.picture().data;
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (
        Math.abs(data[i] - now[i]) > 8 ||
        Math.abs(data[i + 1] - now[i + 1]) > 8 ||
        Math.abs(data[i + 2] - now[i + 2]) > 8
      ) count++;
    }
    return count;
  }

  /** All signs there are, at and around the newest of `count` candles. */
  showEverything(count: number): void {
    const { chart } = this;
    const bandOf = (c: number) => ({
      c,
      lo50: c - 3,
      hi50: c + 3,
      lo80: c - 6,
      hi80: c + 6,
      lo95: c - 9,
      hi95: c + 9,
    });
    chart.setHistory(this.candles(0, count));
    chart.setForecasts(
      this.candles(0, count).map(({ t, o }) => ({ t, ...bandOf(o) })),
      [count - 1, count, count + 1, count + 2].map((i) => {
        const { t, o, h, l, c } = this.candle(i);
        return { t, o, h, l, ...bandOf(c) };
      }),
    );
    chart.setMarks(
      [count - 1, count - 2, count - 5, count - 40].map((i, k) => ({
        t: this.timeOf(i),
        side: k % 2 === 0 ? "BUY" as const : "SELL" as const,
        price: 1,
        title: "sure",
      })),
    );
    const { c } = this.candle(count - 1);
    chart.setLevels([2, -20, 30].map((by) => ({ price: c + by, title: "" })));
    chart.setLines([{
      name: "SMA",
      kind: "indicator",
      points: this.candles(0, count).map(({ t, o, c }) => ({
        t,
        value: (o + c) / 2 + 5,
      })),
    }]);
    chart.setOutages([
      { from: this.timeOf(count - 3), to: this.timeOf(count - 2) },
      { from: this.timeOf(count - 30), to: this.timeOf(count - 20) },
    ]);
    chart.setSessions([{
      from: this.timeOf(count - 8),
      to: this.timeOf(count + 9),
      name: "closing auction",
    }]);
  }

  #queue: FrameRequestCallback[] = [];
  #leak: unknown[] = [];
  #tick = 0;

  /**
   * Frames are drawn when `drive` says so, not when the screen is ready, and
   * nothing is painted: half an hour of pixels would take minutes.
   */
  takeFrames(): void {
    const { prototype } = CanvasRenderingContext2D;
    for (const paint of ["fill", "stroke", "fillRect", "fillText"] as const) {
      prototype[paint] = () => {};
    }
    globalThis.requestAnimationFrame = (callback) => this.#queue.push(callback);
    globalThis.cancelAnimationFrame = () => {
      this.#queue = [];
    };
  }

  /**
   * Ticks, one a second of a market's time, each drawn: candles close, forecasts
   * come, the pointer moves, the view is panned and goes live again.
   *
   * @param leaks Keep a little of each tick for ever, as a careless listener would.
   */
  drive(ticks: number, leaks: boolean): void {
    const { chart } = this;
    const plot = document.querySelector(".tc-stage")!;
    const move = (type: string, more: MouseEventInit) =>
      plot.dispatchEvent(
        type === "wheel"
          ? new WheelEvent(type, { ...more, cancelable: true })
          : new PointerEvent(type, { ...more, pointerType: "mouse" }),
      );
    for (let k = 0; k < ticks; k++, this.#tick++) {
      const minute = 400 + Math.floor(this.#tick / 60);
      const turn = this.#tick % 60;
      const closed = turn === 59;
      const { o } = this.candle(minute);
      const c = o + Math.sin(this.#tick) * 2;
      chart.upsert(this.candle(minute, {
        c,
        h: Math.max(o, c) + 3,
        l: Math.min(o, c) - 3,
        closed,
      }));
      if (turn % 10 === 0) {
        move("pointermove", { clientX: 50 + 4 * turn, clientY: 80 + turn });
      }
      if (turn === 15) {
        move("wheel", { deltaX: 400 } as MouseEventInit);
        move("wheel", { deltaY: 90 } as MouseEventInit);
      }
      if (turn === 30) chart.goLive();
      if (closed) this.#forecast(minute);
      if (leaks) this.#leak.push(new Array(512).fill(c));
      const callbacks = this.#queue;
      this.#queue = [];
      for (const callback of callbacks) callback(performance.now());
    }
  }

  #forecast(minute: number): void {
    const { c } = this.candle(minute);
    const band = {
      c,
      lo50: c - 3,
      hi50: c + 3,
      lo80: c - 6,
      hi80: c + 6,
      lo95: c - 9,
      hi95: c + 9,
    };
    this.chart.upsertForecast({ ...band, t: this.timeOf(minute) });
    this.chart.setForecasts([{ ...band, t: this.timeOf(minute) }], [
      { ...band, o: c, h: c + 4, l: c - 4, t: this.timeOf(minute + 1) },
    ]);
    this.chart.setMarks([{
      t: this.timeOf(minute),
      side: "BUY",
      price: c,
      title: "sure",
    }]);
  }

  picture(area?: { x: number; width: number }): ImageData {
    const canvas = document.querySelector<HTMLCanvasElement>(".tc-canvas")!;
    return canvas.getContext("2d")!.getImageData(
      area?.x ?? 0,
      0,
      area?.width ?? canvas.width,
      canvas.height,
    );
  }

  /**
   * Pairs of labels that lie over one another, and labels over the edge. Only
   * a pill of the crosshair may cover a plain label of an axis: it hides it.
   */
  clashes(): string[] {
    const found: string[] = [];
    const stage = document.querySelector(".tc-canvas")!
      .getBoundingClientRect();
    const edge = boxOf(stage, stage);
    const painted = [...this.words].filter(([canvas]) => !canvas.hidden)
      .flatMap(
        ([canvas, words]) => {
          const at = boxOf(canvas.getBoundingClientRect(), stage);
          return words.map((word) => {
            const pill = word.pill && shifted(word.pill, at);
            const place = shifted(word, at);
            return {
              ...word,
              ...place,
              on: canvas as Element,
              of: word.pill,
              pill,
              box: pill ?? place,
            };
          });
        },
      );
    const over = [...document.querySelectorAll<HTMLElement>(".tc-pill")]
      .filter((pill) => !pill.hidden).map((pill) => {
        const box = boxOf(pill.getBoundingClientRect(), stage);
        // Its text, without the room beside it.
        const range = document.createRange();
        range.selectNodeContents(pill);
        const word = boxOf(range.getBoundingClientRect(), stage);
        const text = pill.textContent!;
        if (word.left < box.left || word.right > box.right) {
          found.push(`${text} over the edge of its pill`);
        }
        return { text, ...box, on: pill, of: box, pill: box, box };
      });
    const all = [...painted, ...over];
    all.forEach((a, i) => {
      if (
        a.left < 0 || a.right > edge.right || a.top < 0 ||
        a.bottom > edge.bottom
      ) found.push(`${a.text} over the edge`);
      for (const b of all.slice(i + 1)) {
        if (a.on !== b.on && !(a.pill && b.pill)) continue;
        // Two lines of one pill are held apart as words.
        const together = a.of !== undefined && a.of === b.of;
        if (together ? meet(a, b) : meet(a.box, b.box)) {
          found.push(`${a.text} over ${b.text}`);
        }
      }
    });
    return found;
  }

  /** Call it once on a page, before the first chart. */
  watchWords(): void {
    const { words } = this;
    const pills = this.#pills;
    const { prototype } = CanvasRenderingContext2D;
    const { fillText, fillRect, clearRect, roundRect } = prototype;
    // A picture, or the right of it, begins where everything is painted over.
    const begins = (
      { canvas }: CanvasRenderingContext2D,
      x: number,
      width: number,
      height: number,
    ) => {
      if (x + width < canvas.width || height < canvas.height) return;
      const kept = (all: Box[] | undefined) =>
        all?.filter(({ left }) => left < x) ?? [];
      words.set(canvas, kept(words.get(canvas)) as Word[]);
      pills.set(canvas, kept(pills.get(canvas)));
    };
    prototype.fillRect = function (x, y, width, height) {
      begins(this, x, width, height);
      fillRect.call(this, x, y, width, height);
    };
    prototype.clearRect = function (x, y, width, height) {
      begins(this, x, width, height);
      clearRect.call(this, x, y, width, height);
    };
    prototype.roundRect = function (x, y, width, height, radii) {
      add(pills, this.canvas, {
        left: x,
        right: x + width,
        top: y,
        bottom: y + height,
      });
      roundRect.call(this, x, y, width, height, radii);
    };
    prototype.fillText = function (text, x, y) {
      const size = this.measureText(text);
      const at = this.getTransform().transformPoint({ x, y });
      const box = {
        left: at.x - size.actualBoundingBoxLeft,
        right: at.x + size.actualBoundingBoxRight,
        top: at.y - size.actualBoundingBoxAscent,
        bottom: at.y + size.actualBoundingBoxDescent,
      };
      // What was painted last is what the text is painted on.
      const pill = pills.get(this.canvas)?.findLast((pill) =>
        pill.top <= box.top && box.bottom <= pill.bottom &&
        pill.left <= box.left && box.right <= pill.right
      );
      // Painted again under a clip it is still one word.
      const again = words.get(this.canvas)?.some((word) =>
        word.text === text && word.left === box.left && word.top === box.top
      );
      if (!again) add(words, this.canvas, { text, ...box, pill });
      fillText.call(this, text, x, y);
    };
  }
}

/** In device pixels, from the corner of `from`. */
function boxOf(rect: DOMRect, from: DOMRect): Box {
  return {
    left: (rect.left - from.left) * devicePixelRatio,
    right: (rect.right - from.left) * devicePixelRatio,
    top: (rect.top - from.top) * devicePixelRatio,
    bottom: (rect.bottom - from.top) * devicePixelRatio,
  };
}

function shifted({ left, right, top, bottom }: Box, by: Box): Box {
  return {
    left: left + by.left,
    right: right + by.left,
    top: top + by.top,
    bottom: bottom + by.top,
  };
}

function add<T>(
  lists: Map<HTMLCanvasElement, T[]>,
  canvas: HTMLCanvasElement,
  item: T,
): void {
  const list = lists.get(canvas);
  if (list) list.push(item);
  else lists.set(canvas, [item]);
}

function meet(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom &&
    b.top < a.bottom;
}

declare global {
  var lab: ChartLab;
}

globalThis.lab = new ChartLab();
