/**
 * What a benchmark prints at its end: one line of JSON that the runner reads,
 * with each figure's spread over the rounds, what it is to reach, a hash of the
 * result, and how quick the machine was meanwhile.
 */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
  /** What its median is to reach; nothing is said of one that has none. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface FigureReport {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly goal: string | null;
  readonly reached: boolean | null;
}

/** Points of a plot: each line has a name and pairs of x and y. */
export interface Plot {
  readonly name: string;
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly logX?: boolean;
  readonly lines: readonly {
    readonly name: string;
    readonly points: readonly (readonly [number, number])[];
  }[];
}

export interface BenchReport {
  readonly bench: string;
  readonly size: BenchSize;
  readonly rounds: number;
  readonly figures: readonly FigureReport[];
  readonly plots: readonly Plot[];
  /** Of all candles that came of it, or whatever the result is. */
  readonly hash: string;
  /** Milliseconds of a fixed sum, at its start and end: the machine's speed. */
  readonly calibration_ms: readonly [number, number];
  readonly deno: string;
  readonly cores: number;
  readonly date: string;
}

export type BenchSize = "small" | "full";

/** `--small` is what CI runs, to see that the benchmark still works. */
export function benchSize(args: readonly string[] = Deno.args): BenchSize {
  return args.includes("--small") ? "small" : "full";
}

/** A benchmark from its start to its line of JSON. */
export async function bench(
  name: string,
  size: BenchSize,
  run: () => Promise<{
    readonly rounds: number;
    readonly figures: readonly Figure[];
    readonly plots?: readonly Plot[];
    readonly hash: string;
  }>,
): Promise<void> {
  const before = calibrate();
  const { rounds, figures, plots = [], hash } = await run();
  const report: BenchReport = {
    bench: name,
    size,
    rounds,
    figures: figures.map(reportOf),
    plots,
    hash,
    calibration_ms: [before, calibrate()],
    deno: Deno.version.deno,
    cores: navigator.hardwareConcurrency,
    date: new Date().toISOString().slice(0, 10),
  };
  console.log(JSON.stringify(report));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** What a share of the values, from 0 to 1, is at most. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))];
}

function reportOf(figure: Figure): FigureReport {
  const { name, unit, values, atLeast, atMost } = figure;
  const middle = median(values);
  const goal = atLeast !== undefined
    ? `≥ ${atLeast.toLocaleString("en")}`
    : atMost !== undefined
    ? `≤ ${atMost.toLocaleString("en")}`
    : null;
  return {
    name,
    unit,
    median: rounded(middle),
    min: rounded(Math.min(...values)),
    max: rounded(Math.max(...values)),
    goal,
    reached: goal === null
      ? null
      : middle >= (atLeast ?? -Infinity) && middle <= (atMost ?? Infinity),
  };
}

/** Three digits that count. */
function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

function calibrate(): number {
  const startedAt = performance.now();
  const values = new Float64Array(1 << 16);
  let sum = 1;
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < values.length; i++) {
      values[i] = sum = (sum * 1_103_515_245 + 12_345) % 2_147_483_648;
    }
  }
  return Math.round(performance.now() - startedAt);
}
