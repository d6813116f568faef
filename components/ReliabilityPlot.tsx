import type { ReliabilityView } from "./api_views.ts";
import { formatShare } from "./format_change.ts";

const WIDTH = 300;
const HEIGHT = 190;
/** Room for the labels of the axes. */
const LEFT = 40;
const BOTTOM = 34;
const TOP = 8;
const RIGHT = 20;
/** Least distance of the ends from one half. */
const REACH_MIN = 0.1;
const REACH_STEP = 0.1;

/** Stated probabilities of a rise against how often it came. */
export function ReliabilityPlot({ of }: {
  readonly of: ReliabilityView | null;
}) {
  if (of === null || of.bins.length < 2) {
    return (
      <p class="muted fine">
        Reliability: too few live forecasts to tell ({of?.n ?? 0}).
      </p>
    );
  }
  const reach = reachOf(of);
  const [low, high] = [0.5 - reach, 0.5 + reach];
  const across = (share: number) =>
    LEFT + (share - low) / (high - low) * (WIDTH - LEFT - RIGHT);
  const up = (share: number) =>
    HEIGHT - BOTTOM - (clamp(share, low, high) - low) / (high - low) *
      (HEIGHT - BOTTOM - TOP);
  const ticks = [low, 0.5, high];
  return (
    <figure class="plot reliability">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`Probability of a rise: ${
          of.bins.map(({ stated, came, n }) =>
            `stated ${formatShare(stated)}, came ${formatShare(came)} of ${n}`
          ).join("; ")
        }`}
      >
        {ticks.map((tick) => (
          <g key={tick}>
            <path
              class="plot-grid"
              d={`M${LEFT} ${up(tick)}H${WIDTH - RIGHT}M${
                across(tick)
              } ${TOP}V${HEIGHT - BOTTOM}`}
            />
            <text x={LEFT - 6} y={up(tick)} class="plot-y">
              {formatShare(tick)}
            </text>
            <text x={across(tick)} y={HEIGHT - BOTTOM + 13} class="plot-x">
              {formatShare(tick)}
            </text>
          </g>
        ))}
        <path
          class="plot-ideal"
          d={`M${across(low)} ${up(low)}L${across(high)} ${up(high)}`}
        />
        {of.bins.map(({ stated, low, high }) => (
          <path
            key={stated}
            class="plot-range"
            d={`M${across(stated)} ${up(low)}V${up(high)}`}
          />
        ))}
        <path
          class="plot-line"
          d={`M${
            of.bins.map(({ stated, came }) => `${across(stated)} ${up(came)}`)
              .join("L")
          }`}
        />
        {of.bins.map(({ stated, came }) => (
          <circle
            key={stated}
            class="plot-dot"
            cx={across(stated)}
            cy={up(came)}
            r="3.5"
          />
        ))}
        <text class="plot-x" x={(LEFT + WIDTH) / 2} y={HEIGHT - 6}>
          stated probability of a rise
        </text>
      </svg>
      <figcaption class="fine">
        How often a rise came, by what was stated: {of.n}{" "}
        live forecasts. On the dashed line they would be right; bars are 95 %
        confidence.
      </figcaption>
    </figure>
  );
}

/** How far the axes reach from one half, to hold what is drawn. */
function reachOf({ bins }: ReliabilityView): number {
  const far = Math.max(
    ...bins.flatMap(({ stated, came }) => [
      Math.abs(stated - 0.5),
      Math.abs(came - 0.5),
    ]),
  );
  const steps = Math.ceil((far + 0.02) / REACH_STEP);
  return Math.min(0.5, Math.max(REACH_MIN, steps * REACH_STEP));
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
