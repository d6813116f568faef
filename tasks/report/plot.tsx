import type { ComponentChildren } from "preact";
import { roundStep } from "../../chart/price_ticks.ts";

/** Widths that a picture is drawn for: letters keep their size on a phone. */
const WIDTHS = { wide: 860, narrow: 344 } as const;
const HEIGHT = 260;
const EDGES = { top: 10, right: 12, bottom: 24 };
/** Room for labels at the left: of one more character, and at least. */
const LABEL_LEFT = { each: 7, more: 12, least: 40 };
/** Least distance of gridlines. */
const SPACING = 44;
/** Width of a label of time. */
const LABEL = 96;

/** Where things are drawn, in units of the picture. */
export interface PlotArea {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** Of a share of the width, 0 to 1. */
  readonly x: (share: number) => number;
  readonly y: (value: number) => number;
}

export interface PlotProps {
  /** What is seen, for those who do not see it. */
  readonly summary: string;
  readonly min: number;
  readonly max: number;
  readonly format: (value: number) => string;
  /** Labels below, each at a share of the width; those without room go. */
  readonly labels: readonly { readonly at: number; readonly text: string }[];
  readonly height?: number;
  readonly draw: (area: PlotArea) => ComponentChildren;
}

/** A picture with a grid, drawn once for wide screens and once for phones. */
export function Plot(props: PlotProps) {
  return (
    <div class="plot" role="img" aria-label={props.summary}>
      <Picture {...props} name="wide" width={WIDTHS.wide} />
      <Picture {...props} name="narrow" width={WIDTHS.narrow} />
    </div>
  );
}

function Picture(props: PlotProps & { name: string; width: number }) {
  const { min, max, format, draw, labels, name, width } = props;
  const height = props.height ?? HEIGHT;
  const values = gridValues(min, max, height - EDGES.top - EDGES.bottom);
  const longest = Math.max(...values.map((value) => format(value).length));
  const area = {
    left: Math.max(
      LABEL_LEFT.least,
      LABEL_LEFT.more + LABEL_LEFT.each * longest,
    ),
    right: width - EDGES.right,
    top: EDGES.top,
    bottom: height - EDGES.bottom,
  };
  const span = max > min ? max - min : 1;
  const x = (share: number) => area.left + share * (area.right - area.left);
  const y = (value: number) =>
    area.bottom - (value - min) / span * (area.bottom - area.top);
  return (
    <svg class={name} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {values.map((value) => (
        <g key={value}>
          <line
            class={value === 0 ? "zero" : "grid"}
            x1={area.left}
            x2={area.right}
            y1={px(y(value))}
            y2={px(y(value))}
          />
          <text x={area.left - 6} y={px(y(value) + 4)} text-anchor="end">
            {format(value)}
          </text>
        </g>
      ))}
      {draw({ ...area, x, y })}
      {roomy(labels, area.right - area.left).map(({ at, text }) => (
        <text
          key={at}
          x={px(x(at))}
          y={height - 6}
          text-anchor={at < 0.08 ? "start" : at > 0.92 ? "end" : "middle"}
        >
          {text}
        </text>
      ))}
    </svg>
  );
}

function gridValues(min: number, max: number, height: number): number[] {
  if (!(max > min)) return [min];
  const step = roundStep((max - min) * SPACING / height, 1e-12);
  const values: number[] = [];
  for (let n = Math.ceil(min / step - 1e-9); n * step <= max + 1e-12; n++) {
    values.push(n === 0 ? 0 : n * step);
  }
  return values;
}

function roomy<T extends { readonly at: number }>(
  labels: readonly T[],
  width: number,
): readonly T[] {
  const every = Math.ceil(labels.length * LABEL / width);
  return labels.filter((_, i) => i % every === 0);
}

/** Short text of a coordinate. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** A path through points, broken where a value is missing. */
export function pathOf(
  values: readonly (number | null)[],
  { x, y }: Pick<PlotArea, "x" | "y">,
): string {
  let path = "";
  let pen = "M";
  values.forEach((value, i) => {
    if (value === null) {
      pen = "M";
      return;
    }
    const at = values.length === 1 ? 0.5 : i / (values.length - 1);
    path += `${pen}${px(x(at))} ${px(y(value))}`;
    pen = "L";
  });
  return path;
}

/** Names of the lines of a picture, in their looks. */
export function Legend(
  { items }: { items: readonly { readonly name: string; look: string }[] },
) {
  return (
    <ul class="legend">
      {items.map(({ name, look }) => (
        <li key={name}>
          <svg viewBox="0 0 22 8" aria-hidden="true">
            <path class={`line ${look}`} d="M0 4H22" />
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}
