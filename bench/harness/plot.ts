import type { Plot } from "./report.ts";

const WIDTH = 640;
const HEIGHT = 320;
const LEFT = 84;
const RIGHT = 16;
const TOP = 44;
const BOTTOM = 56;
const COLORS = ["#2a78d6", "#d6662a", "#2a9d6f", "#9d2a8f"];
const TICKS_Y = 4;

/** A picture of some lines of points, as SVG that stands on white by itself. */
export function plotSvg({ title, x, y, logX, lines }: Plot): string {
  const xs = lines.flatMap(({ points }) => points.map(([value]) => value));
  const ys = lines.flatMap(({ points }) => points.map(([, value]) => value));
  const place = (value: number) => logX ? Math.log10(value) : value;
  const low = place(Math.min(...xs));
  const span = place(Math.max(...xs)) - low || 1;
  const top = roundUp(Math.max(...ys));
  const px = (value: number) =>
    (LEFT + (place(value) - low) / span * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const py = (value: number) =>
    (HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const parts: string[] = [
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(LEFT, 20, title, `font-weight="600"`),
  ];
  for (let i = 0; i <= TICKS_Y; i++) {
    const value = top * i / TICKS_Y;
    parts.push(
      `<path d="M${LEFT} ${py(value)}H${WIDTH - RIGHT}" stroke="#ddd"/>`,
      text(LEFT - 8, Number(py(value)) + 4, short(value), `text-anchor="end"`),
    );
  }
  for (const value of new Set(xs)) {
    const at = Number(px(value));
    const anchor = at > WIDTH - RIGHT - 20 ? "end" : "middle";
    parts.push(
      text(at, HEIGHT - BOTTOM + 18, short(value), `text-anchor="${anchor}"`),
    );
  }
  parts.push(
    text(WIDTH / 2, HEIGHT - 14, x, `text-anchor="middle"`),
    text(8, TOP - 8, y, ""),
  );
  lines.forEach(({ name, points }, i) => {
    const color = COLORS[i % COLORS.length];
    const path = points.map(([a, b]) => `${px(a)} ${py(b)}`).join("L");
    parts.push(
      `<path d="M${path}" fill="none" stroke="${color}" stroke-width="2"/>`,
      ...points.map(([a, b]) =>
        `<circle cx="${px(a)}" cy="${py(b)}" r="3" fill="${color}"/>`
      ),
      text(
        WIDTH - RIGHT,
        20 + 16 * i,
        name,
        `text-anchor="end" fill="${color}"`,
      ),
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" ` +
    `viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" ` +
    `font-family="sans-serif" font-size="12" role="img" ` +
    `aria-label="${escaped(title)}">\n${parts.join("\n")}\n</svg>\n`;
}

function text(x: number, y: number, value: string, more: string): string {
  return `<text x="${x}" y="${y}" ${more}>${escaped(value)}</text>`;
}

function escaped(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll('"', "&quot;");
}

/** The next 1, 2, 2.5 or 5 times a power of ten. */
function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((step) => step * power)
    .find((step) => step >= value)!;
}

function short(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(3))} k`;
  return String(Number(value.toPrecision(3)));
}
