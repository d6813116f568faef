import {
  OUTCOME_MINUTES,
  type Signal,
  type SignalOutcome,
} from "../pipeline/domain/signal.ts";
import type { EpochMicros } from "../pipeline/domain/time.ts";
import type {
  ClaimOf,
  SettledSignal,
  SignalQuery,
  SignalStore,
  UnsettledSignal,
} from "../pipeline/forecast_ports.ts";
import type { Db, Row } from "./db.ts";
import { claimParams, FENCED } from "./forecast_shard_store.ts";
import type { PgInstrumentStore } from "./instrument_store.ts";
import { SIGNAL_COLUMNS, signalOf } from "./signal_rows.ts";
import {
  micros,
  microsOrNull,
  numberArray,
  textArray,
  timestampText,
} from "./sql_values.ts";

/** Signals, and what came of them. */
export class PgSignalStore implements SignalStore {
  constructor(
    private readonly db: Db,
    private readonly instruments: PgInstrumentStore,
  ) {}

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
        numberArray(
          await this.instruments.idsOf(signals.map(({ symbol }) => symbol)),
        ),
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
    query: SignalQuery,
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
      [
        timestampText(now),
        limit,
        symbols === undefined
          ? null
          : numberArray(await this.instruments.idsOf(symbols)),
      ],
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
      numberArray(
        await this.instruments.idsOf(outcomes.map(({ symbol }) => symbol)),
      ),
      numbers(({ t }) => t),
      numbers(({ version }) => version),
      numbers(({ minutes }) => minutes),
    ];
    await this.db.batch([
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
        numberArray(
          await this.instruments.idsOf(of.map(({ signal }) => signal.symbol)),
        ),
        numberArray(of.map(({ signal }) => signal.t)),
        numberArray(of.map(({ signal }) => signal.version)),
        numberArray(of.map(({ minutes }) => minutes)),
        numberArray(of.map(({ until }) => until)),
      ],
    );
  }
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
