import type { Theme } from "./theme.ts";

/**
 * The theme for forced colours: the system's own, asked of an element in the
 * page. Hollow bodies tell rising from falling where colour cannot.
 */
export function forcedTheme(inside: HTMLElement): Theme {
  const probe = document.createElement("span");
  probe.hidden = true;
  inside.append(probe);
  const system = (name: string): Rgb => {
    probe.style.color = name;
    const parts = getComputedStyle(probe).color.match(/[\d.]+/g) ?? [];
    return [Number(parts[0]), Number(parts[1]), Number(parts[2])];
  };
  const canvas = system("Canvas");
  const text = system("CanvasText");
  const link = system("LinkText");
  const highlight = system("Highlight");
  const onHighlight = system("HighlightText");
  probe.remove();
  const faint = (share: number, colour = text) =>
    css(mix(canvas, colour, share));
  const veil = (share: number) => `rgba(${link.join(",")},${share})`;
  return {
    name: "forced",
    dark: canvas[0] + canvas[1] + canvas[2] < 384,
    background: css(canvas),
    grid: faint(0.18),
    sessionLine: faint(0.5),
    dayShade: "rgba(0,0,0,0)",
    sessionShade: veil(0.1),
    hatch: faint(0.5),
    paneLine: faint(0.5),
    text: css(text),
    textStrong: css(text),
    up: css(text),
    down: css(text),
    upInside: null,
    upMuted: faint(0.5),
    downMuted: faint(0.5),
    upVolume: faint(0.5),
    downVolume: faint(0.5),
    forecast: css(link),
    forecastTick: css(link),
    band95: veil(0.1),
    band80: veil(0.1),
    bandFuture95: veil(0.14),
    bandFuture80: veil(0.14),
    bandFuture50: veil(0.14),
    level: css(link),
    buy: css(text),
    sell: css(text),
    markText: css(canvas),
    crosshair: css(text),
    pill: css(highlight),
    pillText: css(onHighlight),
    pricePillText: css(canvas),
  };
}

type Rgb = readonly [number, number, number];

/** `share` of the second colour in the first. */
function mix(a: Rgb, b: Rgb, share: number): Rgb {
  const part = (i: 0 | 1 | 2) => Math.round(a[i] + (b[i] - a[i]) * share);
  return [part(0), part(1), part(2)];
}

function css([r, g, b]: Rgb): string {
  return `rgb(${r},${g},${b})`;
}
