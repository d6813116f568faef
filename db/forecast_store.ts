import { assert } from "../pipeline/domain/assert.ts";
import type { Forecast, ForecastScore } from "../pipeline/domain/forecast.ts";
import type {
  Chance,
  ModelSums,
  ScoreSums,
} from "../pipeline/domain/score_sums.ts";
import {
  OUTCOME_MINUTES,
  type Signal,
  type SignalOutcome,
} from "../pipeline/domain/signal.ts";
import type { EpochMicros } from "../pipeline/domain/time.ts";
import type {
  ClaimOf,
  ForecastQuery,
  ForecastStore,
  NewestForecasts,
  NewestQuery,
  ScoredForecast,
  SettledSignal,
  UnsettledSignal,
} from "../pipeline/ports.ts";
import type { StoredCandle } from "../pipeline/domain/candle.ts";
import { CANDLE_COLUMNS, candleOf, type CandleRow } from "./candle_rows.ts";
import type { Db, Param, Row, Statement } from "./db.ts";
import { claimParams, FENCED } from "./forecast_shard_store.ts";
import type { PgInstrumentStore } from "./instrument_store.ts";
import {
  booleanArray,
  micros,
  microsOrNull,
  numberArray,
  textArray,
  timestampText,
} from "./sql_values.ts";

/** Time after which a forecast whose candle never came is given up. */
const UNSCORED_DAYS_MAX = 7;

const FORECAST_COLUMNS = `i.symbol, f.interval, to_micros(f.t)::float8 as t,
  f.horizon, f.model, f.order_p, f.order_d, f.order_q, f.champion,
  to_micros(f.made_at)::float8 as made_at,
  to_micros(f.trained_through)::float8 as trained_through, f.position,
  f.rev as made_rev, f.last as made_last, f.open as made_open,
  f.high as made_high, f.low as made_low, f.close as made_close, f.se, f.lo50,
  f.hi50, f.lo80, f.hi80, f.lo95, f.hi95`;

const SCORE_COLUMNS = `to_micros(s.scored_at)::float8 as scored_at, s.actual,
  s.abs_error, s.abs_error_naive, s.inside50, s.inside80, s.inside95,
  s.direction_hit, s.winkler95, s.crps, s.up_probability, s.brier`;

const SIGNAL_COLUMNS = `i.symbol, to_micros(s.t)::float8 as t, s.version,
  to_micros(s.made_at)::float8 as made_at, s.model, s.action, s.lean, s.reason,
  s.confidence, s.price, s.expected_bps, s.cost_bps`;

/** Candles before the first score that `ModelSums.scale` is of. */
const SCALE_CANDLES = 240;

const SAME_FORECAST = "(instrument_id, interval, t, horizon, model)";

/** Forecasts, what came of them, and what was made of them. */
export class PgForecastStore implements ForecastStore {
  /** Instruments and models that are in `models`, of those saved here. */
  readonly #listed = new Set<string>();

  constructor(
    private readonly db: Db,
    private readonly instruments: PgInstrumentStore,
  ) {}

  async saveForecasts(
    forecasts: readonly Forecast[],
    withinMs?: number,
    claimOf?: ClaimOf,
  ): Promise<ReadonlySet<string>> {
    if (forecasts.length === 0) return new Set();
    const ids = await this.#ids(forecasts);
    const floats = (key: keyof Forecast) =>
      numberArray(forecasts.map((forecast) => forecast[key] as number));
    const models = textArray(forecasts.map(({ model }) => model));
    const unlisted = forecasts.map(listingOf)
      .filter((listing) => !this.#listed.has(listing));
    const keys = [
      ids,
      textArray(forecasts.map(({ interval }) => interval)),
      floats("t"),
      floats("horizon"),
      models,
    ];
    const before = withinMs === undefined ? [] : [giveUpAfter(withinMs)];
    const results = await this.#write([
      ...before,
      {
        sql: `with u as materialized (
            select * from unnest(($1::text)::int[], ($2::text)::text[],
              ($3::text)::int8[], ($4::text)::int[], ($5::text)::text[],
              ($6::text)::int[], ($7::text)::int[], ($8::text)::int[],
              ($9::text)::boolean[], ($10::text)::int8[], ($11::text)::int8[],
              ($12::text)::text[], ($13::text)::int[], ($14::text)::float8[],
              ($15::text)::float8[], ($16::text)::float8[],
              ($17::text)::float8[], ($18::text)::float8[],
              ($19::text)::float8[], ($20::text)::float8[],
              ($21::text)::float8[], ($22::text)::float8[],
              ($23::text)::float8[], ($24::text)::float8[],
              ($25::text)::float8[], ($26::text)::int[], ($27::text)::int8[])
              as u(instrument_id, interval, t, horizon, model, order_p,
                order_d, order_q, champion, made_at, trained_through, position,
                rev, last, open, high, low, close, se, lo50, hi50, lo80, hi80,
                lo95, hi95, shard, epoch)
          ), ${FENCED}, others as materialized (
            select distinct u.instrument_id
            from fenced u join forecasts f on f.instrument_id = u.instrument_id
              and f.interval = u.interval and f.t = from_micros(u.t)
              and f.horizon = u.horizon and f.champion
            where u.shard is not null and u.champion
              and f.made_at <> from_micros(u.made_at)
          ), made as (
            insert into forecasts
            select instrument_id, interval, from_micros(t), horizon, model,
              order_p, order_d, order_q, champion, from_micros(made_at),
              from_micros(trained_through), position, rev, last, open, high,
              low, close, se, lo50, hi50, lo80, hi80, lo95, hi95
            from fenced
            where instrument_id not in (select instrument_id from others)
            on conflict do nothing
            returning instrument_id, interval, t, horizon, model
          ), unscored as (
            insert into forecasts_unscored select * from made
            on conflict do nothing
          )
          select instrument_id from others
          union
          select instrument_id from u
          where shard is not null and shard not in (select shard from claims)`,
        params: [
          ...keys,
          numberArray(forecasts.map(({ order }) => order[0])),
          numberArray(forecasts.map(({ order }) => order[1])),
          numberArray(forecasts.map(({ order }) => order[2])),
          booleanArray(forecasts.map(({ champion }) => champion)),
          floats("madeAt"),
          floats("trainedThrough"),
          textArray(forecasts.map(({ position }) => position)),
          ...([
            "rev",
            "last",
            "open",
            "high",
            "low",
            "close",
            "se",
            "lo50",
            "hi50",
            "lo80",
            "hi80",
            "lo95",
            "hi95",
          ] as const).map(floats),
          ...claimParams(forecasts, claimOf),
        ],
      },
      ...unlisted.length === 0 ? [] : [{
        sql: `insert into models
          select instrument_id, model, min(from_micros(made_at))
          from unnest(($1::text)::int[], ($2::text)::text[],
            ($3::text)::int8[]) as u(instrument_id, model, made_at)
          group by instrument_id, model
          on conflict do nothing`,
        params: [ids, models, floats("madeAt")],
      }],
    ]);
    for (const listing of unlisted) this.#listed.add(listing);
    const others = results[before.length];
    return new Set(
      await Promise.all(
        others.map((row) =>
          this.instruments.symbolOf(row.instrument_id as number)
        ),
      ),
    );
  }

  async forecasts(query: ForecastQuery): Promise<readonly ScoredForecast[]> {
    const params: Param[] = [
      query.symbol,
      query.from === undefined ? "-infinity" : timestampText(query.from),
      query.to === undefined ? "infinity" : timestampText(query.to),
      query.limit,
      query.model ?? null,
      query.horizon ?? null,
    ];
    const order = query.from === undefined ? "desc" : "asc";
    const rows = await this.db.query(
      `select ${FORECAST_COLUMNS}, ${SCORE_COLUMNS}
        from (
          select f.* from forecasts f
          where f.instrument_id = (select id from instruments where symbol = $1)
            and f.interval = '1m'
            and f.t >= $2::timestamptz and f.t < $3::timestamptz
            and case when $5::text is null then f.champion
              else f.model = $5::text end
            and f.horizon = coalesce($6::smallint, f.horizon)
          order by f.t ${order}, f.horizon ${order} limit $4::int
        ) f
        join instruments i on i.id = f.instrument_id
        left join forecast_scores s using ${SAME_FORECAST}
        order by f.t, f.horizon, f.model`,
      params,
    );
    return rows.map((row) => ({
      forecast: forecastOf(row),
      score: scoreOf(row),
    }));
  }

  async newest(
    symbols: readonly string[],
    query: NewestQuery,
  ): Promise<ReadonlyMap<string, NewestForecasts>> {
    const found = await this.instruments.find(symbols);
    const newest = new Map([...found.keys()].map((symbol) => [
      symbol,
      { forecasts: [] as ScoredForecast[], signals: [] as Signal[] },
    ]));
    const ids = numberArray([...found.values()].map(({ id }) => id));
    const [forecasts, signals] = await Promise.all([
      this.db.query(
        `select ${FORECAST_COLUMNS}, ${SCORE_COLUMNS}
          from unnest(($1::text)::int[]) as w(id)
          join instruments i on i.id = w.id
          cross join lateral (
            select * from forecasts
            where instrument_id = w.id and interval = '1m' and champion
              and horizon = coalesce($2::smallint, horizon)
            order by t desc, horizon desc limit $3::int
          ) f
          left join forecast_scores s using ${SAME_FORECAST}
          order by f.t, f.horizon`,
        [ids, query.horizon ?? null, query.forecasts],
      ),
      this.db.query(
        `select ${SIGNAL_COLUMNS}
          from unnest(($1::text)::int[]) as w(id)
          join instruments i on i.id = w.id
          cross join lateral (
            select * from signals where instrument_id = w.id
            order by t desc, version desc limit $2::int
          ) s
          order by s.t, s.version`,
        [ids, query.signals],
      ),
    ]);
    for (const row of forecasts) {
      newest.get(row.symbol as string)?.forecasts.push({
        forecast: forecastOf(row),
        score: scoreOf(row),
      });
    }
    for (const row of signals) {
      newest.get(row.symbol as string)?.signals.push(signalOf(row));
    }
    return newest;
  }

  async unscored(limit: number, symbols?: readonly string[]) {
    const rows = await this.db.query(
      `select ${FORECAST_COLUMNS}, ${CANDLE_COLUMNS}
        from forecasts_unscored u
        join forecasts f using ${SAME_FORECAST}
        join instruments i on i.id = u.instrument_id
        cross join lateral (
          select * from candles
          where instrument_id = u.instrument_id and interval = u.interval
            and t = u.t and closed
          limit 1
        ) c
        where $2::text is null or u.instrument_id = any (($2::text)::int[])
        order by u.t limit $1::int`,
      [limit, await this.#idsOf(symbols)],
    );
    return rows.map((row): { forecast: Forecast; candle: StoredCandle } => ({
      forecast: forecastOf(row),
      candle: candleOf(row as CandleRow),
    }));
  }

  async saveScores(scores: readonly ForecastScore[]): Promise<void> {
    if (scores.length === 0) return;
    const floats = (key: keyof ForecastScore) =>
      numberArray(scores.map((score) => score[key] as number));
    const booleans = (key: keyof ForecastScore) =>
      booleanArray(scores.map((score) => score[key] as boolean | null));
    const keys = [
      await this.#ids(scores),
      textArray(scores.map(({ interval }) => interval)),
      floats("t"),
      floats("horizon"),
      textArray(scores.map(({ model }) => model)),
    ];
    const newest = Math.max(...scores.map(({ t }) => t));
    const oldest = newest - UNSCORED_DAYS_MAX * 86_400_000_000;
    await this.#write([
      {
        sql: `insert into forecast_scores as s (instrument_id, interval, t,
            horizon, model, scored_at, actual, abs_error, abs_error_naive,
            inside50, inside80, inside95, direction_hit, winkler95, crps,
            up_probability, brier)
          select instrument_id, interval, from_micros(t), horizon, model,
            from_micros(scored_at), actual, abs_error, abs_error_naive,
            inside50, inside80, inside95, direction_hit, winkler95, crps,
            up_probability, brier
          from unnest(($1::text)::int[], ($2::text)::text[],
            ($3::text)::int8[], ($4::text)::int[], ($5::text)::text[],
            ($6::text)::int8[], ($7::text)::float8[], ($8::text)::float8[],
            ($9::text)::float8[], ($10::text)::boolean[],
            ($11::text)::boolean[], ($12::text)::boolean[],
            ($13::text)::boolean[], ($14::text)::float8[],
            ($15::text)::float8[], ($16::text)::float8[],
            ($17::text)::float8[])
            as u(instrument_id, interval, t, horizon, model, scored_at, actual,
              abs_error, abs_error_naive, inside50, inside80, inside95,
              direction_hit, winkler95, crps, up_probability, brier)
          on conflict (instrument_id, model, horizon, t, interval)
          do update set scored_at = excluded.scored_at,
            actual = excluded.actual, abs_error = excluded.abs_error,
            abs_error_naive = excluded.abs_error_naive,
            inside50 = excluded.inside50, inside80 = excluded.inside80,
            inside95 = excluded.inside95,
            direction_hit = excluded.direction_hit,
            winkler95 = excluded.winkler95, crps = excluded.crps,
            up_probability = excluded.up_probability,
            brier = excluded.brier`,
        params: [
          ...keys,
          floats("scoredAt"),
          floats("actual"),
          floats("absError"),
          floats("absErrorNaive"),
          booleans("inside50"),
          booleans("inside80"),
          booleans("inside95"),
          booleans("directionHit"),
          floats("winkler95"),
          floats("crps"),
          floats("upProbability"),
          floats("brier"),
        ],
      },
      {
        sql: `delete from forecasts_unscored f
          using unnest(($1::text)::int[], ($2::text)::text[],
            ($3::text)::int8[], ($4::text)::int[], ($5::text)::text[])
            as u(instrument_id, interval, t, horizon, model)
          where f.instrument_id = u.instrument_id and f.interval = u.interval
            and f.t = from_micros(u.t) and f.horizon = u.horizon
            and f.model = u.model`,
        params: keys,
      },
      {
        sql: `delete from forecasts_unscored where t < from_micros($1::int8)`,
        params: [oldest],
      },
    ]);
  }

  async scoreSums(
    symbols: readonly string[],
    window: number,
  ): Promise<ReadonlyMap<string, readonly ModelSums[]>> {
    const found = await this.instruments.find(symbols);
    const rows = await this.db.query(
      `with sums as (
          select w.id, m.model, count(*)::float8 as n, min(s.t) as first_t,
            to_micros(min(s.t))::float8 as from_t,
            to_micros(max(s.t))::float8 as through_t,
            sum(s.abs_error) as abs_error,
            sum(s.abs_error_naive) as abs_error_naive,
            sum(s.abs_error ^ 2) as squares,
            sum(s.abs_error_naive ^ 2) as squares_naive,
            sum(s.abs_error * s.abs_error_naive) as products,
            count(*) filter (where s.inside50)::float8 as inside50,
            count(*) filter (where s.inside80)::float8 as inside80,
            count(*) filter (where s.inside95)::float8 as inside95,
            count(s.crps)::float8 as spreads,
            coalesce(sum(s.winkler95), 0) as winkler95,
            coalesce(sum(s.crps), 0) as crps,
            count(s.brier)::float8 as chances,
            coalesce(sum(s.brier), 0) as brier,
            count(*) filter (where s.abs_error_naive > 0)::float8 as moved,
            count(s.direction_hit)::float8 as directions,
            count(*) filter (where s.direction_hit)::float8 as hits,
            coalesce(sum(abs(s.up_probability - 0.5))
              filter (where s.direction_hit is not null), 0) as stated
          from unnest(($1::text)::int[]) as w(id)
          join models m on m.instrument_id = w.id
          cross join lateral (
            select * from forecast_scores
            where instrument_id = w.id and model = m.model
              and interval = '1m' and horizon = 1
            order by t desc limit $2::int
          ) s
          group by w.id, m.model
        ), scales as (
          select f.id, s.scale
          from (select id, min(first_t) as t from sums group by id) f
          cross join lateral (
            select avg(abs(close - before)) filter (where joined)::float8
              as scale
            from (
              select close, lag(close) over w as before,
                complete and lag(complete) over w
                  and lag(end_t) over w = t as joined
              from (
                select t, end_t, close, complete from candles
                where instrument_id = f.id and interval = '1m' and closed
                  and t < f.t
                order by t desc limit ${SCALE_CANDLES}
              ) c
              window w as (order by t)
            ) steps
          ) s
        )
        select i.symbol, sums.*, scales.scale
        from sums join scales using (id) join instruments i on i.id = sums.id
        order by i.symbol, sums.model`,
      [numberArray([...found.values()].map(({ id }) => id)), window],
    );
    const bySymbol = new Map<string, ModelSums[]>();
    for (const row of rows) {
      const models = bySymbol.get(row.symbol as string) ?? [];
      bySymbol.set(row.symbol as string, models);
      models.push({
        model: row.model as string,
        sums: sumsOf(row),
        scale: row.scale as number | null,
      });
    }
    return bySymbol;
  }

  async chances({ symbol, model, limit }: {
    readonly symbol: string;
    readonly model: string;
    readonly limit: number;
  }): Promise<readonly Chance[]> {
    const rows = await this.db.query(
      `select s.up_probability as up, s.actual > f.last as came
        from instruments i
        cross join lateral (
          select * from forecast_scores
          where instrument_id = i.id and model = $2 and interval = '1m'
            and horizon = 1
          order by t desc limit $3::int
        ) s
        join forecasts f using (instrument_id, interval, t, horizon, model)
        where i.symbol = $1 and s.brier is not null
        order by s.t`,
      [symbol, model, limit],
    );
    return rows.map((row) => ({
      up: row.up as number,
      came: row.came as boolean,
    }));
  }

  async newestOfModels(
    symbols: readonly string[],
  ): Promise<ReadonlyMap<string, readonly Forecast[]>> {
    const found = await this.instruments.find(symbols);
    const rows = await this.db.query(
      `select ${FORECAST_COLUMNS}
        from unnest(($1::text)::int[]) as w(id)
        join instruments i on i.id = w.id
        cross join lateral (
          select t from forecasts
          where instrument_id = w.id and interval = '1m' and horizon = 1
          order by t desc limit 1
        ) newest
        join forecasts f on f.instrument_id = w.id and f.interval = '1m'
          and f.t = newest.t and f.horizon = 1
        order by i.symbol, f.model`,
      [numberArray([...found.values()].map(({ id }) => id))],
    );
    return Map.groupBy(rows.map(forecastOf), ({ symbol }) => symbol);
  }

  async saveSignals(
    signals: readonly Signal[],
    claimOf?: ClaimOf,
  ): Promise<void> {
    if (signals.length === 0) return;
    const text = (key: "model" | "action" | "lean" | "reason") =>
      textArray(signals.map((signal) => signal[key]));
    const floats = (key: keyof Signal) =>
      numberArray(signals.map((signal) => signal[key] as number));
    await this.db.query(
      `with u as materialized (
          select * from unnest(($1::text)::int[], ($2::text)::int8[],
            ($3::text)::int8[], ($4::text)::text[], ($5::text)::text[],
            ($6::text)::text[], ($7::text)::text[], ($8::text)::float8[],
            ($9::text)::float8[], ($10::text)::float8[],
            ($11::text)::float8[], ($13::text)::int[], ($14::text)::int8[])
            as u(instrument_id, t, made_at, model, action, lean, reason,
              confidence, price, expected_bps, cost_bps, shard, epoch)
        ), ${FENCED}, made as (
          insert into signals (instrument_id, t, version, made_at, model,
            action, lean, reason, confidence, price, expected_bps, cost_bps)
          select u.instrument_id, from_micros(u.t),
            coalesce(before.version, 0) + 1, from_micros(u.made_at), u.model,
            u.action, u.lean, u.reason, u.confidence, u.price, u.expected_bps,
            u.cost_bps
          from fenced u
          left join lateral (
            select * from signals
            where instrument_id = u.instrument_id and t = from_micros(u.t)
            order by version desc limit 1
          ) before on true
          where before.version is null or
            (before.model, before.action, before.lean, before.reason,
              before.confidence, before.price, before.expected_bps,
              before.cost_bps) is distinct from
            (u.model, u.action, u.lean, u.reason, u.confidence, u.price,
              u.expected_bps, u.cost_bps)
          on conflict do nothing
          returning instrument_id, t, version
        )
        insert into signals_unsettled
          (instrument_id, t, version, minutes, due_at)
        select instrument_id, t, version, minutes,
          t + (minutes + 2) * interval '1 minute'
        from made
        cross join unnest(($12::text)::smallint[]) as m(minutes)
        on conflict do nothing`,
      [
        await this.#ids(signals),
        floats("t"),
        floats("madeAt"),
        text("model"),
        text("action"),
        text("lean"),
        text("reason"),
        floats("confidence"),
        floats("price"),
        floats("expectedBps"),
        floats("costBps"),
        numberArray(OUTCOME_MINUTES),
        ...claimParams(signals, claimOf),
      ],
    );
  }

  async signals(
    query: Parameters<ForecastStore["signals"]>[0],
  ): Promise<readonly SettledSignal[]> {
    const order = query.from === undefined ? "desc" : "asc";
    const rows = await this.db.query(
      `select ${SIGNAL_COLUMNS}, exists (
            select from signals n where n.instrument_id = s.instrument_id
              and n.t = s.t and n.version > s.version
          ) as superseded, o.minutes,
          to_micros(o.settled_at)::float8 as settled_at, o.entry, o.exit,
          o.move_bps, o.cost_bps as paid_bps, o.net_bps, o.no_price
        from (
          select s.* from signals s
          join instruments i on i.id = s.instrument_id
          where i.symbol = coalesce($1, i.symbol)
            and s.t >= $2::timestamptz and s.t < $3::timestamptz
            and s.action = coalesce($4, s.action)
          order by s.t ${order}, i.symbol, s.version ${order} limit $5::int
        ) s
        join instruments i on i.id = s.instrument_id
        left join signal_outcomes o using (instrument_id, t, version)
        order by s.t, i.symbol, s.version, o.minutes`,
      [
        query.symbol ?? null,
        query.from === undefined ? "-infinity" : timestampText(query.from),
        query.to === undefined ? "infinity" : timestampText(query.to),
        query.action ?? null,
        query.limit,
      ],
    );
    const found: (SettledSignal & { readonly outcomes: SignalOutcome[] })[] =
      [];
    for (const row of rows) {
      const signal = signalOf(row);
      const last = found.at(-1);
      const same = last?.signal.symbol === signal.symbol &&
        last.signal.t === signal.t && last.signal.version === signal.version;
      const of = same ? last : {
        signal,
        superseded: row.superseded as boolean,
        outcomes: [],
      };
      if (!same) found.push(of);
      if (row.minutes !== null) of.outcomes.push(outcomeOf(row));
    }
    return found;
  }

  async unsettled(
    now: EpochMicros,
    limit: number,
    symbols?: readonly string[],
  ): Promise<readonly UnsettledSignal[]> {
    const rows = await this.db.query(
      `select ${SIGNAL_COLUMNS}, u.minutes, a.open::float8 as entry,
          a.complete as entry_complete, z.open::float8 as exit,
          z.complete as exit_complete,
          to_micros(newest.t)::float8 as closed_through
        from (
          select * from signals_unsettled where due_at <= $1::timestamptz
            and ($3::text is null or instrument_id = any (($3::text)::int[]))
          order by due_at limit $2::int
        ) u
        join signals s using (instrument_id, t, version)
        join instruments i on i.id = u.instrument_id
        left join candles a on a.instrument_id = u.instrument_id
          and a.interval = '1m' and a.closed
          and a.t = u.t + interval '1 minute'
        left join candles z on z.instrument_id = u.instrument_id
          and z.interval = '1m' and z.closed
          and z.t = u.t + (1 + u.minutes) * interval '1 minute'
        left join lateral (
          select t from candles
          where instrument_id = u.instrument_id and interval = '1m' and closed
          order by t desc limit 1
        ) newest on a.t is null or z.t is null
        order by u.due_at`,
      [timestampText(now), limit, await this.#idsOf(symbols)],
    );
    const fill = (open: unknown, complete: unknown) =>
      open === null
        ? null
        : { open: open as number, complete: complete as boolean };
    return rows.map((row) => ({
      signal: signalOf(row),
      minutes: row.minutes as number,
      entry: fill(row.entry, row.entry_complete),
      exit: fill(row.exit, row.exit_complete),
      closedThrough: microsOrNull(row.closed_through),
    }));
  }

  async saveOutcomes(outcomes: readonly SignalOutcome[]): Promise<void> {
    if (outcomes.length === 0) return;
    const numbers = (of: (outcome: SignalOutcome) => number | null) =>
      numberArray(outcomes.map(of));
    const priced = (key: "entry" | "exit" | "moveBps" | "netBps") =>
      numbers(({ came }) => came.kind === "priced" ? came[key] : null);
    const keys = [
      await this.#ids(outcomes),
      numbers(({ t }) => t),
      numbers(({ version }) => version),
      numbers(({ minutes }) => minutes),
    ];
    await this.#write([
      {
        sql: `insert into signal_outcomes (instrument_id, t, version, minutes,
            settled_at, entry, exit, move_bps, cost_bps, net_bps, no_price)
          select instrument_id, from_micros(t), version, minutes,
            from_micros(settled_at), entry, exit, move_bps, cost_bps, net_bps,
            no_price
          from unnest(($1::text)::int[], ($2::text)::int8[],
            ($3::text)::int[], ($4::text)::int[], ($5::text)::int8[],
            ($6::text)::float8[], ($7::text)::float8[], ($8::text)::float8[],
            ($9::text)::float8[], ($10::text)::float8[], ($11::text)::text[])
            as u(instrument_id, t, version, minutes, settled_at, entry, exit,
              move_bps, cost_bps, net_bps, no_price)
          on conflict do nothing`,
        params: [
          ...keys,
          numbers(({ settledAt }) => settledAt),
          priced("entry"),
          priced("exit"),
          priced("moveBps"),
          numbers(({ costBps }) => costBps),
          priced("netBps"),
          textArray(
            outcomes.map(({ came }) =>
              came.kind === "no_price" ? came.reason : null
            ),
          ),
        ],
      },
      {
        sql: `delete from signals_unsettled s
          using unnest(($1::text)::int[], ($2::text)::int8[],
            ($3::text)::int[], ($4::text)::int[])
            as u(instrument_id, t, version, minutes)
          where s.instrument_id = u.instrument_id and s.t = from_micros(u.t)
            and s.version = u.version and s.minutes = u.minutes`,
        params: keys,
      },
    ]);
  }

  async putOffOutcomes(
    of: readonly (UnsettledSignal & { readonly until: EpochMicros })[],
  ): Promise<void> {
    if (of.length === 0) return;
    await this.db.query(
      `update signals_unsettled s set due_at = from_micros(u.until)
        from unnest(($1::text)::int[], ($2::text)::int8[],
          ($3::text)::int[], ($4::text)::int[], ($5::text)::int8[])
          as u(instrument_id, t, version, minutes, until)
        where s.instrument_id = u.instrument_id and s.t = from_micros(u.t)
          and s.version = u.version and s.minutes = u.minutes`,
      [
        await this.#ids(of.map(({ signal }) => signal)),
        numberArray(of.map(({ signal }) => signal.t)),
        numberArray(of.map(({ signal }) => signal.version)),
        numberArray(of.map(({ minutes }) => minutes)),
        numberArray(of.map(({ until }) => until)),
      ],
    );
  }

  /** An array of ids, or `null` for those of all. */
  async #idsOf(symbols?: readonly string[]): Promise<string | null> {
    return symbols === undefined
      ? null
      : await this.#ids(symbols.map((symbol) => ({ symbol })));
  }

  async #ids(rows: readonly { symbol: string }[]): Promise<string> {
    const found = await this.instruments.find(rows.map((row) => row.symbol));
    return numberArray(rows.map(({ symbol }) => {
      const instrument = found.get(symbol);
      assert(instrument !== undefined, `instrument ${symbol} was registered`);
      return instrument.id;
    }));
  }

  async #write(
    statements: readonly Statement[],
  ): Promise<readonly (readonly Row[])[]> {
    const results = await this.db.batch(statements);
    assert(results !== null, "nothing was asked that could be refused");
    return results;
  }
}

/** For the rest of the transaction. */
function giveUpAfter(ms: number): Statement {
  return {
    sql: "select set_config('statement_timeout', $1, true)",
    params: [String(Math.max(1, Math.floor(ms)))],
  };
}

function listingOf({ symbol, model }: Forecast): string {
  return `${symbol} ${model}`;
}

function forecastOf(row: Row): Forecast {
  return {
    symbol: row.symbol as string,
    interval: "1m",
    t: micros(row.t),
    horizon: row.horizon as number,
    model: row.model as string,
    order: [
      row.order_p as number,
      row.order_d as number,
      row.order_q as number,
    ],
    champion: row.champion as boolean,
    madeAt: micros(row.made_at),
    trainedThrough: micros(row.trained_through),
    position: row.position as string,
    rev: row.made_rev as number,
    last: row.made_last as number,
    open: row.made_open as number,
    high: row.made_high as number,
    low: row.made_low as number,
    close: row.made_close as number,
    se: row.se as number,
    lo50: row.lo50 as number,
    hi50: row.hi50 as number,
    lo80: row.lo80 as number,
    hi80: row.hi80 as number,
    lo95: row.lo95 as number,
    hi95: row.hi95 as number,
  };
}

function signalOf(row: Row): Signal {
  return {
    symbol: row.symbol as string,
    t: micros(row.t),
    version: row.version as number,
    madeAt: micros(row.made_at),
    model: row.model as string,
    action: row.action as Signal["action"],
    lean: row.lean as Signal["lean"],
    reason: row.reason as string,
    confidence: row.confidence as number,
    price: row.price as number,
    expectedBps: row.expected_bps as number,
    costBps: row.cost_bps as number,
  };
}

function scoreOf(row: Row): ForecastScore | null {
  if (row.scored_at === null) return null;
  return {
    symbol: row.symbol as string,
    interval: "1m",
    t: micros(row.t),
    horizon: row.horizon as number,
    model: row.model as string,
    scoredAt: micros(row.scored_at),
    actual: row.actual as number,
    absError: row.abs_error as number,
    absErrorNaive: row.abs_error_naive as number,
    inside50: row.inside50 as boolean,
    inside80: row.inside80 as boolean,
    inside95: row.inside95 as boolean,
    directionHit: row.direction_hit as boolean | null,
    winkler95: row.winkler95 as number | null,
    crps: row.crps as number | null,
    upProbability: row.up_probability as number | null,
    brier: row.brier as number | null,
  };
}

function outcomeOf(row: Row): SignalOutcome {
  const reason = row.no_price as string | null;
  return {
    symbol: row.symbol as string,
    t: micros(row.t),
    version: row.version as number,
    minutes: row.minutes as number,
    settledAt: micros(row.settled_at),
    costBps: row.paid_bps as number,
    came: reason !== null ? { kind: "no_price", reason } : {
      kind: "priced",
      entry: row.entry as number,
      exit: row.exit as number,
      moveBps: row.move_bps as number,
      netBps: row.net_bps as number,
    },
  };
}

function sumsOf(row: Row): ScoreSums {
  const of = (column: string) => row[column] as number;
  return {
    n: of("n"),
    from: microsOrNull(row.from_t),
    through: microsOrNull(row.through_t),
    absError: of("abs_error"),
    absErrorNaive: of("abs_error_naive"),
    squares: of("squares"),
    squaresNaive: of("squares_naive"),
    products: of("products"),
    inside50: of("inside50"),
    inside80: of("inside80"),
    inside95: of("inside95"),
    spreads: of("spreads"),
    winkler95: of("winkler95"),
    crps: of("crps"),
    chances: of("chances"),
    brier: of("brier"),
    moved: of("moved"),
    directions: of("directions"),
    hits: of("hits"),
    stated: of("stated"),
  };
}
