import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { CandleView } from "../pipeline/domain/candle.ts";
import type { ForecastView } from "../pipeline/domain/forecast.ts";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import type { SignalView } from "../pipeline/domain/signal.ts";
import { Sparkline } from "../chart/svg.tsx";
import type { InstrumentNow, Snapshot } from "../components/api_views.ts";
import {
  connectLive,
  type EventName,
} from "../components/browser/connect_live.ts";
import { fetchJson } from "../components/browser/fetch_json.ts";
import { ChangeText } from "../components/ChangeText.tsx";
import { feedAfter } from "../components/describe_feed.ts";
import { FeedBadge } from "../components/FeedBadge.tsx";
import { isCurrent } from "../components/forecast_parts.ts";
import {
  ARROWS,
  changeTo,
  directionOf,
  expectedBps,
} from "../components/format_change.ts";
import {
  formatPrice,
  formatRange,
  formatSigned,
} from "../components/format_price.ts";
import { LINK_WORDS, type LinkStatus } from "../components/link_status.ts";
import { isNewer } from "../pipeline/domain/newer_candle.ts";
import { SignalBadge } from "../components/SignalBadge.tsx";

/** An instrument with the closes of its sparkline. */
export interface WatchlistRow extends InstrumentNow {
  readonly spark: readonly number[];
}

export interface WatchlistProps {
  readonly rows: readonly WatchlistRow[];
  /** Server's clock, Unix ms. */
  readonly now: number;
}

const SPARK_CANDLES = 60;

/** All instruments, kept up to date by one stream. */
export default function Watchlist(props: WatchlistProps) {
  const [rows, setRows] = useState(props.rows);
  const [now, setNow] = useState(props.now);
  const [link, setLink] = useState<LinkStatus>("loading");
  const [wanted, setWanted] = useState("");
  const clockOffset = useRef(0);

  useEffect(() => {
    clockOffset.current = props.now - Date.now();
    const timer = setInterval(
      () => setNow(Date.now() + clockOffset.current),
      1_000,
    );
    // Changes of one frame are shown together.
    const waiting = new Map<string, (row: WatchlistRow) => WatchlistRow>();
    let frame = 0;
    const change = (
      symbol: string,
      by: (row: WatchlistRow) => WatchlistRow,
    ) => {
      const before = waiting.get(symbol);
      waiting.set(symbol, before ? (row) => by(before(row)) : by);
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        const changes = new Map(waiting);
        waiting.clear();
        setRows((rows) =>
          rows.map((row) => changes.get(row.symbol)?.(row) ?? row)
        );
      });
    };
    const stop = connectLive({
      url: "/api/stream?interval=1m&history=0",
      onStatus: setLink,
      onEvent: (name, data) => {
        if (name === "snapshot") {
          const snapshot: Snapshot = data;
          clockOffset.current = snapshot.at - Date.now();
          for (const part of snapshot.symbols) {
            const forming = part.candles[0]?.forming;
            change(part.symbol, (row) =>
              withFeed(
                withSignal(
                  withForecast(
                    forming ? withCandle(row, forming) : row,
                    part.forecasts,
                  ),
                  part.signals.at(-1),
                ),
                part.feed,
              ));
          }
          return;
        }
        const at = Date.now() + clockOffset.current;
        change(data.symbol, (row) => applyEvent(row, name, data, at));
      },
      poll: async () => {
        const { instruments } = await fetchJson<
          { instruments: readonly InstrumentNow[] }
        >("/api/instruments");
        for (const one of instruments) {
          change(one.symbol, (row) => {
            const moved = one.last ? withCandle(row, one.last) : row;
            return { ...moved, ...one };
          });
        }
      },
    });
    return () => {
      clearInterval(timer);
      cancelAnimationFrame(frame);
      stop();
    };
  }, []);

  const shown = useMemo(() => {
    const text = wanted.trim().toLowerCase();
    return rows.filter(({ symbol, name, exchange }) =>
      `${symbol} ${name} ${exchange}`.toLowerCase().includes(text)
    );
  }, [rows, wanted]);

  return (
    <section aria-labelledby="instruments-title">
      <div class="bar-row">
        <h1 id="instruments-title">Instruments</h1>
        <label class="filter">
          <span class="visually-hidden">
            Filter by symbol, name or exchange
          </span>
          <input
            type="search"
            placeholder="Filter"
            value={wanted}
            onInput={(event) => setWanted(event.currentTarget.value)}
          />
        </label>
        <span class={`link link-${link}`} role="status">
          {LINK_WORDS[link]}
        </span>
      </div>
      {/* On a phone the rows are grids, which would lose the table its roles. */}
      <table class="watchlist" role="table">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">Instrument</th>
            <th role="columnheader" scope="col" class="num">Last</th>
            <th role="columnheader" scope="col" class="num">Change</th>
            <th role="columnheader" scope="col">Last hour</th>
            <th role="columnheader" scope="col" class="num">
              Next-minute forecast
            </th>
            <th role="columnheader" scope="col">Signal</th>
            <th role="columnheader" scope="col">Feed</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {shown.map((row) => (
            <Row key={row.symbol} row={row} now={now} link={link} />
          ))}
        </tbody>
      </table>
      {shown.length === 0 && (
        <p class="muted" role="status">No instrument matches “{wanted}”.</p>
      )}
    </section>
  );
}

const Row = ({ row, now, link }: {
  readonly row: WatchlistRow;
  readonly now: number;
  readonly link: LinkStatus;
}) => {
  const { symbol, price_scale: decimals, last, forecast, signal } = row;
  const direction = directionOf(row.change?.abs ?? 0);
  return (
    <tr role="row">
      <th role="rowheader" scope="row">
        <a href={`/instruments/${encodeURIComponent(symbol)}`}>{symbol}</a>
        <small>{described(row)}</small>
      </th>
      <td role="cell" class="num price" data-label="Last">
        {last === null ? "–" : formatPrice(last.c, decimals)}
      </td>
      <td role="cell" class={`num ${direction}`} data-label="Change">
        <ChangeText change={row.change} decimals={decimals} now={now} />
      </td>
      <td role="cell" class="spark" data-label="Last hour">
        {row.spark.length > 1 && (
          <Sparkline
            values={row.spark}
            base={row.spark[0]}
            title={`${symbol}, last ${row.spark.length} minutes`}
          />
        )}
      </td>
      <td role="cell" class="num forecast" data-label="Forecast">
        {forecast !== null && isCurrent(forecast, now)
          ? <ForecastCell forecast={forecast} decimals={decimals} />
          : <span class="muted">none now</span>}
      </td>
      <td role="cell" data-label="Signal">
        {signal !== null && isCurrentSignal(signal, forecast, now)
          ? <SignalBadge signal={signal} />
          : <span class="muted">–</span>}
      </td>
      <td role="cell" data-label="Feed">
        <FeedBadge feed={row.feed} now={now} link={link} />
      </td>
    </tr>
  );
};

const described = ({ symbol, name, exchange }: WatchlistRow) => {
  if (name !== symbol) return name;
  return exchange === "unknown" ? "registered by its first tick" : exchange;
};

const ForecastCell = ({ forecast, decimals }: {
  readonly forecast: ForecastView;
  readonly decimals: number;
}) => {
  const bps = expectedBps(forecast);
  const direction = directionOf(Math.round(bps * 10));
  return (
    <>
      {formatPrice(forecast.c, decimals)}{" "}
      <span class={`change ${direction}`}>
        <span aria-hidden="true">{ARROWS[direction]}</span>{" "}
        {formatSigned(bps, 1)} bps
      </span>
      <small>
        80 %: {formatRange(forecast.lo80, forecast.hi80, decimals)}
      </small>
    </>
  );
};

const isCurrentSignal = (
  signal: SignalView,
  forecast: ForecastView | null,
  now: number,
) => forecast !== null && signal.t === forecast.t && isCurrent(forecast, now);

const applyEvent = (
  row: WatchlistRow,
  name: EventName,
  // deno-lint-ignore no-explicit-any
  data: any,
  now: number,
): WatchlistRow => {
  switch (name) {
    case "candle":
      return withFeed(
        withCandle(row, data.candle),
        feedAfter(row.feed, data.candle, now),
      );
    case "candle.closed":
    case "candle.revised":
      return withCandle(row, data.candle);
    case "forecast":
      return withForecast(row, data.forecasts);
    case "signal":
      return withSignal(row, data.signal);
    case "feed":
      return withFeed(row, data);
    case "snapshot":
      return row;
  }
};

const withCandle = (row: WatchlistRow, candle: CandleView): WatchlistRow => {
  const { last, change } = row;
  if (last !== null && candle.t < last.t) return row;
  const same = last !== null && candle.t === last.t;
  if (same && isNewer(last, candle)) return row;
  const spark = same ? row.spark.slice(0, -1) : row.spark;
  return {
    ...row,
    last: candle,
    change: change === null ? null : changeTo(candle.c, change),
    spark: [...spark, candle.c].slice(-SPARK_CANDLES),
  };
};

const withForecast = (
  row: WatchlistRow,
  forecasts: readonly ForecastView[],
): WatchlistRow => {
  const newest = forecasts.findLast(({ horizon }) => horizon === 1);
  return newest === undefined || newest.t < (row.forecast?.t ?? 0)
    ? row
    : { ...row, forecast: newest };
};

const withSignal = (
  row: WatchlistRow,
  signal: SignalView | undefined,
): WatchlistRow =>
  signal === undefined || signal.t < (row.signal?.t ?? 0)
    ? row
    : { ...row, signal };

const withFeed = (row: WatchlistRow, feed: FeedState): WatchlistRow => ({
  ...row,
  feed,
});
