import type { BacktestView } from "../backtest_view.ts";
import { Legend, Plot, type PlotArea, px } from "./plot.tsx";

type Shown = BacktestView["last"][number];

/** Share of a slot that a body fills. */
const BODY = 0.6;

/** Candles, the band that was forecast for each, and the forecast close. */
export function CandlePlot({ candles, decimals, labels, summary }: {
  readonly candles: readonly Shown[];
  readonly decimals: number;
  readonly labels: readonly { readonly at: number; readonly text: string }[];
  readonly summary: string;
}) {
  const low = Math.min(
    ...candles.map(({ l, forecast }) => Math.min(l, forecast?.lo95 ?? l)),
  );
  const high = Math.max(
    ...candles.map(({ h, forecast }) => Math.max(h, forecast?.hi95 ?? h)),
  );
  const room = 0.04 * (high - low || 1);
  return (
    <>
      <Plot
        summary={summary}
        min={low - room}
        max={high + room}
        height={320}
        format={(value) => value.toFixed(decimals)}
        labels={labels}
        draw={(area) => <Drawing candles={candles} area={area} />}
      />
      <Legend
        items={[
          { name: "rose", look: "rose" },
          { name: "fell", look: "fell" },
          { name: "95 % interval of the close, forecast", look: "band" },
          { name: "forecast close", look: "m0" },
        ]}
      />
    </>
  );
}

function Drawing({ candles, area }: {
  readonly candles: readonly Shown[];
  readonly area: PlotArea;
}) {
  const { x, y } = area;
  const slot = x(1 / candles.length) - x(0);
  const left = (i: number, share: number) =>
    x((i + 0.5) / candles.length) - share * slot / 2;
  return (
    <>
      {candles.map(({ forecast }, i) =>
        forecast && (
          <rect
            key={i}
            class="band"
            x={px(left(i, 1))}
            y={px(y(forecast.hi95))}
            width={px(slot + 0.2)}
            height={px(Math.max(1, y(forecast.lo95) - y(forecast.hi95)))}
          />
        )
      )}
      <path class="rose wick" d={wicks(candles, true, area, left)} />
      <path class="fell wick" d={wicks(candles, false, area, left)} />
      {candles.map(({ o, c }, i) => (
        <rect
          key={i}
          class={c >= o ? "rose body" : "fell body"}
          x={px(left(i, BODY))}
          y={px(y(Math.max(o, c)))}
          width={px(BODY * slot)}
          height={px(Math.max(1, Math.abs(y(o) - y(c))))}
        />
      ))}
      <path
        class="line m0 thin"
        d={candles.map(({ forecast }, i) =>
          forecast &&
          `M${px(left(i, 0.9))} ${px(y(forecast.c))}h${px(0.9 * slot)}`
        ).filter(Boolean).join("")}
      />
    </>
  );
}

function wicks(
  candles: readonly Shown[],
  rose: boolean,
  { y }: PlotArea,
  left: (i: number, share: number) => number,
): string {
  return candles.map(({ o, h, l, c }, i) =>
    (c >= o) === rose ? `M${px(left(i, 0))} ${px(y(h))}V${px(y(l))}` : ""
  ).join("");
}
