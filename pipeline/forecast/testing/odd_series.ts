import type { ArimaSpec, Constant } from "../arima/spec.ts";
import { seededNormal, seededRandom } from "./make_candles.ts";

const SEED = 20_260_803;

/** A series, and the model that it is to be fitted with. */
export interface OddSeries {
  readonly what: string;
  readonly y: Float64Array;
  readonly spec: ArimaSpec;
}

type Maker = (n: number, normal: () => number, random: () => number) =>
  | number[]
  | Float64Array;

const series = (make: (t: number) => number) => (n: number) =>
  Array.from({ length: n }, (_, t) => make(t));

function walk(n: number, normal: () => number): number[] {
  let sum = 0;
  return Array.from({ length: n }, () => sum += normal());
}

const noise: Maker = (n, normal) => Array.from({ length: n }, () => normal());

/** What feeds, gaps and bad ticks make of prices, and worse. */
const MAKERS: Readonly<Record<string, Maker>> = {
  noise,
  walk,
  constant: series(() => 7.1),
  zeros: series(() => 0),
  "minus zeros": series(() => -0),
  ramp: series((t) => 100 + 0.1 * t),
  parabola: series((t) => t * t),
  exponential: series((t) => Math.exp(Math.min(t, 300))),
  alternating: series((t) => t % 2 === 0 ? 1 : -1),
  "alternating, in threes": series((t) => t % 3),
  step: (n) => series((t) => t < n / 2 ? 1 : 2)(n),
  "a step at the end": (n) => series((t) => t === n - 1 ? 1 : 0)(n),
  spike: (n) => series((t) => t === n >> 1 ? 1e6 : 0)(n),
  "spikes on noise": (n, normal, random) =>
    Array.from({ length: n }, () => random() < 0.02 ? 1e5 : normal()),
  "zeros, then a value": (n, normal) =>
    series((t) => t < n - 3 ? 0 : normal())(n),
  duplicates: (n, normal) => walk(n, normal).map((x) => Math.round(x / 3)),
  "few levels": (n, _, random) =>
    Array.from({ length: n }, () => random() < 0.05 ? 1 : 0),
  "a tiny spread on a huge level": (n, normal) =>
    Array.from({ length: n }, () => 1e9 + 1e-6 * normal()),
  "rounding on a level": series((t) => 0.1 * 3 + (t % 7) * 1e-17),
  "a walk on a huge level": (n, normal) => walk(n, normal).map((x) => 1e12 + x),
  sine: series((t) => Math.sin(t / 3)),
  "sine of a growing size": series((t) => t * Math.sin(t / 3)),
  "walk of a walk": (n, normal) => {
    let sum = 0;
    return walk(n, normal).map((x) => sum += x);
  },
  "an AR next to the unit circle": (n, normal) => {
    let x = 0;
    return Array.from({ length: n }, () => x = 0.999 * x + normal());
  },
  explosion: (n, normal) => {
    let x = 1;
    return Array.from({ length: n }, () => x = 1.05 * x + normal())
      .map((y) => Math.sign(y) * Math.min(Math.abs(y), 1e100));
  },
  "heavy tails": (n, normal) =>
    Array.from({ length: n }, () => normal() / Math.abs(normal())),
};

/** What happens to a series afterwards. */
const CHANGES: Readonly<
  Record<string, (x: Float64Array, random: () => number) => void>
> = {
  "as it is": () => {},
  "times 1e-12": (x) => x.forEach((y, t) => x[t] = y * 1e-12),
  "times 1e12": (x) => x.forEach((y, t) => x[t] = y * 1e12),
  "times 1e-300": (x) => x.forEach((y, t) => x[t] = y * 1e-300),
  "times 1e300": (x) => x.forEach((y, t) => x[t] = y * 1e300),
  "with gaps": (x, random) =>
    x.forEach((_, t) => {
      if (random() < 0.1) x[t] = NaN;
    }),
  "missing at both ends": (x) => {
    x.fill(NaN, 0, Math.ceil(x.length / 5));
    x.fill(NaN, x.length - Math.ceil(x.length / 10));
  },
  "mostly missing": (x, random) =>
    x.forEach((_, t) => {
      if (random() < 0.8) x[t] = NaN;
    }),
  "every other missing": (x) =>
    x.forEach((_, t) => {
      if (t % 2 === 1) x[t] = NaN;
    }),
  "all missing": (x) => void x.fill(NaN),
  "with an infinity": (x, random) => {
    x[Math.floor(random() * x.length)] = random() < 0.5 ? Infinity : -Infinity;
  },
};

/** Mostly short, a few long. */
function lengthOf(i: number, random: () => number): number {
  if (i % 500 === 499) return 20_000;
  if (i % 100 === 99) return 1_000 + Math.floor(random() * 3_000);
  if (i % 3 === 0) return 1 + Math.floor(random() * 12);
  return 1 + Math.floor(random() * 120);
}

function specOf(random: () => number): ArimaSpec {
  const up = (max: number) => Math.floor(random() * (max + 1));
  const seasonal = random() < 0.15;
  const constants: readonly Constant[] = ["none", "mean", "drift"];
  return {
    order: [up(3), up(2), up(3)],
    seasonal: seasonal ? [up(1), up(1), up(1)] : [0, 0, 0],
    period: seasonal ? 2 + up(5) : 0,
    constant: constants[up(2)],
  };
}

/** So many series that nobody would wish for, the same each time. */
export function* oddSeries(count: number): Generator<OddSeries> {
  const random = seededRandom(SEED);
  const normal = seededNormal(SEED + 1);
  const makers = Object.entries(MAKERS);
  const changes = Object.entries(CHANGES);
  for (let i = 0; i < count; i++) {
    const [name, make] = makers[i % makers.length];
    const [how, change] =
      changes[Math.floor(i / makers.length) % changes.length];
    const y = Float64Array.from(make(lengthOf(i, random), normal, random));
    change(y, random);
    const spec = specOf(random);
    const what = `${i}: ${name}, ${how}, n = ${y.length}, ` +
      `(${spec.order})(${spec.seasonal})${spec.period} ${spec.constant}`;
    yield { what, y, spec };
  }
}
