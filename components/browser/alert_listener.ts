import type { FeedState } from "../../pipeline/domain/live_event.ts";
import { firedByCandle, firedByFeed, firedBySignal } from "../alert_rules.ts";
import type { Alert, FiredAlert } from "../alerts.ts";
import type { InstrumentNow, Snapshot } from "../api_views.ts";
import { agedFeed, feedAfter } from "../describe_feed.ts";

/**
 * Holds what comes in to the alerts. It knows no browser, so that it can be
 * tested as it is.
 */
export class AlertListener {
  #alerts: ReadonlyMap<string, readonly Alert[]> = new Map();
  /** Of instruments with an alert on their feed. */
  readonly #feeds = new Map<string, FeedState>();

  constructor(
    private readonly onFired: (alert: Alert, fired: FiredAlert) => void,
  ) {}

  setAlerts(alerts: readonly Alert[]): void {
    this.#alerts = Map.groupBy(alerts, ({ symbol }) => symbol);
    for (const symbol of this.#feeds.keys()) {
      if (!this.#alerts.has(symbol)) this.#feeds.delete(symbol);
    }
  }

  get symbols(): readonly string[] {
    return [...this.#alerts.keys()];
  }

  /** Takes an event of a stream. */
  // deno-lint-ignore no-explicit-any
  receive(name: string, data: any, now: number): void {
    if (this.#alerts.size === 0) return;
    if (name === "snapshot") return this.#receiveSnapshot(data);
    const alerts = this.#alerts.get(data.symbol);
    if (alerts === undefined) return;
    switch (name) {
      case "candle":
      case "candle.closed": {
        const feed = this.#feeds.get(data.symbol);
        if (feed !== undefined) {
          this.#feeds.set(data.symbol, feedAfter(feed, data.candle, now));
        }
        return this.#hold(
          alerts,
          (alert) => firedByCandle(alert, data.candle, now),
        );
      }
      case "signal":
        return this.#hold(
          alerts,
          (alert) => firedBySignal(alert, data.signal, now),
        );
      case "feed":
        this.#feeds.set(data.symbol, data);
        return this.#hold(alerts, (alert) => firedByFeed(alert, data, now));
    }
  }

  /** Takes what the server answered where no stream works. */
  receiveAnswer(instruments: readonly InstrumentNow[], now: number): void {
    for (const { symbol, last, signal, feed } of instruments) {
      if (!this.#alerts.has(symbol)) continue;
      if (last) this.receive("candle", { symbol, candle: last }, now);
      if (signal) this.receive("signal", { symbol, signal }, now);
      this.receive("feed", feed, now);
    }
  }

  /** Time passes: a feed that tells nothing grows stale by that. */
  tick(now: number): void {
    for (const [symbol, feed] of this.#feeds) {
      const aged = agedFeed(feed, now, "connected");
      this.#hold(
        this.#alerts.get(symbol) ?? [],
        (alert) => firedByFeed(alert, aged, now),
      );
    }
  }

  #receiveSnapshot({ at, symbols }: Snapshot): void {
    for (const { symbol, candles, signals, feed } of symbols) {
      if (!this.#alerts.has(symbol)) continue;
      for (const { closed, forming } of candles) {
        for (const candle of forming ? [...closed, forming] : closed) {
          this.receive("candle", { symbol, candle }, at);
        }
      }
      const signal = signals.at(-1);
      if (signal) this.receive("signal", { symbol, signal }, at);
      this.receive("feed", feed, at);
    }
  }

  #hold(
    alerts: readonly Alert[],
    judge: (alert: Alert) => FiredAlert | null,
  ): void {
    for (const alert of alerts) {
      const fired = judge(alert);
      if (fired !== null) this.onFired(alert, fired);
    }
  }
}
