/** Our chart, with all of its overlays. */
import {
  type CandleChart,
  mountCandleChart,
} from "../../chart/candle_chart.ts";
import { type Market, marketOf, MINUTE_MS } from "./market_candles.ts";
import type { Subject } from "./subject.ts";

class OwnSubject implements Subject {
  #chart: CandleChart | null = null;
  #market: Market | null = null;

  load(loaded: number, visible: number): void {
    this.destroy();
    const host = document.getElementById("host")!;
    const market = this.#market = marketOf(loaded);
    const last = market.candles[loaded - 1];
    const chart = this.#chart = mountCandleChart(host, {
      intervalMs: MINUTE_MS,
      symbol: "NIFTY50",
      timeZone: "Asia/Kolkata",
      tickSize: 0.05,
      now: () => last.t + 15_000,
      view: { slots: visible, toT: null },
    });
    chart.setHistory(market.candles);
    chart.setForecasts(market.past, market.future);
    chart.setMarks(market.marks);
    chart.setLevels([
      { price: last.c + 20, title: "above" },
      { price: last.c - 20, title: "below" },
    ]);
    const out = market.candles[Math.max(0, loaded - 60)].t;
    chart.setOutages([{ from: out, to: out + 5 * MINUTE_MS }]);
  }

  tick(): void {
    this.#chart!.upsert(this.#market!.tick());
  }

  candle(): void {
    this.#chart!.upsert({ ...this.#market!.tick(), closed: true });
    this.#chart!.upsert(this.#market!.next());
  }

  /** As a mouse does it: the chart has no other way to be dragged. */
  pan(dxPx: number): void {
    const plot = document.querySelector(".tc-stage")!;
    plot.dispatchEvent(
      new WheelEvent("wheel", { deltaX: -dxPx, deltaY: 0, cancelable: true }),
    );
  }

  zoom(factor: number): void {
    const plot = document.querySelector(".tc-stage")!;
    plot.dispatchEvent(
      new WheelEvent("wheel", {
        deltaY: -Math.log(factor) / 0.0012,
        clientX: innerWidth / 2,
        clientY: innerHeight / 2,
        cancelable: true,
      }),
    );
  }

  destroy(): void {
    this.#chart?.destroy();
    this.#chart = null;
    this.#market = null;
  }
}

globalThis.subject = new OwnSubject();
