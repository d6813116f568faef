import { assert } from "./domain/assert.ts";
import type { Calendar } from "./domain/calendar.ts";
import { SCALE_MAX } from "./domain/decimal.ts";
import {
  autoSpec,
  type Instrument,
  type InstrumentSpec,
  isAsListed,
  SYMBOL_PATTERN,
} from "./domain/instrument.ts";
import type { InstrumentStore, MayWait } from "./ports.ts";

/** Fewest decimals of a price that a tick registered. */
const AUTO_PRICE_SCALE_MIN = 2;
const ALWAYS_OPEN = "24x7";

/** Digits after the point, of a price and of a size. */
export interface Decimals {
  readonly price: number;
  readonly size: number;
}

/** Why a symbol is not in the catalog and cannot be added. */
export class UnknownSymbolError extends Error {
  override name = "UnknownSymbolError";
}

/**
 * The instruments in memory, shared by the stages; the warehouse has the truth.
 *
 * Registering and widening wait for the warehouse and are done once per symbol
 * however many feeds ask at the same time.
 */
export class Catalog {
  readonly #bySymbol = new Map<string, Instrument>();
  readonly #pending = new Map<string, Promise<Instrument>>();
  #sorted: readonly Instrument[] | null = null;
  /** How far the changes of others are known. */
  #seen: string | null = null;

  constructor(
    private readonly store: InstrumentStore,
    private readonly calendars: ReadonlyMap<string, Calendar>,
    private readonly options: {
      readonly autoRegister: boolean;
      /** Beyond it ticks register no more; no bound if absent. */
      readonly instrumentsMax?: number;
    },
  ) {
    assert(calendars.has(ALWAYS_OPEN), "there is a 24x7 calendar");
  }

  /** Reads what others have registered or changed since the last time. */
  async refresh(mayWait?: MayWait): Promise<void> {
    try {
      const { instruments, seen } = await this.store.changes(
        this.#seen,
        mayWait,
      );
      for (const instrument of instruments) this.#keep(instrument);
      this.#seen = seen;
    } catch (error) {
      // It may be another server the next time, without the last changes.
      this.#seen = null;
      throw error;
    }
  }

  /** Stores what a file says of instruments, of those that it changes. */
  async list(specs: readonly InstrumentSpec[]): Promise<void> {
    const news = specs.filter((spec) => {
      const known = this.#bySymbol.get(spec.symbol);
      return known === undefined || !isAsListed(known, spec);
    });
    if (news.length === 0) return;
    for (const instrument of await this.store.upsert(news)) {
      this.#keep(instrument);
    }
  }

  get(symbol: string): Instrument | undefined {
    return this.#bySymbol.get(symbol);
  }

  /** All instruments, by symbol. */
  all(): readonly Instrument[] {
    return this.#sorted ??= [...this.#bySymbol.values()].sort((a, b) =>
      a.symbol < b.symbol ? -1 : 1
    );
  }

  calendarOf(instrument: Instrument): Calendar {
    const calendar = this.calendars.get(instrument.calendar);
    assert(
      calendar !== undefined,
      `calendar ${instrument.calendar} of ${instrument.symbol} is known`,
    );
    return calendar;
  }

  /**
   * The instrument with at least these decimals, registered or widened if it
   * must be.
   *
   * @throws {UnknownSymbolError} If it is unknown and may not be registered.
   */
  async admit(symbol: string, decimals: Decimals): Promise<Instrument> {
    for (;;) {
      const known = this.#bySymbol.get(symbol);
      if (known && !this.#mustWiden(known, decimals)) return known;
      const pending = this.#pending.get(symbol);
      if (pending) {
        await pending;
        continue;
      }
      const work = known
        ? this.store.widen(symbol, {
          priceScale: Math.max(known.priceScale, decimals.price),
          sizeScale: Math.max(known.sizeScale, decimals.size),
        })
        : this.#register(symbol, decimals);
      this.#pending.set(symbol, work);
      try {
        this.#keep(await work);
      } finally {
        this.#pending.delete(symbol);
      }
    }
  }

  /**
   * Registers what is unknown of some symbols in one go, as far as it may be:
   * a thousand are asked for one by one in a thousand times the time.
   */
  async admitAll(wanted: ReadonlyMap<string, Decimals>): Promise<void> {
    const made = new Map<string, PromiseWithResolvers<Instrument>>();
    const specs: InstrumentSpec[] = [];
    for (const [symbol, decimals] of wanted) {
      if (this.#bySymbol.has(symbol) || this.#pending.has(symbol)) continue;
      if (this.#refusal(symbol) !== null) continue;
      assertReadable(decimals);
      const promise = Promise.withResolvers<Instrument>();
      // Whoever waits for one of them hears of a failure; others need not.
      promise.promise.catch(() => {});
      made.set(symbol, promise);
      this.#pending.set(symbol, promise.promise);
      specs.push(specOf(symbol, decimals));
    }
    try {
      for (const instrument of await this.store.upsert(specs)) {
        this.#keep(instrument);
        made.get(instrument.symbol)?.resolve(instrument);
      }
    } catch (error) {
      for (const { reject } of made.values()) reject(error);
      throw error;
    } finally {
      for (const symbol of made.keys()) this.#pending.delete(symbol);
    }
  }

  /**
   * Registers what ticks in the buffer have and the warehouse has lost, as
   * after a power failure: it was admitted once, so it is now.
   */
  async restore(
    symbol: string,
    scales: { readonly priceScale: number; readonly sizeScale: number },
  ): Promise<void> {
    if (this.#bySymbol.has(symbol)) return;
    this.#keep(
      await this.#add(symbol, {
        price: scales.priceScale,
        size: scales.sizeScale,
      }),
    );
  }

  /** Auto-registered instruments widen; those of a file are as they are. */
  #mustWiden(known: Instrument, decimals: Decimals): boolean {
    return known.auto &&
      (decimals.price > known.priceScale || decimals.size > known.sizeScale);
  }

  async #register(symbol: string, decimals: Decimals): Promise<Instrument> {
    const refusal = this.#refusal(symbol);
    if (refusal !== null) throw new UnknownSymbolError(refusal);
    assertReadable(decimals);
    return await this.#add(symbol, decimals);
  }

  /** Why a symbol may not be registered, or `null`. */
  #refusal(symbol: string): string | null {
    if (!SYMBOL_PATTERN.test(symbol)) {
      return `Symbol ${JSON.stringify(symbol)} must match ` +
        SYMBOL_PATTERN.source;
    }
    if (!this.options.autoRegister) {
      return `Symbol ${symbol} is not in the instrument file and ` +
        `AUTO_REGISTER is off`;
    }
    const { instrumentsMax = Infinity } = this.options;
    // With those under way, which other feeds asked for.
    if (this.#bySymbol.size + this.#pending.size >= instrumentsMax) {
      return `Symbol ${symbol} would be one more than the ${instrumentsMax} ` +
        `instruments of INSTRUMENTS_MAX`;
    }
    return null;
  }

  async #add(symbol: string, decimals: Decimals): Promise<Instrument> {
    const [instrument] = await this.store.upsert([specOf(symbol, decimals)]);
    assert(instrument?.symbol === symbol, "the store returns what it stored");
    return instrument;
  }

  #keep(instrument: Instrument): void {
    this.#bySymbol.set(instrument.symbol, instrument);
    this.#sorted = null;
  }
}

function assertReadable({ price, size }: Decimals): void {
  assert(
    price <= SCALE_MAX && size <= SCALE_MAX,
    "decimals were checked where they were read",
  );
}

function specOf(symbol: string, { price, size }: Decimals): InstrumentSpec {
  return autoSpec(symbol, {
    priceScale: Math.max(AUTO_PRICE_SCALE_MIN, price),
    sizeScale: size,
  });
}
