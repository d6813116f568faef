import type { Catalog } from "../catalog.ts";
import { assert, AssertionError } from "../domain/assert.ts";
import type { StoredCandle } from "../domain/candle.ts";
import { type Forecast, forecastView } from "../domain/forecast.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { LiveEvent } from "../domain/live_event.ts";
import { signalView } from "../domain/signal.ts";
import {
  type EpochMicros,
  MICROS_PER_MINUTE,
  MICROS_PER_MS,
  MICROS_PER_SECOND,
  toIso,
} from "../domain/time.ts";
import type { ClaimOf, ForecastStore, SignalStore } from "../forecast_ports.ts";
import type { CandleStore, Clock, Log } from "../ports.ts";
import type { InstrumentEntries } from "./instrument_entries.ts";
import {
  type EdgeView,
  endedCandles,
  moveToEdge,
  needsMore,
} from "./instrument_state.ts";
import {
  championOf,
  type EdgeInstrument,
  type ForecastPart,
  type ForecastRule,
  makeForecasts,
  makeSignal,
} from "./make_forecasts.ts";

export interface EdgePorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly candles: Pick<CandleStore, "latest">;
  readonly forecasts: Pick<ForecastStore, "saveForecasts">;
  readonly signals: Pick<SignalStore, "saveSignals">;
  readonly catalog: Pick<Catalog, "all" | "calendarOf">;
  readonly publish: (events: readonly LiveEvent[]) => void;
  /** Committed position of the partition that a symbol is in. */
  readonly position: (symbol: string) => string;
  /** What storing is fenced by; absent where no other process may forecast. */
  readonly claimOf?: ClaimOf;
}

export interface EdgeOptions extends ForecastRule {
  /** After the edge: what is not ready to be stored by then is left out. */
  readonly lateMs: number;
  /** Newest candles that a fit uses. */
  readonly window: number;
  /** Without a candle that ended in this time nothing is forecast. */
  readonly newestMs: number;
}

export interface EdgeCounts {
  /** Forecasts stored, of all models and horizons. */
  readonly stored: number;
  /** Instruments and minutes that were not ready in time. */
  readonly late: number;
  /** Forecasts of challengers and of later minutes, and signals, likewise. */
  readonly leftOut: number;
  /** Forecasts that were ready, but stored after their minute's first second. */
  readonly overdue: number;
  /** Instruments and minutes without a recent candle. */
  readonly idle: number;
  /** Instruments and minutes that another process forecasts, as came out. */
  readonly others: number;
}

type Tally = { -readonly [K in keyof EdgeCounts]: EdgeCounts[K] };

/** One pass over instruments at one edge. */
interface EdgeRun {
  readonly edge: EpochMicros;
  /** What came of it so far. */
  readonly tally: Tally;
}

/** What came of the newest edge. */
export interface EdgeReport extends EdgeCounts {
  readonly edge: EpochMicros;
  /** After the edge: the nearest forecasts of all instruments were stored. */
  readonly nearestMs: number;
  /** After the edge: all was stored, or given up. */
  readonly allMs: number;
}

type NewestBySymbol = ReadonlyMap<string, readonly StoredCandle[]>;

/** Newest candles of some instruments. */
interface Reading {
  readonly newest: NewestBySymbol;
  /** As many as can be used; else a few, which may not reach the state. */
  readonly deep: boolean;
}

/** An instrument whose nearest forecast is stored. */
interface Nearest {
  readonly of: EdgeInstrument;
  readonly shown: Forecast;
}

/** Newest candles read at an edge: more are read if some were missed. */
const EDGE_DEPTH = 4;
/** Candles that the random walk needs to stand in: twice its memory. */
const STAND_IN_DEPTH = 64;
/** Instruments whose nearest forecasts are made and stored as one. */
const CHUNK = 250;
/** Rows of one statement. */
const ROWS_MAX = 1_000;
/** Chunks under way: one is made while another is stored. */
const LANES = 2;
/** Instruments brought up to date at a time between edges. */
const CATCH_UP_CHUNK = 32;
/** Before the next edge: what is not stored by then is left out. */
const OVER_MS = 5_000;
const RETRY_MS = 100;
/** From the end of a statement to that of its transaction. */
const COMMIT_MS = 60;
/** Candles since the fit that make a new one due at once. */
const REFIT_AFTER_CANDLES = 30;

/**
 * Makes and stores the forecasts of all instruments at an edge T, in the order
 * in which they are missed:
 *
 * 1. the first minute, of the champion and the baseline;
 * 2. the first minute, of the other models: both before T + 1 s;
 * 3. the signals;
 * 4. the champion's later minutes;
 * 5. all the rest, these with as much time between statements as they took.
 *
 * All of it is of the candles that had ended and were read at T. What is not
 * ready in time has no forecast, which is counted and logged. A store that
 * fails is tried again while there is time.
 */
export class EdgeForecasts {
  readonly #total: Tally = noCounts();
  /** Instruments of the newest edge that are, or were, under way. */
  #begun = { edge: 0, symbols: new Set<string>() };
  /** Of the newest edge that is over; `null` before the first. */
  newest: EdgeReport | null = null;

  constructor(
    private readonly ports: EdgePorts,
    private readonly entries: InstrumentEntries,
    private readonly options: EdgeOptions,
  ) {}

  get counts(): EdgeCounts {
    return { ...this.#total };
  }

  /**
   * Forecasts one edge; outages are logged. Again for the same edge, those that
   * have come since.
   */
  async forecast(edge: EpochMicros, signal: AbortSignal): Promise<void> {
    const instruments = this.#begin(edge);
    const run: EdgeRun = { edge, tally: noCounts() };
    const { horizons, lateMs } = this.options;
    const first = edge + lateMs * MICROS_PER_MS;
    const last = edge + MICROS_PER_MINUTE - OVER_MS * MICROS_PER_MS;
    const nearest = await this.#nearest(run, instruments, first);
    const nearestMs = this.#msAfter(edge);
    const part = (
      models: ForecastPart["models"],
      [from, to]: readonly [number, number],
      deadline: number,
    ) => this.#part(run, nearest, { models, from, to }, deadline, signal);
    await part("challengers", [1, 1], first);
    await this.#signals(run, nearest, last);
    await part("shown", [2, horizons], last);
    await part("others", [2, horizons], last);
    this.#tell(run, nearestMs);
  }

  /** Open instruments of which none has begun at this edge; they have now. */
  #begin(edge: EpochMicros): readonly Instrument[] {
    if (this.#begun.edge !== edge) this.#begun = { edge, symbols: new Set() };
    const { symbols } = this.#begun;
    const fresh = this.#open(edge).filter(({ symbol }) => !symbols.has(symbol));
    for (const { symbol } of fresh) symbols.add(symbol);
    return fresh;
  }

  /**
   * Moves states on to the newest closed candles, and starts those that have
   * none, so that the next edge finds little to do. Takes half of the time.
   *
   * @param which `new` ones have no state yet.
   */
  async catchUp(
    now: EpochMicros,
    which: "all" | "new",
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.ports;
    const wanted = this.#open(now).filter((one) =>
      which === "all" || this.#isNew(one)
    );
    await eachChunk(wanted, CATCH_UP_CHUNK, 1, async (some) => {
      if (signal.aborted) return;
      const startedAtMs = clock.steadyMs();
      const { behind } = this.#move(some, await this.#readFew(some), now);
      this.#move(behind, await this.#readDeep(behind), now);
      await clock.sleep(clock.steadyMs() - startedAtMs, signal);
    });
  }

  /** Instruments whose session is open. */
  #open(edge: EpochMicros): readonly Instrument[] {
    const { catalog } = this.ports;
    return catalog.all().filter((instrument) =>
      catalog.calendarOf(instrument).stateAt(edge).kind !== "closed" &&
      (instrument.validTo === null || edge < instrument.validTo)
    );
  }

  #isNew({ symbol }: Instrument): boolean {
    return this.entries.of(symbol).state.settled === null;
  }

  /**
   * Step 1, from the candles on; returns what was stored. Those of which many
   * candles must be read come last.
   */
  async #nearest(
    run: EdgeRun,
    instruments: readonly Instrument[],
    deadline: number,
  ): Promise<readonly Nearest[]> {
    const byShard = this.#byShard(instruments);
    const knownFirst = [
      ...byShard.filter((one) => !this.#isNew(one)),
      ...byShard.filter((one) => this.#isNew(one)),
    ];
    const behind: Instrument[] = [];
    const stored: Nearest[] = [];
    await eachChunk(knownFirst, CHUNK, LANES, async (some) => {
      const read = () => this.#readFew(some);
      behind.push(
        ...await this.#makeNearest(run, some, read, stored, deadline),
      );
    });
    await eachChunk(behind, CATCH_UP_CHUNK, LANES, async (some) => {
      const read = () => this.#readDeep(some);
      await this.#makeNearest(run, some, read, stored, deadline);
    });
    return stored;
  }

  /** So that one statement is fenced by few claims. */
  #byShard(instruments: readonly Instrument[]): readonly Instrument[] {
    const { claimOf } = this.ports;
    if (claimOf === undefined) return instruments;
    const shard = ({ symbol }: Instrument) => claimOf(symbol).shard;
    return instruments.toSorted((a, b) => shard(a) - shard(b));
  }

  /** @returns Instruments of which more candles must be read. */
  async #makeNearest(
    run: EdgeRun,
    instruments: readonly Instrument[],
    read: () => Promise<Reading>,
    stored: Nearest[],
    deadline: number,
  ): Promise<readonly Instrument[]> {
    const { edge } = run;
    const { catalog, clock, position, publish } = this.ports;
    const part: ForecastPart = { models: "shown_and_baseline", from: 1, to: 1 };
    // Before the candles: they hold at least what was committed up to here.
    const positions = new Map(
      instruments.map(({ symbol }) => [symbol, position(symbol)]),
    );
    const reading = await this.#inTime(edge, deadline, read);
    if (reading === null) {
      this.#add(run, "late", instruments.length);
      return [];
    }
    const { views, behind } = this.#move(instruments, reading, edge);
    const madeAt = clock.now();
    const made = views.map(({ instrument, view }) => {
      const of: EdgeInstrument = {
        instrument,
        calendar: catalog.calendarOf(instrument),
        edge,
        view,
        champion: championOf(view.state, this.options),
        position: positions.get(instrument.symbol)!,
      };
      return { of, rows: makeForecasts(of, part, madeAt) };
    });
    this.#add(run, "idle", instruments.length - made.length - behind.length);
    const others = await this.#inTime(
      edge,
      deadline,
      () => this.#save(run, made.flatMap(({ rows }) => rows)),
    );
    if (others === null) {
      this.#add(run, "late", made.length);
      return behind;
    }
    this.#add(run, "others", others.size);
    const own = made.filter(({ of }) => !others.has(of.instrument.symbol));
    for (const { of, rows } of own) {
      const shown = rows.find(({ champion }) => champion);
      assert(shown !== undefined, "the champion is one of the models");
      stored.push({ of, shown });
    }
    publish(own.map(({ of, rows }) => forecastEvent(of, rows)));
    return behind;
  }

  /** Step 3: the rule's word on each of the nearest forecasts. */
  async #signals(
    run: EdgeRun,
    nearest: readonly Nearest[],
    deadline: number,
  ): Promise<void> {
    const { signals: store, publish, claimOf } = this.ports;
    await eachChunk(nearest, ROWS_MAX, 1, async (some) => {
      const signals = some.map(({ of, shown }) =>
        makeSignal(of, shown, this.options)
      );
      const saved = await this.#inTime(run.edge, deadline, async () => {
        await store.saveSignals(signals, claimOf);
        return true;
      });
      if (!saved) {
        this.#add(run, "leftOut", signals.length);
        return;
      }
      publish(signals.map((signal): LiveEvent => ({
        kind: "signal",
        symbol: signal.symbol,
        signal: signalView(signal),
      })));
    });
  }

  /** Forecasts of other models or later minutes. */
  async #part(
    run: EdgeRun,
    nearest: readonly Nearest[],
    part: ForecastPart,
    deadline: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, publish } = this.ports;
    const hurried = part.from === 1;
    const most = Math.max(
      1,
      ...nearest.map(({ of }) => of.view.track.closes.length),
    );
    const each = (part.models === "shown" ? 1 : most) *
      (part.to - part.from + 1);
    const size = Math.ceil(ROWS_MAX / each);
    await eachChunk(nearest, size, hurried ? LANES : 1, async (some) => {
      const startedAtMs = clock.steadyMs();
      const madeAt = clock.now();
      const made = some.map(({ of }) => ({
        of,
        rows: makeForecasts(of, part, madeAt),
      }));
      const all = made.flatMap(({ rows }) => rows);
      if (signal.aborted || all.length === 0) return;
      const others = await this.#inTime(
        run.edge,
        deadline,
        () => this.#save(run, all),
      );
      if (others === null) {
        this.#add(run, "leftOut", all.length);
        return;
      }
      if (part.models === "shown") {
        publish(
          made.filter(({ of }) => !others.has(of.instrument.symbol))
            .map(({ of, rows }) => forecastEvent(of, rows)),
        );
      }
      if (!hurried) {
        await clock.sleep(clock.steadyMs() - startedAtMs, signal);
      }
    });
  }

  /** Tries again until the deadline; `null` if it was not done by then. */
  async #inTime<T>(
    edge: EpochMicros,
    deadline: number,
    work: () => Promise<T>,
  ): Promise<T | null> {
    const { clock, log } = this.ports;
    while (clock.now() <= deadline) {
      try {
        return await work();
      } catch (cause) {
        if (cause instanceof AssertionError) throw cause;
        log.error("Cannot store forecasts", {
          edge: toIso(edge),
          error: String(cause),
        });
        await clock.sleep(RETRY_MS);
      }
    }
    return null;
  }

  /**
   * Moves instruments on to a time by their newest candles; those without a
   * recent one are left as they are.
   */
  #move(
    instruments: readonly Instrument[],
    { newest, deep }: Reading,
    to: EpochMicros,
  ): {
    readonly views: readonly {
      readonly instrument: Instrument;
      readonly view: EdgeView;
    }[];
    /** Candles are missing between the state and these, or before them. */
    readonly behind: readonly Instrument[];
  } {
    const oldest = to - this.options.newestMs * MICROS_PER_MS;
    const views: { instrument: Instrument; view: EdgeView }[] = [];
    const behind: Instrument[] = [];
    for (const instrument of instruments) {
      const { symbol } = instrument;
      const entry = this.entries.of(symbol);
      const ended = endedCandles(newest.get(symbol) ?? [], to);
      const last = ended.at(-1);
      if (last === undefined || last.end < oldest) continue;
      if (!deep && needsMore(entry.state, newest.get(symbol)!, EDGE_DEPTH)) {
        behind.push(instrument);
        continue;
      }
      const view = moveToEdge(entry.state, ended);
      if (view === null) continue;
      entry.state = view.state;
      const { trainedThrough } = view.state;
      if (
        trainedThrough !== null && view.newest.t - trainedThrough >=
          REFIT_AFTER_CANDLES * MICROS_PER_MINUTE
      ) {
        const nowMs = this.ports.clock.steadyMs();
        entry.fitDueAtMs = Math.min(entry.fitDueAtMs, nowMs);
      }
      views.push({ instrument, view });
    }
    return { views, behind };
  }

  async #readFew(instruments: readonly Instrument[]): Promise<Reading> {
    const newest = await this.#read(instruments, EDGE_DEPTH);
    return { newest, deep: false };
  }

  async #readDeep(instruments: readonly Instrument[]): Promise<Reading> {
    const [known, fresh] = await Promise.all([
      this.#read(
        instruments.filter((one) => !this.#isNew(one)),
        this.options.window,
      ),
      this.#read(
        instruments.filter((one) => this.#isNew(one)),
        STAND_IN_DEPTH,
      ),
    ]);
    return { newest: new Map([...known, ...fresh]), deep: true };
  }

  #read(
    instruments: readonly Instrument[],
    depth: number,
  ): Promise<NewestBySymbol> {
    if (instruments.length === 0) return Promise.resolve(new Map());
    const symbols = instruments.map(({ symbol }) => symbol);
    return this.ports.candles.latest(symbols, "1m", depth);
  }

  /** @returns Instruments that another process forecasts: not stored. */
  async #save(
    run: EdgeRun,
    rows: readonly Forecast[],
  ): Promise<ReadonlySet<string>> {
    const { edge } = run;
    const { clock, forecasts, claimOf } = this.ports;
    if (rows.length === 0) return new Set();
    const due = edge + MICROS_PER_SECOND;
    const nearest = rows.filter(({ horizon }) => horizon === 1).length;
    const others = await forecasts.saveForecasts(
      rows,
      nearest === 0
        ? undefined
        : (due - clock.now()) / MICROS_PER_MS - COMMIT_MS,
      claimOf,
    );
    const own = rows.filter(({ symbol }) => !others.has(symbol));
    this.#add(run, "stored", own.length);
    if (clock.now() > due) {
      this.#add(
        run,
        "overdue",
        own.filter(({ horizon }) => horizon === 1).length,
      );
    }
    return others;
  }

  #add({ tally }: EdgeRun, what: keyof EdgeCounts, n: number): void {
    tally[what] += n;
    this.#total[what] += n;
  }

  #msAfter(edge: EpochMicros): number {
    return (this.ports.clock.now() - edge) / MICROS_PER_MS;
  }

  /** Says what came of an edge, and logs what went wrong. */
  #tell({ edge, tally }: EdgeRun, nearestMs: number): void {
    const { log } = this.ports;
    const before = this.newest?.edge === edge ? this.newest : noCounts();
    this.newest = {
      edge,
      nearestMs,
      allMs: this.#msAfter(edge),
      stored: before.stored + tally.stored,
      late: before.late + tally.late,
      leftOut: before.leftOut + tally.leftOut,
      overdue: before.overdue + tally.overdue,
      idle: before.idle + tally.idle,
      others: before.others + tally.others,
    };
    const { late, leftOut, overdue } = tally;
    if (late + leftOut > 0) {
      log.warn("Forecasts were not ready in time and are left out", {
        edge: toIso(edge),
        instruments: late,
        other_forecasts: leftOut,
      });
    }
    if (overdue > 0) {
      log.warn("Forecasts were ready in time, but stored late", {
        edge: toIso(edge),
        forecasts: overdue,
      });
    }
  }
}

function noCounts(): Tally {
  return { stored: 0, late: 0, leftOut: 0, overdue: 0, idle: 0, others: 0 };
}

function forecastEvent(
  { instrument: { symbol } }: EdgeInstrument,
  rows: readonly Forecast[],
): LiveEvent {
  const shown = rows.filter(({ champion }) => champion);
  return {
    kind: "forecast",
    symbol,
    forecasts: shown.map((forecast) => forecastView(forecast)),
  };
}

/** Works through a list by chunks, a few at a time, in its order. */
async function eachChunk<T>(
  all: readonly T[],
  size: number,
  lanes: number,
  work: (some: readonly T[]) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < all.length) {
      const from = next;
      next += size;
      await work(all.slice(from, from + size));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
