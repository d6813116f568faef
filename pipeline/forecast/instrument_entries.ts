import type { Skill } from "../domain/forecast.ts";
import { type InstrumentState, NEW_STATE } from "./instrument_state.ts";

/** An instrument as the loops of the forecaster share it. */
export interface Entry {
  state: InstrumentState;
  /** When the next fit is due, by the steady clock. */
  fitDueAtMs: number;
  /** A fit is under way. */
  fitting: boolean;
  /** Newest candle at the last look, to see history coming in. */
  seenThrough: number;
  /** At that look there were too few to fit. */
  tooFew: boolean;
  /** Live skill was read since the start. */
  liveLoaded: boolean;
}

/** All instruments of the forecaster, by symbol. */
export class InstrumentEntries {
  readonly #bySymbol = new Map<string, Entry>();

  /** The entry of a symbol, a new one if there was none. */
  of(symbol: string): Entry {
    let entry = this.#bySymbol.get(symbol);
    if (entry === undefined) {
      entry = {
        state: NEW_STATE,
        fitDueAtMs: 0,
        fitting: false,
        seenThrough: 0,
        tooFew: false,
        liveLoaded: false,
      };
      this.#bySymbol.set(symbol, entry);
    }
    return entry;
  }

  /** The entry of a symbol that was met before. */
  find(symbol: string): Entry | undefined {
    return this.#bySymbol.get(symbol);
  }

  /** Forgets all but these. */
  keep(owns: (symbol: string) => boolean): void {
    for (const symbol of this.#bySymbol.keys()) {
      if (!owns(symbol)) this.#bySymbol.delete(symbol);
    }
  }

  /** New scores of live forecasts. */
  live(symbol: string, live: readonly Skill[]): void {
    const entry = this.of(symbol);
    entry.state = { ...entry.state, live };
    entry.liveLoaded = true;
  }
}
