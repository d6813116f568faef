import { assert } from "../pipeline/domain/assert.ts";
import type { Forecast } from "../pipeline/domain/forecast.ts";
import type { Signal } from "../pipeline/domain/signal.ts";
import type {
  ClaimOf,
  ForecastQuery,
  ForecastStore,
  NewestForecasts,
  NewestQuery,
  ScoredForecast,
} from "../pipeline/forecast_ports.ts";
import type { Db, Param, Statement } from "./db.ts";
import {
  FORECAST_COLUMNS,
  forecastOf,
  SAME_FORECAST,
  SCORE_COLUMNS,
  scoreOf,
} from "./forecast_rows.ts";
import { claimParams, FENCED } from "./forecast_shard_store.ts";
import type { PgInstrumentStore } from "./instrument_store.ts";
import { SIGNAL_COLUMNS, signalOf } from "./signal_rows.ts";
import {
  booleanArray,
  numberArray,
  textArray,
  timestampText,
} from "./sql_values.ts";

/** Forecasts as they were made. */
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
    const ids = numberArray(
      await this.instruments.idsOf(forecasts.map(({ symbol }) => symbol)),
    );
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
    const results = await this.db.batch([
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
    assert(results !== null, "nothing was asked that could be refused");
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
