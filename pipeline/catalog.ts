import { assert } from "./domain/assert.ts";
import type { Calendar } from "./domain/calendar.ts";
import { SCALE_MAX } from "./domain/decimal.ts";
import { type Instrument, SYMBOL_PATTERN } from "./domain/instrument.ts";
import type { InstrumentStore } from "./ports.ts";

/** Fewest decimals of a price that a tick registered. */
const AUTO_PRICE_SCALE_MIN = 2;
const ALWAYS_OPEN = "24x7";

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

  /** Reads the instruments anew; others may have registered some. */
  async refresh(): Promise<void> {
    for (const instrument of await this.store.load()) this.#keep(instrument);
  }

  get(symbol: string): Instrument | undefined {
    return this.#bySymbol.get(symbol);
  }

  /** All instruments, by symbol. */
  all(): readonly Instrument[] {
    return [...this.#bySymbol.values()].sort((a, b) =>
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
  async admit(
    symbol: string,
    decimals: { readonly price: number; readonly size: number },
  ): Promise<Instrument> {
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
  #mustWiden(
    known: Instrument,
    decimals: { readonly price: number; readonly size: number },
  ): boolean {
    return known.auto &&
      (decimals.price > known.priceScale || decimals.size > known.sizeScale);
  }

  async #register(
    symbol: string,
    decimals: { readonly price: number; readonly size: number },
  ): Promise<Instrument> {
    if (!SYMBOL_PATTERN.test(symbol)) {
      throw new UnknownSymbolError(
        `Symbol ${JSON.stringify(symbol)} must match ${SYMBOL_PATTERN.source}`,
      );
    }
    if (!this.options.autoRegister) {
      throw new UnknownSymbolError(
        `Symbol ${symbol} is not in the instrument file and AUTO_REGISTER ` +
          `is off`,
      );
    }
    const { instrumentsMax = Infinity } = this.options;
    // With those under way, which other feeds asked for.
    if (this.#bySymbol.size + this.#pending.size >= instrumentsMax) {
      throw new UnknownSymbolError(
        `Symbol ${symbol} would be one more than the ${instrumentsMax} ` +
          `instruments of INSTRUMENTS_MAX`,
      );
    }
    assert(
      decimals.price <= SCALE_MAX && decimals.size <= SCALE_MAX,
      "decimals were checked where they were read",
    );
    return await this.#add(symbol, decimals);
  }

  async #add(
    symbol: string,
    decimals: { readonly price: number; readonly size: number },
  ): Promise<Instrument> {
    const priceScale = Math.max(AUTO_PRICE_SCALE_MIN, decimals.price);
    const [instrument] = await this.store.upsert([{
      symbol,
      name: symbol,
      exchange: "unknown",
      type: "unknown",
      currency: "unknown",
      priceScale,
      sizeScale: decimals.size,
      tickSize: (10 ** -priceScale).toFixed(priceScale),
      lotSize: 1,
      calendar: ALWAYS_OPEN,
      costBps: 2,
      auto: true,
      note: null,
      validFrom: null,
      validTo: null,
    }]);
    assert(instrument?.symbol === symbol, "the store returns what it stored");
    return instrument;
  }

  #keep(instrument: Instrument): void {
    this.#bySymbol.set(instrument.symbol, instrument);
  }
}
