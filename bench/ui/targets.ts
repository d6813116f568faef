import type { Values } from "./sections.ts";

/** The calibration of the machine on which the targets were set, in ms. */
const CALIBRATION_MS = 11;

interface Target {
  readonly name: string;
  readonly key: string;
  readonly unit: "ms" | "MB" | "kB" | "×";
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
  target("chart with its page's code, gzip", "islandKb", 62, { unit: "kB" }),
  target("all JavaScript of the page, gzip", "pageKb", 85, { unit: "kB" }),
  target("first paint of candles", "firstPaint", 500, { scales: false }),
  target("first paint of candles, 4x slower", "firstPaintSlow", 1_400, {
    scales: false,
  }),
];

/** Where ours must be quicker than lightweight-charts. */
export const FASTER = ["tick500", "tick", "tickAll"] as const;

/** Lines of a table of what was measured against what must be. */
export function tableOf(
  own: Values,
  lightweight: Values,
  calibrationMs: number,
): { readonly lines: readonly string[]; readonly missed: readonly string[] } {
  const missed: string[] = [];
  const lines = [
    "| | ours | ÷ calibration | target | lightweight-charts | |",
    "| --- | ---: | ---: | ---: | ---: | --- |",
  ];
  for (const { name, key, unit, max, scales } of TARGETS) {
    const value = own[key];
    if (value === undefined) continue;
    const bound = scales ? max * calibrationMs / CALIBRATION_MS : max;
    // A frame of the screen is 16.7 ms, give or take the clock's noise.
    const met = value <= bound + (/P95/.test(key) ? 0.5 : 0);
    if (!met) missed.push(name);
    const ratio = scales ? (value / calibrationMs).toFixed(2) : "";
    const other = lightweight[key];
    lines.push(
      `| ${name} | ${number(value)} ${unit} | ${ratio} | ${max} ${unit}${
        scales ? ` (${(max / CALIBRATION_MS).toFixed(2)})` : ""
      } | ${other === undefined ? "" : `${number(other)} ${unit}`} | ${
        met ? "met" : "MISSED"
      } |`,
    );
  }
  for (const key of FASTER) {
    if (own[key] === undefined || lightweight[key] === undefined) continue;
    if (own[key] >= lightweight[key]) {
      missed.push(`${key} quicker than lightweight-charts`);
    }
    lines.push(
      `| ${key} against lightweight-charts | ${number(own[key])} ms | ${
        (own[key] / calibrationMs).toFixed(2)
      } | quicker | ${number(lightweight[key])} ms | ${
        own[key] < lightweight[key] ? "met" : "MISSED"
      } |`,
    );
  }
  return { lines, missed };
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value < 10 ? 2 : 1);
}
