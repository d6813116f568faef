import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { COLOURS_MAX, toPalette } from "./palette.ts";
import { type Pixels, readPng } from "./read_png.ts";
import { writePng } from "./write_png.ts";

/** Red rises along the rows, green down the columns. */
function ramp(width: number, height: number): Pixels {
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    rgb.set([i % width, Math.floor(i / width), 7], i * 3);
  }
  return { width, height, rgb };
}

/** The same as true colour, each row with another filter. */
function trueColour({ width, height, rgb }: Pixels): Uint8Array {
  const stride = width * 3;
  const rows = new Uint8Array(height * (stride + 1));
  const at = (x: number, y: number) => x < 0 || y < 0 ? 0 : rgb[y * stride + x];
  for (let y = 0; y < height; y++) {
    const filter = y % 5;
    rows[y * (stride + 1)] = filter;
    for (let x = 0; x < stride; x++) {
      const [left, up, corner] = [at(x - 3, y), at(x, y - 1), at(x - 3, y - 1)];
      const guess = left + up - corner;
      const paeth = [left, up, corner].toSorted((a, b) =>
        Math.abs(guess - a) - Math.abs(guess - b)
      )[0];
      rows[y * (stride + 1) + 1 + x] = at(x, y) -
        [0, left, up, (left + up) >> 1, paeth][filter];
    }
  }
  const chunk = (type: string, body: Uint8Array) => {
    const bytes = new Uint8Array(12 + body.length);
    new DataView(bytes.buffer).setUint32(0, body.length);
    bytes.set(new TextEncoder().encode(type), 4);
    bytes.set(body, 8);
    return [...bytes];
  };
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([8, 2, 0, 0, 0], 8);
  return Uint8Array.from([
    ...new Uint8Array(8),
    ...chunk("IHDR", header),
    ...chunk("IDAT", deflateSync(rows)),
  ]);
}

Deno.test("readPng() undoes every filter", () => {
  const pixels = ramp(9, 10);
  assert.deepEqual(readPng(trueColour(pixels)), pixels);
});

Deno.test("readPng() refuses a PNG of another kind", () => {
  const few = writePng(toPalette(ramp(3, 3)));
  assert.throws(() => readPng(few), /true colour, got 8 bits, colour type 3/);
});

Deno.test("a picture of few colours keeps them all", () => {
  const { palette, indices } = toPalette(ramp(12, 12));
  const { rgb } = ramp(12, 12);
  assert.equal(palette.length, 144 * 3);
  indices.forEach((index, i) =>
    assert.deepEqual(
      palette.subarray(index * 3, index * 3 + 3),
      rgb.subarray(i * 3, i * 3 + 3),
    )
  );
});

Deno.test("of many colours the frequent ones stay, others come near", () => {
  const pixels = ramp(64, 64);
  pixels.rgb.fill(200, 0, 64 * 30 * 3);
  const { palette, indices } = toPalette(pixels);
  assert.equal(palette.length, COLOURS_MAX * 3);
  indices.forEach((index, i) => {
    for (let c = 0; c < 3; c++) {
      const off = Math.abs(palette[index * 3 + c] - pixels.rgb[i * 3 + c]);
      assert.ok(off <= (i < 64 * 30 ? 0 : 12), `pixel ${i}: ${off}`);
    }
  });
});
