import type { Pixels } from "./read_png.ts";

export const COLOURS_MAX = 256;

/** A picture in few colours: an index of the palette for each pixel. */
export interface Indexed {
  readonly width: number;
  readonly height: number;
  /** Three bytes a colour. */
  readonly palette: Uint8Array;
  readonly indices: Uint8Array;
}

interface Colour {
  readonly rgb: number;
  readonly count: number;
}

/**
 * The picture in at most 256 colours: the ones that most pixels have stay as
 * they are, others become the nearest of those. Pages have large flat areas,
 * and many shades at the edges of letters, which nobody tells apart.
 */
export function toPalette({ width, height, rgb }: Pixels): Indexed {
  const counts = new Map<number, number>();
  const pixels = new Uint32Array(width * height);
  for (let i = 0, at = 0; i < pixels.length; i++, at += 3) {
    const colour = rgb[at] << 16 | rgb[at + 1] << 8 | rgb[at + 2];
    pixels[i] = colour;
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const colours = [...counts].map(([rgb, count]): Colour => ({ rgb, count }))
    .sort((a, b) => b.count - a.count || a.rgb - b.rgb);
  const chosen = colours.length <= COLOURS_MAX ? colours : spread(colours);
  const indexOf = new Map<number, number>();
  for (const { rgb } of colours) indexOf.set(rgb, nearest(rgb, chosen));
  return {
    width,
    height,
    palette: Uint8Array.from(
      chosen.flatMap(({ rgb }) => [rgb >> 16, rgb >> 8 & 255, rgb & 255]),
    ),
    indices: Uint8Array.from(pixels, (colour) => indexOf.get(colour)!),
  };
}

/** Half of the most frequent colours, and then those farthest from the chosen. */
function spread(colours: readonly Colour[]): readonly Colour[] {
  const chosen = colours.slice(0, COLOURS_MAX / 2);
  const rest = colours.slice(COLOURS_MAX / 2);
  const far = rest.map(({ rgb }) =>
    distance(rgb, chosen[nearest(rgb, chosen)].rgb)
  );
  while (chosen.length < COLOURS_MAX) {
    let best = 0;
    let most = -1;
    for (let i = 0; i < rest.length; i++) {
      const weight = far[i] * Math.sqrt(rest[i].count);
      if (weight > most) [best, most] = [i, weight];
    }
    const next = rest[best];
    chosen.push(next);
    for (let i = 0; i < rest.length; i++) {
      far[i] = Math.min(far[i], distance(rest[i].rgb, next.rgb));
    }
  }
  return chosen;
}

function nearest(rgb: number, among: readonly Colour[]): number {
  let best = 0;
  let least = Infinity;
  for (let i = 0; i < among.length && least > 0; i++) {
    const away = distance(rgb, among[i].rgb);
    if (away < least) [best, least] = [i, away];
  }
  return best;
}

/** Squares of differences, green the most, as eyes have it. */
function distance(a: number, b: number): number {
  const red = (a >> 16) - (b >> 16);
  const green = (a >> 8 & 255) - (b >> 8 & 255);
  const blue = (a & 255) - (b & 255);
  return 3 * red * red + 6 * green * green + blue * blue;
}
