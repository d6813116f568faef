/** A small picture of where a price came from; a file of its own, as lists need no chart. */

export interface SparklineProps {
  /** Ascending in time; at least two to draw anything. */
  readonly values: readonly number[];
  /** Drawn as a quiet line, and decides the colour: yesterday's close, say. */
  readonly base?: number;
  readonly title?: string;
}

/** A line without axes, as wide as its place. */
export function Sparkline({ values, base, title }: SparklineProps) {
  const all = base === undefined ? values : [...values, base];
  const min = Math.min(...all);
  const max = Math.max(...all);
  const y = (value: number) =>
    max > min ? tenth(23 - (value - min) / (max - min) * 22) : 12;
  const step = 100 / Math.max(1, values.length - 1);
  const line = values.map((value, i) => `${tenth(i * step)} ${y(value)}`);
  const up = (values.at(-1) ?? 0) >= (base ?? values[0] ?? 0);
  return (
    <svg
      class="tc-spark"
      viewBox="0 0 100 24"
      preserveAspectRatio="none"
      role={title ? "img" : undefined}
      aria-label={title}
      aria-hidden={title ? undefined : "true"}
    >
      {base !== undefined && (
        <path class="tc-spark-base" d={`M0 ${y(base)}H100`} />
      )}
      {line.length > 1 && (
        <path
          class={up ? "tc-spark-up" : "tc-spark-down"}
          d={`M${line.join("L")}`}
        />
      )}
    </svg>
  );
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
