import { memo } from "preact/compat";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { CandleView } from "../pipeline/domain/candle.ts";
import type { ForecastView } from "../pipeline/domain/forecast.ts";
import {
  nominalMicros,
  type StoredInterval,
} from "../pipeline/domain/interval.ts";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import type { SignalView } from "../pipeline/domain/signal.ts";
import { mountCandleChart, themeFor } from "../chart/candle_chart.ts";
import { CandleSvg } from "../chart/svg.tsx";
import type {
  CandleChart,
  ChartCandle,
  ChartMark,
  ChartView,
} from "../chart/types.ts";
import type {
  ForecastsAnswer,
  InstrumentView,
  ModelsAnswer,
  ModelView,
  PriceChange,
  SignalsAnswer,
  Snapshot,
} from "../components/api_views.ts";
import {
  connectLive,
  type EventName,
} from "../components/browser/connect_live.ts";
import { fetchJson } from "../components/browser/fetch_json.ts";
import { watchTheme } from "../components/browser/watch_theme.ts";
import { CandleTable } from "../components/CandleTable.tsx";
import { ChangeText } from "../components/ChangeText.tsx";
import { feedAfter } from "../components/describe_feed.ts";
import { FeedBadge } from "../components/FeedBadge.tsx";
import {
  futureForecasts,
  newestForecast,
  pastForecasts,
} from "../components/forecast_parts.ts";
import { ForecastAge } from "../components/ForecastAge.tsx";
import { ForecastPanel } from "../components/ForecastPanel.tsx";
import { changeTo } from "../components/format_change.ts";
import { formatPrice } from "../components/format_price.ts";
import { formatZone } from "../components/format_time.ts";
import { LINK_WORDS, type LinkStatus } from "../components/link_status.ts";
import {
  mergeCandle,
  mergeForecasts,
  mergeSignals,
} from "../components/merge_live.ts";
import { PastForecastTable } from "../components/PastForecastTable.tsx";
import { SignalPanel } from "../components/SignalPanel.tsx";

export interface InstrumentLiveProps {
  readonly instrument: InstrumentView;
  readonly others: readonly {
    readonly symbol: string;
    readonly name: string;
  }[];
  readonly intervals: readonly StoredInterval[];
  readonly interval: StoredInterval;
  /** Newest candles of the interval, the forming one last. */
  readonly candles: readonly CandleView[];
  /** Newest one-minute candle: the last price. */
  readonly minute: CandleView | null;
  readonly change: PriceChange | null;
  readonly forecasts: readonly ForecastView[];
  readonly models: readonly ModelView[];
  readonly signals: readonly SignalView[];
  readonly feed: FeedState;
  /** Part of the history in the URL. */
  readonly view: ChartView | null;
  /** Server's clock, Unix ms. */
  readonly now: number;
}

const CANDLES_KEPT = 1_000;
const FORECASTS_KEPT = 600;
const SIGNALS_KEPT = 600;
const HISTORY_PAGE = 500;
const TABLE_ROWS = 60;
/** Scores come a moment after the candle that they need. */
const SCORES_AFTER_MS = 4_000;

/** What changes while the page is open. */
interface Live {
  candles: readonly CandleView[];
  minute: CandleView | null;
  forecasts: readonly ForecastView[];
  models: readonly ModelView[];
  signals: readonly SignalView[];
  feed: FeedState;
}

/** One instrument: price, chart, forecast and signal, kept up to date. */
export default function InstrumentLive(props: InstrumentLiveProps) {
  const { instrument } = props;
  const { symbol, zone, price_scale: decimals } = instrument;
  const [interval, setInterval_] = useState(props.interval);
  const [loading, setLoading] = useState<StoredInterval | null>(null);
  const [link, setLink] = useState<LinkStatus>("loading");
  const [now, setNow] = useState(props.now);
  const [failure, setFailure] = useState<string | null>(null);
  const [, setFrame] = useState(0);
  const chart = useRef<CandleChart | null>(null);
  const clockOffset = useRef(0);
  const live = useRef<Live>({
    candles: props.candles,
    minute: props.minute,
    forecasts: props.forecasts,
    models: props.models,
    signals: props.signals,
    feed: props.feed,
  });
  const shownInterval = useRef(interval);
  shownInterval.current = interval;

  // Updates of one frame are shown together.
  const frame = useRef(0);
  const redraw = () => {
    frame.current ||= requestAnimationFrame(() => {
      frame.current = 0;
      setFrame((n) => n + 1);
    });
  };

  useEffect(() => {
    clockOffset.current = props.now - Date.now();
    const timer = setInterval(
      () => setNow(Date.now() + clockOffset.current),
      1_000,
    );
    return () => {
      clearInterval(timer);
      cancelAnimationFrame(frame.current);
    };
  }, []);

  const showForecasts = () => {
    const { candles, forecasts } = live.current;
    const formingT = candles.at(-1)?.t ?? 0;
    if (shownInterval.current !== "1m") chart.current?.setForecasts([], []);
    else {
      chart.current?.setForecasts(
        pastForecasts(forecasts, formingT),
        futureForecasts(forecasts, formingT),
      );
    }
  };
  const showMarks = () => {
    chart.current?.setMarks(
      shownInterval.current === "1m" ? marksOf(live.current.signals) : [],
    );
  };

  const addCandle = (of: StoredInterval, candle: CandleView) => {
    const state = live.current;
    if (of === "1m") {
      const [newest] = mergeCandle(
        state.minute ? [state.minute] : [],
        candle,
        1,
      );
      state.minute = newest;
    }
    if (of === shownInterval.current) {
      const begins = candle.t > (state.candles.at(-1)?.t ?? 0);
      const merged = mergeCandle(state.candles, candle, CANDLES_KEPT);
      if (merged !== state.candles) {
        state.candles = merged;
        chart.current?.upsert(chartCandle(candle));
        if (begins) showForecasts();
      }
    }
    redraw();
  };

  const loadScores = async () => {
    const [{ forecasts }, { models }, { signals }] = await Promise.all([
      fetchJson<ForecastsAnswer>(
        `/api/forecasts?${query({ symbol, horizon: "1", limit: "60" })}`,
      ),
      fetchJson<ModelsAnswer>(`/api/models?${query({ symbol })}`),
      fetchJson<SignalsAnswer>(
        `/api/signals?${query({ symbol, limit: "60" })}`,
      ),
    ]);
    const state = live.current;
    state.forecasts = mergeForecasts(
      state.forecasts,
      forecasts,
      FORECASTS_KEPT,
    );
    state.models = models;
    state.signals = mergeSignals(state.signals, signals, SIGNALS_KEPT);
    showForecasts();
    redraw();
  };

  const loadCandles = async (of: StoredInterval, signal?: AbortSignal) => {
    const { candles } = await fetchJson<{ candles: readonly CandleView[] }>(
      `/api/candles?${query({ symbol, interval: of, limit: "500" })}`,
      signal,
    );
    return candles;
  };

  useEffect(() => {
    let scores: ReturnType<typeof setTimeout> | undefined;
    const scoresSoon = () => {
      clearTimeout(scores);
      scores = setTimeout(() => {
        loadScores().catch(() => {}); // the next minute asks again
      }, SCORES_AFTER_MS);
    };
    const intervals = interval === "1m" ? "1m" : `1m,${interval}`;
    const stop = connectLive({
      url: `/api/stream?${
        query({ symbols: symbol, interval: intervals, history: "60" })
      }`,
      onStatus: setLink,
      onEvent: (name, data) => {
        const state = live.current;
        switch (name satisfies EventName) {
          case "snapshot": {
            const snapshot: Snapshot = data;
            clockOffset.current = snapshot.at - Date.now();
            for (const part of snapshot.symbols) {
              for (const { interval, closed, forming } of part.candles) {
                if (leavesHole(state.candles, closed, interval)) {
                  reload(interval);
                }
                for (const candle of closed) addCandle(interval, candle);
                if (forming) addCandle(interval, forming);
              }
              state.forecasts = mergeForecasts(
                state.forecasts,
                part.forecasts,
                FORECASTS_KEPT,
              );
              state.signals = mergeSignals(
                state.signals,
                part.signals,
                SIGNALS_KEPT,
              );
              state.feed = part.feed;
            }
            showForecasts();
            showMarks();
            redraw();
            return;
          }
          case "candle":
            addCandle(data.interval, data.candle);
            state.feed = feedAfter(
              state.feed,
              data.candle,
              Date.now() + clockOffset.current,
            );
            return;
          case "candle.closed":
          case "candle.revised":
            addCandle(data.interval, data.candle);
            return;
          case "forecast":
            state.forecasts = mergeForecasts(
              state.forecasts,
              data.forecasts,
              FORECASTS_KEPT,
            );
            showForecasts();
            scoresSoon();
            redraw();
            return;
          case "signal":
            state.signals = mergeSignals(
              state.signals,
              [data.signal],
              SIGNALS_KEPT,
            );
            showMarks();
            redraw();
            return;
          case "feed":
            state.feed = data;
            redraw();
            return;
        }
      },
      poll: async () => {
        const of = new Set<StoredInterval>(["1m", interval]);
        await Promise.all([...of].map(async (one) => {
          const { candles } = await fetchJson<
            { candles: readonly CandleView[] }
          >(`/api/candles?${query({ symbol, interval: one, limit: "5" })}`);
          for (const candle of candles) addCandle(one, candle);
        }));
      },
    });
    const leavesHole = (
      shown: readonly CandleView[],
      closed: readonly CandleView[],
      of: StoredInterval,
    ) =>
      of === shownInterval.current && closed.length > 0 && shown.length > 0 &&
      closed[0].t > shown.at(-1)!.t;
    const reload = (of: StoredInterval) => {
      loadCandles(of).then((candles) => {
        if (of !== shownInterval.current) return;
        const state = live.current;
        for (const candle of candles) {
          state.candles = mergeCandle(state.candles, candle, CANDLES_KEPT);
        }
        chart.current?.addHistory(candles.map(chartCandle));
        redraw();
      }).catch(() => {}); // the view then has a hole until the next connection
    };
    return () => {
      clearTimeout(scores);
      stop();
    };
  }, [interval]);

  const abort = useRef<AbortController | null>(null);
  const changeInterval = async (
    next: StoredInterval,
    how: "push" | "popped",
  ) => {
    abort.current?.abort();
    const mine = abort.current = new AbortController();
    setLoading(next);
    try {
      const candles = await loadCandles(next, mine.signal);
      live.current.candles = candles;
      shownInterval.current = next;
      if (how === "push") {
        const url = new URL(location.href);
        url.searchParams.set("interval", next);
        url.searchParams.delete("slots");
        url.searchParams.delete("to");
        history.pushState(null, "", url);
      }
      chart.current?.setInterval(nominalMicros(next) / 1_000);
      chart.current?.setHistory(candles.map(chartCandle));
      chart.current?.goLive();
      showForecasts();
      showMarks();
      setInterval_(next);
      setFailure(null);
    } catch {
      if (!mine.signal.aborted) {
        setFailure(`Cannot load ${next} candles; the server did not answer`);
      }
    } finally {
      if (abort.current === mine) setLoading(null);
    }
  };

  useEffect(() => {
    const popped = () => {
      const named = new URL(location.href).searchParams.get("interval");
      const next = props.intervals.find((one) => one === named) ?? "1m";
      if (next !== shownInterval.current) changeInterval(next, "popped");
    };
    addEventListener("popstate", popped);
    return () => removeEventListener("popstate", popped);
  }, []);

  /** Loads back to where the URL points, if that is before what is loaded. */
  const showViewOfUrl = async () => {
    const { view, candles } = props;
    const first = candles[0]?.t;
    if (!view?.toT || first === undefined || view.toT >= first) return;
    const length = nominalMicros(interval) / 1_000;
    const page = await fetchJson<{ candles: readonly CandleView[] }>(
      `/api/candles?${
        query({
          symbol,
          interval,
          from: String(view.toT - 2 * view.slots * length),
          to: String(first),
          limit: "10000",
        })
      }`,
    );
    chart.current?.addHistory(page.candles.map(chartCandle));
    chart.current?.setView(view);
  };

  const needHistory = async (beforeT: number) => {
    const of = shownInterval.current;
    const page = { symbol, to: String(beforeT), limit: String(HISTORY_PAGE) };
    const [{ candles }, older] = await Promise.all([
      fetchJson<{ candles: readonly CandleView[] }>(
        `/api/candles?${query({ ...page, interval: of })}`,
      ),
      of === "1m"
        ? fetchJson<ForecastsAnswer>(
          `/api/forecasts?${query({ ...page, horizon: "1" })}`,
        )
        : null,
    ]);
    if (of !== shownInterval.current) return;
    chart.current?.addHistory(candles.map(chartCandle));
    for (const forecast of older?.forecasts ?? []) {
      chart.current?.upsertForecast(forecast);
    }
  };

  const savePng = async () => {
    const png = await chart.current?.exportPng();
    if (png === undefined) return;
    const anchor = document.createElement("a");
    anchor.href = URL.createObjectURL(png);
    anchor.download = `${symbol.replaceAll(/[^\w.-]/g, "_")}-${interval}.png`;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
  };

  const { candles, minute, forecasts, models, signals, feed } = live.current;
  const change = props.change !== null && minute !== null
    ? changeTo(minute.c, props.change)
    : props.change;
  const forecast = newestForecast(forecasts);

  useEffect(() => {
    if (minute !== null) {
      document.title = `${
        formatPrice(minute.c, decimals)
      } ${symbol} · Tickhouse`;
    }
  }, [minute?.c]);

  return (
    <>
      <header class="instrument">
        <form method="GET" action="/instruments" class="selector">
          <label>
            <span class="visually-hidden">Instrument</span>
            <select
              name="symbol"
              value={symbol}
              onChange={(event) => {
                const to = encodeURIComponent(event.currentTarget.value);
                location.assign(`/instruments/${to}?interval=${interval}`);
              }}
            >
              {props.others.map((one) => (
                <option
                  key={one.symbol}
                  value={one.symbol}
                  selected={one.symbol === symbol}
                >
                  {one.symbol}
                </option>
              ))}
            </select>
          </label>
          <input type="hidden" name="interval" value={interval} />
          <noscript>
            <button type="submit">Show</button>
          </noscript>
        </form>
        <div class="title">
          <h1>
            <span class="visually-hidden">{symbol}</span>
            {instrument.name === symbol ? null : instrument.name}
          </h1>
          <small>
            {[instrument.exchange, instrument.currency]
              .filter((word) => word !== "unknown").join(" · ")}
          </small>
        </div>
        <p class="last">
          <b>{minute === null ? "–" : formatPrice(minute.c, decimals)}</b>
          <ChangeText change={change} decimals={decimals} now={now} />
        </p>
        <dl class="states">
          <div>
            <dt>Page</dt>
            <dd>
              <span class={`link link-${link}`} role="status">
                {LINK_WORDS[link]}
              </span>
            </dd>
          </div>
          <div>
            <dt>Data</dt>
            <dd>
              <FeedBadge feed={feed} now={now} link={link} />
            </dd>
          </div>
          <div>
            <dt>Forecast</dt>
            <dd>
              <ForecastAge
                forecast={forecast}
                session={feed.session}
                now={now}
              />
            </dd>
          </div>
        </dl>
      </header>

      {feed.session === "closed" && (
        <p class="notice session" role="note">
          <b>Market closed.</b>{" "}
          No tick is expected, and nothing is forecast until it opens.
        </p>
      )}

      <div class="instrument-grid">
        <section class="chart-panel" aria-label={`${symbol} chart`}>
          <div class="toolbar">
            <nav class="intervals" aria-label="Interval">
              {props.intervals.map((one) => (
                <a
                  key={one}
                  href={`/instruments/${
                    encodeURIComponent(symbol)
                  }?interval=${one}`}
                  aria-current={one === interval ? "true" : undefined}
                  aria-busy={one === loading}
                  onClick={(event) => {
                    const plain = event.button === 0 && !event.metaKey &&
                      !event.ctrlKey && !event.shiftKey && !event.altKey;
                    if (!plain) return;
                    event.preventDefault();
                    if (one !== interval) changeInterval(one, "push");
                  }}
                >
                  {one}
                </a>
              ))}
            </nav>
            <span class="tools">
              <span class="muted">
                {formatZone(props.now, zone)}
              </span>
              <a
                href={`/api/candles?${
                  query({ symbol, interval, limit: "10000", format: "csv" })
                }`}
                download={`${
                  symbol.replaceAll(/[^\w.-]/g, "_")
                }-${interval}.csv`}
              >
                CSV
              </a>
              <button
                type="button"
                onClick={savePng}
                hidden={link === "loading"}
              >
                PNG
              </button>
            </span>
          </div>
          <ChartPane
            props={props}
            onMount={(mounted) => {
              chart.current = mounted;
              showForecasts();
              showMarks();
              showViewOfUrl().catch(() => {}); // the newest candles stay
            }}
            onNeedHistory={(beforeT) => {
              needHistory(beforeT).catch(() => {
                setFailure(
                  "Cannot load older candles; the server did not answer",
                );
              });
            }}
            clock={() => Date.now() + clockOffset.current}
          />
          {failure !== null && <p class="notice" role="alert">{failure}</p>}
          <p class="fine">
            {interval !== "1m" &&
              "Forecasts and signals are for one-minute candles: choose 1m to see them on the chart. "}
            {quality(candles, feed)}
          </p>
        </section>

        <aside>
          <ForecastPanel
            forecasts={forecasts}
            models={models}
            decimals={decimals}
            zone={zone}
            now={now}
          />
          <SignalPanel
            signals={signals}
            decimals={decimals}
            zone={zone}
          />
        </aside>

        <section class="panel past" aria-labelledby="past-title">
          <h2 id="past-title">Past forecasts against what came</h2>
          <PastForecastTable
            forecasts={forecasts}
            decimals={decimals}
            zone={zone}
          />
        </section>
        <details class="panel rows">
          <summary>The last {TABLE_ROWS} candles as a table</summary>
          <CandleTable
            candles={candles}
            decimals={decimals}
            zone={zone}
            limit={TABLE_ROWS}
          />
        </details>
      </div>
    </>
  );
}

interface ChartPaneProps {
  readonly props: InstrumentLiveProps;
  readonly onMount: (chart: CandleChart) => void;
  readonly onNeedHistory: (beforeT: number) => void;
  readonly clock: () => number;
}

/** The server's picture, then the chart in its place; rendered only once. */
const ChartPane = memo(
  ({ props, onMount, onNeedHistory, clock }: ChartPaneProps) => {
    const host = useRef<HTMLDivElement>(null);
    const { instrument, interval } = props;
    const candles = props.candles.map(chartCandle);
    const formingT = props.candles.at(-1)?.t ?? 0;
    const options = {
      intervalMs: nominalMicros(interval) / 1_000,
      symbol: instrument.symbol,
      timeZone: instrument.zone,
      priceDecimals: instrument.price_scale,
      tickSize: Number(instrument.tick_size),
    };
    useLayoutEffect(() => {
      let keepView: ReturnType<typeof setTimeout> | undefined;
      let usualSlots: number | null = null;
      const chart = mountCandleChart(host.current!, {
        ...options,
        now: clock,
        view: props.view ?? undefined,
        onNeedHistory,
        onViewChange: ({ slots, toT, live }) => {
          clearTimeout(keepView);
          // Told at once: a zoom may follow before the URL is written.
          usualSlots ??= props.view === null ? slots : NaN;
          keepView = setTimeout(() => {
            const url = new URL(location.href);
            if (live && slots === usualSlots) url.searchParams.delete("slots");
            else url.searchParams.set("slots", String(Math.round(slots)));
            if (live || toT === null) url.searchParams.delete("to");
            else url.searchParams.set("to", String(toT));
            history.replaceState(history.state, "", url);
          }, 400);
        },
      });
      chart.setHistory(candles);
      const stop = watchTheme((theme) => chart.setTheme(themeFor(theme)));
      onMount(chart);
      return () => {
        clearTimeout(keepView);
        stop();
        chart.destroy();
      };
    }, []);
    return (
      <div class="tc-host chart-host" ref={host}>
        <CandleSvg
          {...options}
          candles={candles}
          past={interval === "1m"
            ? pastForecasts(props.forecasts, formingT + 1)
            : []}
          future={interval === "1m"
            ? futureForecasts(props.forecasts, formingT)
            : []}
        />
      </div>
    );
  },
  () => true,
);

/** A forming candle is not called incomplete: it is not over. */
const chartCandle = (candle: CandleView): ChartCandle => ({
  t: candle.t,
  o: candle.o,
  h: candle.h,
  l: candle.l,
  c: candle.c,
  v: candle.v,
  closed: candle.closed,
  complete: candle.closed ? candle.complete : undefined,
});

const marksOf = (signals: readonly SignalView[]): readonly ChartMark[] =>
  signals.flatMap(({ action, t, price, reason, confidence }) =>
    action === "HOLD" ? [] : [{
      t,
      side: action,
      price,
      title: `${Math.round(confidence * 100)} % sure\n${reason}`,
    }]
  );

const query = (fields: Readonly<Record<string, string>>) =>
  new URLSearchParams(fields).toString();

/** What the candles shown rest on, in a line. */
const quality = (
  candles: readonly CandleView[],
  feed: FeedState,
): string => {
  const closed = candles.filter(({ closed }) => closed);
  const partly = closed.filter(({ complete }) => !complete).length;
  const revised = closed.filter(({ rev }) => rev > 0).length;
  const delivery = feed.delivery === null
    ? "no feed has brought a tick yet"
    : feed.delivery === "acked"
    ? `feed ${feed.feed} numbers its ticks and resends: nothing is lost`
    : `feed ${feed.feed} is best effort: what it sent while away is lost`;
  return `${closed.length} closed candles: ${partly} partly covered, ` +
    `${revised} revised; ${delivery}.`;
};
