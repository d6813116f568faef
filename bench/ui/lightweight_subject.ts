/** lightweight-charts on the same data: candles, volume, the 95 % band as two lines, markers. */
import {
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  HistogramSeries,
  type IChartApi,
  LineSeries,
  type UTCTimestamp,
} from "lightweight-charts";
import type { ChartCandle } from "../../chart/types.ts";
import { type Market, marketOf } from "./market_candles.ts";
import type { Subject } from "./subject.ts";

const timeOf = (t: number) => t / 1000 as UTCTimestamp;
const ohlc = ({ t, o, h, l, c }: ChartCandle) => ({
  time: timeOf(t),
  open: o,
  high: h,
  low: l,
  close: c,
});
const volume = ({ t, o, c, v }: ChartCandle) => ({
  time: timeOf(t),
  value: v,
  color: c >= o ? "#1b5a56" : "#7a3335",
});

class LightweightSubject implements Subject {
  #chart: IChartApi | null = null;
  #market: Market | null = null;
  #update: (candle: ChartCandle) => void = () => {};

  load(loaded: number, visible: number): void {
    this.destroy();
    const host = document.getElementById("host")!;
    const market = this.#market = marketOf(loaded);
    const chart = this.#chart = createChart(host, {
      autoSize: true,
      layout: {
        background: { color: "#0e1318" },
        textColor: "#93a1af",
        attributionLogo: false,
      },
      grid: {
        vertLines: { color: "#1a2128" },
        horzLines: { color: "#1a2128" },
      },
      timeScale: { timeVisible: true, minBarSpacing: 0.01, rightOffset: 16 },
    });
    const candles = chart.addSeries(CandlestickSeries, {
      upColor: "#26a69a",
      downColor: "#ef5350",
      wickUpColor: "#26a69a",
      wickDownColor: "#ef5350",
      borderVisible: false,
    });
    const volumes = chart.addSeries(HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      priceLineVisible: false,
      lastValueVisible: false,
    });
    chart.priceScale("volume").applyOptions({
      scaleMargins: { top: 0.84, bottom: 0 },
    });
    candles.setData(market.candles.map(ohlc));
    volumes.setData(market.candles.map(volume));
    for (const edge of ["lo95", "hi95"] as const) {
      const line = chart.addSeries(LineSeries, {
        color: "#a77bd9",
        lineWidth: 1,
        priceLineVisible: false,
        lastValueVisible: false,
        crosshairMarkerVisible: false,
      });
      line.setData(
        [...market.past, ...market.future].map((forecast) => ({
          time: timeOf(forecast.t),
          value: forecast[edge],
        })),
      );
    }
    createSeriesMarkers(
      candles,
      market.marks.map(({ t, side }) => ({
        time: timeOf(t),
        position: side === "BUY" ? "belowBar" as const : "aboveBar" as const,
        shape: side === "BUY" ? "arrowUp" as const : "arrowDown" as const,
        color: side === "BUY" ? "#35d0c0" : "#ff6f6b",
      })),
    );
    this.#update = (candle) => {
      candles.update(ohlc(candle));
      volumes.update(volume(candle));
    };
    chart.timeScale().setVisibleLogicalRange({
      from: loaded + 16 - visible,
      to: loaded + 15,
    });
  }

  tick(): void {
    this.#update(this.#market!.tick());
  }

  candle(): void {
    this.#update({ ...this.#market!.tick(), closed: true });
    this.#update(this.#market!.next());
  }

  pan(dxPx: number): void {
    const scale = this.#chart!.timeScale();
    const range = scale.getVisibleLogicalRange()!;
    const by = -dxPx * (range.to - range.from) / scale.width();
    scale.setVisibleLogicalRange({ from: range.from + by, to: range.to + by });
  }

  zoom(factor: number): void {
    const scale = this.#chart!.timeScale();
    const { from, to } = scale.getVisibleLogicalRange()!;
    const middle = (from + to) / 2;
    const half = (to - from) / 2 / factor;
    scale.setVisibleLogicalRange({ from: middle - half, to: middle + half });
  }

  destroy(): void {
    this.#chart?.remove();
    this.#chart = null;
    this.#market = null;
  }
}

globalThis.subject = new LightweightSubject();
