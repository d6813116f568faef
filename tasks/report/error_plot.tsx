import {
  ERROR_BIN,
  ERROR_BINS,
} from "../../pipeline/forecast/backtest/model_tally.ts";
import { BAND_DF } from "../../pipeline/forecast/scores/score_forecast.ts";
import { studentCdf } from "../../pipeline/forecast/scores/student_t.ts";
import { Legend, Plot, px } from "./plot.tsx";

/** Scale that gives Student's t a variance of 1. */
const SCALE = Math.sqrt((BAND_DF - 2) / BAND_DF);
const END = ERROR_BIN * ERROR_BINS / 2;

/** Errors in standard errors, beside what the intervals say of them. */
export function ErrorPlot({ errors, summary }: {
  readonly errors: readonly number[];
  readonly summary: string;
}) {
  const n = errors.reduce((sum, count) => sum + count, 0);
  if (n === 0) return <p class="muted">No error has a standard error.</p>;
  const share = errors.map((count) => count / n);
  const said = errors.map((_, i) => saidShare(i));
  const at = (i: number) => i / ERROR_BINS;
  const labels = [-4, -2, 0, 2, 4].map((z) => ({
    at: (z + END) / (2 * END),
    text: z === 0 ? "0" : `${z < 0 ? "−" : "+"}${Math.abs(z)} s.e.`,
  }));
  return (
    <>
      <Plot
        summary={summary}
        min={0}
        max={1.06 * Math.max(...share, ...said)}
        format={(value) => `${Number((100 * value).toFixed(1))} %`}
        labels={labels}
        draw={({ x, y, bottom }) => (
          <>
            {share.map((value, i) => (
              <rect
                key={i}
                class="bar"
                x={px(x(at(i)) + 0.5)}
                y={px(y(value))}
                width={px(x(at(i + 1)) - x(at(i)) - 1)}
                height={px(bottom - y(value))}
              />
            ))}
            <path
              class="line m0"
              d={said.map((value, i) =>
                `${i === 0 ? "M" : "L"}${px(x(at(i + 0.5)))} ${px(y(value))}`
              ).join("")}
            />
          </>
        )}
      />
      <Legend
        items={[
          { name: "errors that came", look: "bars" },
          {
            name: `Student's t with ${BAND_DF} degrees of freedom`,
            look: "m0",
          },
        ]}
      />
    </>
  );
}

/** Share of errors in a bin; all beyond the ends are in the outer ones. */
function saidShare(bin: number): number {
  const low = bin * ERROR_BIN - END;
  const below = (z: number) => studentCdf(z / SCALE, BAND_DF);
  const from = bin === 0 ? 0 : below(low);
  const to = bin === ERROR_BINS - 1 ? 1 : below(low + ERROR_BIN);
  return to - from;
}
