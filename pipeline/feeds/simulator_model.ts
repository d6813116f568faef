import { fnv1a } from "../domain/hash.ts";

/**
 * How the made-up price of one symbol moves.
 *
 * Units: prices in decimal, `minuteSd` and `level` in log price.
 */
export interface PriceModel {
  readonly symbol: string;
  /** Price that it wanders around. */
  readonly base: number;
  /** Decimals of a price as written. */
  readonly priceScale: number;
  /** Smallest step of a price, in counts of 10^-priceScale. */
  readonly tickUnits: number;
  /** Distance of bid and ask in smallest steps; 0 for what is not traded. */
  readonly spreadTicks: number;
  /** Standard deviation of a minute's log return. */
  readonly minuteSd: number;
  /** Correlation of a minute's return with the one before: predictable. */
  readonly phi: number;
  /** Minutes in which half of the distance to `base` is made good. */
  readonly halfLifeMinutes: number;
  /** Standard deviation of the log of a minute's volatility: its clusters. */
  readonly volOfVol: number;
  /** Most likely size of a trade, in lots; 0 for what is not traded. */
  readonly lots: number;
}

const PLAIN = { phi: 0, halfLifeMinutes: 1_440, volOfVol: 0.45 };

/**
 * The symbols that the simulator sends by default. Their instruments are in
 * `markets/instruments/simulated.json`, and a test holds the two together.
 */
export const DEFAULT_MODELS: readonly PriceModel[] = [
  {
    ...PLAIN,
    symbol: "NIFTY50",
    base: 24_300,
    priceScale: 2,
    tickUnits: 5,
    spreadTicks: 0,
    minuteSd: 2.8e-4,
    lots: 0,
  },
  {
    ...PLAIN,
    symbol: "BANKNIFTY",
    base: 52_000,
    priceScale: 2,
    tickUnits: 5,
    spreadTicks: 0,
    minuteSd: 3.4e-4,
    lots: 0,
  },
  {
    ...PLAIN,
    symbol: "USDINR",
    base: 88.5,
    priceScale: 4,
    tickUnits: 25,
    spreadTicks: 1,
    minuteSd: 0.7e-4,
    lots: 4,
  },
  {
    ...PLAIN,
    symbol: "RELIANCE",
    base: 1_400,
    priceScale: 2,
    tickUnits: 10,
    spreadTicks: 1,
    minuteSd: 5e-4,
    lots: 60,
  },
  {
    symbol: "DEMO-AR1",
    base: 100,
    priceScale: 2,
    tickUnits: 1,
    spreadTicks: 1,
    minuteSd: 10e-4,
    phi: 0.6,
    halfLifeMinutes: 480,
    volOfVol: 0.2,
    lots: 20,
  },
];

/** The model of a symbol, made up from its name if it is none of the above. */
export function modelOf(symbol: string): PriceModel {
  const known = DEFAULT_MODELS.find((model) => model.symbol === symbol);
  if (known) return known;
  const hash = fnv1a(symbol);
  return {
    ...PLAIN,
    symbol,
    base: 50 + hash % 3_950,
    priceScale: 2,
    tickUnits: 5,
    spreadTicks: 1,
    minuteSd: (3 + hash % 5) * 1e-4,
    lots: 10 + hash % 90,
  };
}
