import { inflateSync } from "node:zlib";

/** Pixels, three bytes each, row by row. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

const SIGNATURE = 8;
const TRUE_COLOUR = 2;
const WITH_ALPHA = 6;

/**
 * Reads a PNG as browsers take them: 8 bits a channel, not interlaced. What is
 * transparent in it is not looked at.
 *
 * @throws {RangeError} If it is another kind of PNG.
 */
export function readPng(png: Uint8Array): Pixels {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const data: Uint8Array[] = [];
  let [width, height, channels] = [0, 0, 0];
  for (let at = SIGNATURE; at < png.length;) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    const body = at + 8;
    if (type === "IHDR") {
      width = view.getUint32(body);
      height = view.getUint32(body + 4);
      const [depth, colour, , , interlace] = png.subarray(body + 8);
      if (
        depth !== 8 || interlace !== 0 ||
        (colour !== TRUE_COLOUR && colour !== WITH_ALPHA)
      ) {
        throw new RangeError(
          `PNG must have 8 bits a channel in true colour, got ${depth} bits, ` +
            `colour type ${colour}, interlace ${interlace}`,
        );
      }
      channels = colour === WITH_ALPHA ? 4 : 3;
    } else if (type === "IDAT") data.push(png.subarray(body, body + length));
    at = body + length + 4;
  }
  const bytes = unfiltered(inflateSync(joined(data)), width, height, channels);
  return { width, height, rgb: channels === 3 ? bytes : withoutAlpha(bytes) };
}

/** Undoes the filter of each row, which its first byte names. */
function unfiltered(
  rows: Uint8Array,
  width: number,
  height: number,
  channels: number,
): Uint8Array {
  const stride = width * channels;
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)];
    const from = y * (stride + 1) + 1;
    const to = y * stride;
    for (let x = 0; x < stride; x++) {
      const left = x >= channels ? out[to + x - channels] : 0;
      const up = y > 0 ? out[to + x - stride] : 0;
      const corner = x >= channels && y > 0
        ? out[to + x - stride - channels]
        : 0;
      out[to + x] = rows[from + x] + predicted(filter, left, up, corner);
    }
  }
  return out;
}

function predicted(
  filter: number,
  left: number,
  up: number,
  corner: number,
): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4: {
      const [a, b, c] = [left, up, corner].map((one) =>
        Math.abs(left + up - corner - one)
      );
      return a <= b && a <= c ? left : b <= c ? up : corner;
    }
    default:
      throw new RangeError(`A row's filter must be 0 to 4, got ${filter}`);
  }
}

function withoutAlpha(rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(rgba.length / 4 * 3);
  for (let i = 0, o = 0; i < rgba.length; i += 4) {
    rgb[o++] = rgba[i];
    rgb[o++] = rgba[i + 1];
    rgb[o++] = rgba[i + 2];
  }
  return rgb;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
