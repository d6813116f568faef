import { Legend, pathOf, Plot, type PlotArea } from "./plot.tsx";

export interface Line {
  readonly name: string;
  /** Class of its colour and stroke. */
  readonly look: string;
  /** From the first stretch to the last. */
  readonly values: readonly (number | null)[];
}

/** Lines over the stretches of a backtest, which are all as wide. */
export function LinePlot(
  { lines, summary, format, labels, levels = [], clip }: {
    readonly lines: readonly Line[];
    readonly summary: string;
    readonly format: (value: number) => string;
    readonly labels: readonly { readonly at: number; readonly text: string }[];
    /** Values that lines are to be near. */
    readonly levels?: readonly number[];
    /** Values beyond it are drawn at it. */
    readonly clip?: { readonly min: number; readonly max: number };
  },
) {
  const held = (value: number | null) =>
    value === null || !clip
      ? value
      : Math.min(clip.max, Math.max(clip.min, value));
  const shown = lines.map((line) => ({
    ...line,
    values: line.values.map(held),
  }));
  const all = [...levels, ...shown.flatMap(({ values }) => values)]
    .filter((value) => value !== null);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = 0.06 * (high - low || Math.abs(high) || 1);
  return (
    <>
      <Plot
        summary={summary}
        min={low - room}
        max={high + room}
        format={format}
        labels={labels}
        draw={(area) => (
          <>
            {levels.map((level) => (
              <line
                key={level}
                class="level"
                x1={area.left}
                x2={area.right}
                y1={area.y(level)}
                y2={area.y(level)}
              />
            ))}
            {shown.map((line) => <Drawn key={line.name} {...line} {...area} />)}
          </>
        )}
      />
      <Legend items={lines} />
    </>
  );
}

function Drawn({ look, values, ...area }: Line & PlotArea) {
  return <path class={`line ${look}`} d={pathOf(values, area)} />;
}
