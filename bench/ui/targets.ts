import type { Figure, Figures } from "./rounds.ts";

/** The calibration of the machine on which the targets were set, in ms. */
const CALIBRATION_MS = 11;

interface Target {
  readonly name: string;
  readonly key: string;
  readonly unit: "ms" | "MB" | "×";
  readonly max: number;
  /** CPU time, which a faster machine needs less of. */
  readonly scales: boolean;
}

const target = (
  name: string,
  key: string,
  max: number,
  { unit = "ms", scales = unit === "ms" }: Partial<Target> = {},
): Target => ({ name, key, max, unit, scales });

/** What the chart must reach. Times between frames are the screen's, on any machine. */
export const TARGETS: readonly Target[] = [
  target("at rest: CPU a second", "rest", 8),
  target("tick, 10,000 loaded, 150 in sight: CPU", "tick", 8),
  target("… of it script", "tickScript", 4),
  target("tick at 10,000 ÷ tick at 500", "tickRatio", 1.3, { unit: "×" }),
  target("tick, 10,000 in sight: CPU", "tickAll", 12),
  target("pan: CPU a frame", "pan", 10),
  target("zoom: CPU a frame", "zoom", 12),
  target("pan: 95 % of frames within", "panP95", 17, { scales: false }),
  target("zoom: 95 % of frames within", "zoomP95", 17, { scales: false }),
  target("drag: 95 % of frames within", "dragP95", 17, { scales: false }),
  target("wheel: 95 % of frames within", "wheelP95", 17, { scales: false }),
  target("crosshair move: CPU", "crosshair", 5),
  target("phone, tick: script", "phoneTickScript", 16),
  target("phone, pan: 95 % of frames within", "phonePanP95", 67, {
    scales: false,
  }),
  target("heap at 10,000", "heapMb", 8, { unit: "MB" }),
  target("heap growth over 3,000 ticks", "growthMb", 1.5, { unit: "MB" }),
  target("first paint of candles", "firstPaint", 500, { scales: false }),
  target("first paint of candles, 4x slower", "firstPaintSlow", 1_400, {
    scales: false,
  }),
];

/** Where ours must be quicker than lightweight-charts. */
const QUICKER = [
  ["tick, 500 loaded, 150 in sight: CPU", "tick500"],
  ["tick, 10,000 loaded, 150 in sight: CPU", "tick"],
  ["tick, 10,000 in sight: CPU", "tickAll"],
] as const;

/** Lines of a table of what was measured against what must be. */
export function tableOf(
  own: Figures,
  lightweight: Figures,
): { readonly lines: readonly string[]; readonly missed: readonly string[] } {
  const missed: string[] = [];
  const lines = [
    "| | ours | ÷ calibration | target | lightweight-charts | ÷ calibration | |",
    "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
  ];
  const add = (
    name: string,
    [figure, other]: readonly [Figure, Figure | undefined],
    row: { readonly wanted: string; readonly unit: string },
    met: boolean,
    { scales }: Pick<Target, "scales">,
  ) => {
    if (!met) missed.push(name);
    lines.push(
      `| ${name} | ${spread(figure)} ${row.unit} | ${
        scales ? spread(figure.ratio) : ""
      } | ${row.wanted} | ${other ? `${spread(other)} ${row.unit}` : ""} | ${
        other && scales ? spread(other.ratio) : ""
      } | ${met ? "met" : "MISSED"} |`,
    );
  };
  for (const { name, key, unit, max, scales } of TARGETS) {
    const figure = own[key];
    if (figure === undefined) continue;
    const bound = max / CALIBRATION_MS;
    // A frame of the screen is 16.7 ms, give or take the clock's noise.
    const met = scales
      ? figure.ratio.median <= bound
      : figure.median <= max + (/P95/.test(key) ? 0.5 : 0);
    const wanted = scales ? bound.toFixed(2) : `${max} ${unit}`;
    add(name, [figure, lightweight[key]], { wanted, unit }, met, { scales });
  }
  for (const [name, key] of QUICKER) {
    const figure = own[key];
    const other = lightweight[key];
    if (figure === undefined || other === undefined) continue;
    const met = figure.ratio.median < other.ratio.median;
    const row = { wanted: "quicker", unit: "ms" };
    add(`${name}, beside it`, [figure, other], row, met, { scales: true });
  }
  return { lines, missed };
}

/** "5.20 (5.01–5.60)", or the number alone where all rounds agree. */
function spread({ median, low, high }: Omit<Figure, "ratio">): string {
  const [text, from, to] = [median, low, high].map(number);
  return from === to ? text : `${text} (${from}–${to})`;
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value < 10 ? 2 : 1);
}
