import { candleView, type StoredCandle } from "../../pipeline/domain/candle.ts";
import { forecastView } from "../../pipeline/domain/forecast.ts";
import type { LiveEvent } from "../../pipeline/domain/live_event.ts";
import { signalView } from "../../pipeline/domain/signal.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  toMillis,
} from "../../pipeline/domain/time.ts";
import { seededRandom } from "../../pipeline/forecast/testing/make_candles.ts";
import { createApp } from "../../web/create_app.ts";
import { type HttpHandler, serveHttp } from "../../web/serve_http.ts";
import {
  candle,
  fakeData,
  fakeServices,
  forecast,
  MINUTE,
  minutesAgo,
  signal,
} from "../web/fake_services.ts";

/** More than a page begins with. */
const HISTORY_MINUTES = 300;
const HORIZONS = [1, 2, 3, 4, 5];
const ACTIONS = ["BUY", "HOLD", "SELL"] as const;
const FEED_EVERY_S = 15;
const SECONDS = 60;

/** Pages of instruments that move every second of a clock of their own. */
export interface FastMarket {
  /** As in `http://127.0.0.1:41233`. */
  readonly url: string;
  /** Candle of the first instrument, as it was told last. */
  readonly newest: StoredCandle;
  /** Goes on by whole minutes, at so many times their speed. */
  run(minutes: number, speed: number): Promise<void>;
  /** Ends every stream, as when each is old. */
  cut(): void;
  close(): Promise<void>;
}

/**
 * Serves the real pages, API and stream over a market in memory: prices move
 * each second; each minute has a candle that closes, forecasts and a signal.
 */
export async function startFastMarket(seed: number): Promise<FastMarket> {
  const random = seededRandom(seed);
  const data = fakeData();
  const symbols = data.instruments.map(({ symbol }) => symbol);
  let now = MINUTE;
  data.clock = {
    now: () => now,
    steadyMs: () => now / 1_000,
    sleep: () => new Promise(() => {}),
  };
  data.candles = [];
  data.forecasts = [];
  data.signals = [];
  const services = await fakeServices({}, data);

  let price = 100;
  const move = () => price = Math.max(50, price + (random() - 0.5) * 0.2);
  const priceText = () => price.toFixed(2);
  const openedAt = (symbol: string, t: EpochMicros) =>
    candle(symbol, t, {
      open: priceText(),
      high: priceText(),
      low: priceText(),
      close: priceText(),
      n: 1,
      closed: false,
      closedBy: null,
      complete: false,
      lastTs: t,
    });
  const after = (one: StoredCandle): StoredCandle => ({
    ...one,
    high: Math.max(Number(one.high), price).toFixed(2),
    low: Math.min(Number(one.low), price).toFixed(2),
    close: priceText(),
    n: one.n + 1,
    lastTs: now,
  });
  const closed = (one: StoredCandle): StoredCandle => ({
    ...one,
    closed: true,
    closedBy: "watermark",
    complete: true,
  });
  const forecastsAt = (symbol: string, t: EpochMicros) =>
    HORIZONS.map((horizon) =>
      forecast(symbol, epochMicros(t + (horizon - 1) * MICROS_PER_MINUTE), {
        horizon,
        madeAt: t,
        last: price,
        open: price,
        close: price + random() - 0.5,
        lo95: price - 1,
        lo80: price - 0.8,
        lo50: price - 0.5,
        hi50: price + 0.5,
        hi80: price + 0.8,
        hi95: price + 1,
      })
    );
  const signalAt = (symbol: string, t: EpochMicros) =>
    signal(symbol, t, ACTIONS[Math.floor(random() * ACTIONS.length)]);

  /** A minute begins: what is stored then, and what is told of it. */
  const begin = (symbol: string, t: EpochMicros): readonly LiveEvent[] => {
    const forecasts = forecastsAt(symbol, t);
    const call = signalAt(symbol, t);
    data.candles.push(openedAt(symbol, t));
    data.forecasts.push(
      ...forecasts.map((forecast) => ({ forecast, score: null })),
    );
    data.signals.push(call);
    return [
      {
        kind: "forecast",
        symbol,
        forecasts: forecasts.map((one) => forecastView(one)),
      },
      { kind: "signal", symbol, signal: signalView(call) },
    ];
  };
  /** The newest candle becomes another; told as what it now is. */
  const change = (
    symbol: string,
    by: (one: StoredCandle) => StoredCandle,
  ): LiveEvent => {
    const at = data.candles.findLastIndex((one) => one.symbol === symbol);
    const candle = data.candles[at] = by(data.candles[at]);
    return {
      kind: candle.closed ? "candle.closed" : "candle",
      symbol,
      interval: "1m",
      candle: candleView(candle),
    };
  };
  const feedOf = (symbol: string): LiveEvent => ({
    kind: "feed",
    symbol,
    state: {
      symbol,
      status: "live",
      feed: "sim",
      delivery: "acked",
      last_tick: toMillis(now),
      lag_ms: 1,
      session: "open",
    },
  });

  for (let ago = HISTORY_MINUTES; ago >= 0; ago--) {
    move();
    for (const symbol of symbols) {
      begin(symbol, minutesAgo(ago));
      if (ago > 0) change(symbol, closed);
    }
  }
  const second = () => {
    now = epochMicros(now + MICROS_PER_SECOND);
    move();
    const opens = now % MICROS_PER_MINUTE === 0;
    const tells = now % (FEED_EVERY_S * MICROS_PER_SECOND) === 0;
    services.bus.publish(symbols.flatMap((symbol) => [
      ...(opens ? [change(symbol, closed), ...begin(symbol, now)] : []),
      change(symbol, after),
      ...(tells ? [feedOf(symbol)] : []),
    ]));
  };
  const app = createApp(() => services).handler();
  const cuts = new Set<() => void>();
  const handler: HttpHandler = async (request, info) => {
    const response = await app(request, info);
    const type = response.headers.get("content-type") ?? "";
    return type.startsWith("text/event-stream")
      ? endedBy(cuts, response)
      : response;
  };
  const server = await serveHttp(handler, { host: "127.0.0.1", port: 0 });
  return {
    url: server.url,
    get newest() {
      return data.candles.findLast(({ symbol }) => symbol === symbols[0])!;
    },
    async run(minutes, speed) {
      const began = performance.now();
      for (let n = 1; n <= minutes * SECONDS; n++) {
        second();
        const due = began + n * 1_000 / speed;
        await new Promise((done) =>
          setTimeout(done, Math.max(0, due - performance.now()))
        );
      }
    },
    cut() {
      for (const cut of cuts) cut();
      cuts.clear();
    },
    close: () => server.close(),
  };
}

/** The same stream, which one of these ends. */
function endedBy(cuts: Set<() => void>, response: Response): Response {
  const through = new TransformStream<Uint8Array, Uint8Array>({
    start(controller) {
      cuts.add(() => controller.terminate());
    },
  });
  return new Response(response.body!.pipeThrough(through), response);
}
