import type { StoredCandle } from "../pipeline/domain/candle.ts";
import type { Forecast, ForecastScore } from "../pipeline/domain/forecast.ts";
import type {
  Chance,
  ModelSums,
  ScoreSums,
} from "../pipeline/domain/score_sums.ts";
import type { ScoreStore } from "../pipeline/forecast_ports.ts";
import { CANDLE_COLUMNS, candleOf, type CandleRow } from "./candle_rows.ts";
import type { Db, Row } from "./db.ts";
import {
  FORECAST_COLUMNS,
  forecastOf,
  SAME_FORECAST,
} from "./forecast_rows.ts";
import type { PgInstrumentStore } from "./instrument_store.ts";
import {
  booleanArray,
  microsOrNull,
  numberArray,
  textArray,
} from "./sql_values.ts";

/** Time after which a forecast whose candle never came is given up. */
const UNSCORED_DAYS_MAX = 7;

/** Candles before the first score that `ModelSums.scale` is of. */
const SCALE_CANDLES = 240;

/** What came of forecasts. */
export class PgScoreStore implements ScoreStore {
  constructor(
    private readonly db: Db,
    private readonly instruments: PgInstrumentStore,
  ) {}

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
      [
        limit,
        symbols === undefined
          ? null
          : numberArray(await this.instruments.idsOf(symbols)),
      ],
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
      numberArray(
        await this.instruments.idsOf(scores.map(({ symbol }) => symbol)),
      ),
      textArray(scores.map(({ interval }) => interval)),
      floats("t"),
      floats("horizon"),
      textArray(scores.map(({ model }) => model)),
    ];
    const newest = Math.max(...scores.map(({ t }) => t));
    const oldest = newest - UNSCORED_DAYS_MAX * 86_400_000_000;
    await this.db.batch([
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
