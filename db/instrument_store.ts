import { assert } from "../pipeline/domain/assert.ts";
import {
  autoSpec,
  type Instrument,
  type InstrumentSpec,
  type InstrumentType,
} from "../pipeline/domain/instrument.ts";
import type { Clock, InstrumentStore, MayWait } from "../pipeline/ports.ts";
import type { Db, Row, Statement } from "./db.ts";
import {
  cleanText,
  microsOrNull,
  textArray,
  timestampText,
} from "./sql_values.ts";

const COLUMNS = `id, symbol, name, exchange, type, currency, price_scale,
  size_scale, tick_size::text as tick_size, lot_size, calendar, cost_bps, auto,
  note, to_micros(valid_from)::float8 as valid_from,
  to_micros(valid_to)::float8 as valid_to`;

const KNOWS = "(excluded.auto and not instruments.auto)";
/** What a tick registers leaves alone what another process knows better. */
const KEPT = [
  ...["name", "exchange", "type", "currency", "lot_size", "calendar"],
  ...["cost_bps", "auto", "note", "valid_from", "valid_to"],
].map((column) =>
  `${column} = case when ${KNOWS} then instruments.${column}
    else excluded.${column} end`
).join(", ");

/**
 * Scales never narrow: candles that are stored have these decimals. All take
 * their locks in one order, so that two processes never wait for each other.
 *
 * `$1` is the JSON of rows, `$2` how many partitions there are if the warehouse
 * does not say. Whoever divides them meanwhile is waited for.
 */
const UPSERT = `
  insert into instruments (symbol, p, name, exchange, type, currency,
    price_scale, size_scale, tick_size, lot_size, calendar, cost_bps, auto,
    note, valid_from, valid_to)
  select symbol, (partitions_of(symbol, coalesce((
      select value from meta where name = 'partitions' for share
    ), $2)))[1], name, exchange, type, currency, price_scale, size_scale,
    tick_size, lot_size, calendar, cost_bps, auto, note, valid_from, valid_to
  from jsonb_to_recordset(($1::text)::jsonb) as r(symbol text, name text,
    exchange text, type text, currency text, price_scale int,
    size_scale int, tick_size numeric, lot_size float8, calendar text,
    cost_bps float8, auto boolean, note text, valid_from timestamptz,
    valid_to timestamptz)
  order by symbol
  on conflict (symbol) do update set
    ${KEPT},
    price_scale = greatest(instruments.price_scale, excluded.price_scale),
    size_scale = greatest(instruments.size_scale, excluded.size_scale),
    tick_size = case when ${KNOWS} then instruments.tick_size
      when excluded.auto then least(instruments.tick_size, excluded.tick_size)
      else excluded.tick_size end
  returning ${COLUMNS}`;

/**
 * A version for each instrument that is not as its newest version says; where
 * its ticks go is no fact of it.
 */
const RECORD_VERSIONS = `
  insert into instrument_versions
  select i.id, coalesce(v.version, 0) + 1, $2::timestamptz, to_jsonb(i)
  from instruments i
  left join lateral (
    select version, facts from instrument_versions
    where instrument_id = i.id order by version desc limit 1
  ) v on true
  where i.symbol in (select unnest(($1::text)::text[]))
    and v.facts - 'p' is distinct from to_jsonb(i) - 'p'`;

/** Transactions before this one are over: what they changed can be seen. */
const SEEN = "select pg_snapshot_xmin(pg_current_snapshot())::text as seen";

const ALL = `select ${COLUMNS} from instruments order by symbol`;

/** A dump of another server may have numbers that are still to come. */
const CHANGED = `
  select ${COLUMNS} from instruments where id in (
    select instrument_id from instrument_versions
    where changed_in >= ($1::text)::xid8
      and changed_in < pg_snapshot_xmax(pg_current_snapshot())
  )`;

/** The instruments, and the small numbers that stand for them in keys. */
export class PgInstrumentStore implements InstrumentStore {
  readonly #bySymbol = new Map<string, Instrument>();
  readonly #byId = new Map<number, Instrument>();

  constructor(
    private readonly db: Db,
    private readonly partitions: number,
    private readonly clock: Clock,
  ) {}

  async changes(since: string | null, shares?: MayWait): Promise<{
    readonly instruments: readonly Instrument[];
    readonly seen: string;
  }> {
    const results = await this.db.batch([
      { sql: SEEN },
      since === null ? { sql: ALL } : { sql: CHANGED, params: [since] },
    ], { shares });
    assert(results !== null, "nothing was asked that could be refused");
    const seen = results[0][0].seen as string;
    // A warehouse of before has come back, where transactions are counted anew.
    if (since !== null && BigInt(seen) < BigInt(since)) {
      return await this.changes(null);
    }
    return { instruments: this.#keep(results[1]), seen };
  }

  async upsert(
    specs: readonly InstrumentSpec[],
  ): Promise<readonly Instrument[]> {
    if (specs.length === 0) return [];
    const bySymbol = new Map(specs.map((spec) => [spec.symbol, spec]));
    return await this.#change([...bySymbol.keys()], [{
      sql: UPSERT,
      params: [
        JSON.stringify(
          [...bySymbol.values()].map(rowOf),
        ),
        String(this.partitions),
      ],
    }]);
  }

  async widen(
    symbol: string,
    scales: { readonly priceScale: number; readonly sizeScale: number },
  ): Promise<Instrument> {
    const [widened] = await this.#change([symbol], [{
      sql: `update instruments set
          price_scale = greatest(price_scale, $2::int),
          size_scale = greatest(size_scale, $3::int),
          tick_size = least(tick_size,
            ('1e-' || greatest(price_scale, $2::int))::numeric)
        where symbol = $1 returning ${COLUMNS}`,
      params: [symbol, scales.priceScale, scales.sizeScale],
    }]);
    assert(widened !== undefined, `instrument ${symbol} was registered`);
    return widened;
  }

  /** Instruments of these symbols; those that are not stored are left out. */
  async find(
    symbols: Iterable<string>,
  ): Promise<ReadonlyMap<string, Instrument>> {
    const wanted = new Set(symbols);
    const missing = [...wanted].filter((symbol) => !this.#bySymbol.has(symbol));
    if (missing.length > 0) {
      this.#keep(
        await this.db.query(
          `select ${COLUMNS} from instruments
            where symbol in (select unnest(($1::text)::text[]))`,
          [textArray(missing)],
        ),
      );
    }
    const found = new Map<string, Instrument>();
    for (const symbol of wanted) {
      const instrument = this.#bySymbol.get(symbol);
      if (instrument) found.set(symbol, instrument);
    }
    return found;
  }

  /** One id for each of these symbols, which were registered. */
  async idsOf(symbols: readonly string[]): Promise<readonly number[]> {
    const found = await this.find(symbols);
    return symbols.map((symbol) => {
      const instrument = found.get(symbol);
      assert(instrument !== undefined, `instrument ${symbol} was registered`);
      return instrument.id;
    });
  }

  /** Symbol of an id that a row of this database has. */
  async symbolOf(id: number): Promise<string> {
    if (!this.#byId.has(id)) await this.changes(null);
    const instrument = this.#byId.get(id);
    assert(instrument !== undefined, `instrument ${id} is stored`);
    return instrument.symbol;
  }

  /**
   * The instruments of these symbols with at least these decimals.
   *
   * They are registered before their first tick is appended; but the log is
   * synced at once and the warehouse is not, so that after a power failure
   * the log can know one that the warehouse has lost.
   */
  async admit(
    wanted: ReadonlyMap<string, { priceScale: number; sizeScale: number }>,
  ): Promise<ReadonlyMap<string, Instrument>> {
    const found = new Map(await this.find(wanted.keys()));
    const made = await this.upsert(
      [...wanted].filter(([symbol]) => !found.has(symbol))
        .map(([symbol, scales]) => autoSpec(symbol, scales)),
    );
    for (const instrument of made) found.set(instrument.symbol, instrument);
    for (const [symbol, scales] of wanted) {
      const known = found.get(symbol)!;
      if (
        known.priceScale < scales.priceScale ||
        known.sizeScale < scales.sizeScale
      ) {
        found.set(symbol, await this.widen(symbol, scales));
      }
    }
    return found;
  }

  async #change(
    symbols: readonly string[],
    statements: readonly Statement[],
  ): Promise<readonly Instrument[]> {
    const results = await this.db.batch([...statements, {
      sql: RECORD_VERSIONS,
      params: [textArray(symbols), timestampText(this.clock.now())],
    }]);
    assert(results !== null, "nothing was asked that could be refused");
    return this.#keep(results.flat());
  }

  #keep(rows: readonly Row[]): readonly Instrument[] {
    return rows.map((row) => {
      const instrument: Instrument = {
        id: row.id as number,
        symbol: row.symbol as string,
        name: row.name as string,
        exchange: row.exchange as string,
        type: row.type as InstrumentType,
        currency: row.currency as string,
        priceScale: row.price_scale as number,
        sizeScale: row.size_scale as number,
        tickSize: row.tick_size as string,
        lotSize: row.lot_size as number,
        calendar: row.calendar as string,
        costBps: row.cost_bps as number,
        auto: row.auto as boolean,
        note: row.note as string | null,
        validFrom: microsOrNull(row.valid_from),
        validTo: microsOrNull(row.valid_to),
      };
      this.#bySymbol.set(instrument.symbol, instrument);
      this.#byId.set(instrument.id, instrument);
      return instrument;
    });
  }
}

function rowOf(spec: InstrumentSpec) {
  const { validFrom, validTo, note } = spec;
  return {
    symbol: spec.symbol,
    name: cleanText(spec.name),
    exchange: cleanText(spec.exchange),
    type: spec.type,
    currency: cleanText(spec.currency),
    price_scale: spec.priceScale,
    size_scale: spec.sizeScale,
    tick_size: spec.tickSize,
    lot_size: spec.lotSize,
    calendar: spec.calendar,
    cost_bps: spec.costBps,
    auto: spec.auto,
    note: note === null ? null : cleanText(note),
    valid_from: validFrom === null ? null : timestampText(validFrom),
    valid_to: validTo === null ? null : timestampText(validTo),
  };
}
