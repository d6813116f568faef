import assert from "node:assert/strict";
import fc from "fast-check";
import { HELLO_BYTES_MAX, LINE_BYTES_MAX, LineFramer } from "./line_framer.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Framed {
  readonly frame: string;
  readonly line: number;
  readonly text: string;
}

/** Frames all that `chunks` bring, cut further where the space ends. */
function frames(chunks: readonly Uint8Array[]): Framed[] {
  const framer = new LineFramer();
  const found: Framed[] = [];
  const drain = () => {
    for (;;) {
      const frame = framer.next();
      if (frame === "none") return;
      const { lineStart, lineEnd, line } = framer;
      const text = decoder.decode(framer.bytes.subarray(lineStart, lineEnd));
      found.push({ frame, line, text });
    }
  };
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const space = framer.space();
      const part = chunk.subarray(at, at + space.length);
      space.set(part);
      framer.filled(part.length);
      at += part.length;
      drain();
    }
  }
  framer.finish();
  drain();
  return found;
}

/** The same, told plainly of the whole text. */
function plainFrames(text: string): Framed[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const found: Framed[] = [];
  lines.forEach((raw, index) => {
    const content = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (content === "") return;
    const limit = found.length === 0 ? HELLO_BYTES_MAX : LINE_BYTES_MAX;
    const frame = content.length > limit ? "too_long" : "line";
    found.push({ frame, line: index + 1, text: content.slice(0, limit) });
  });
  return found;
}

function framesOf(text: string, cuts: readonly number[] = []): Framed[] {
  const bytes = encoder.encode(text);
  const ends = [...cuts, bytes.length].sort((a, b) => a - b);
  return frames(ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end)));
}

Deno.test("LineFramer takes LF, CRLF and a last line without an end", () => {
  assert.deepEqual(framesOf("a\nb\r\n\n\r\nc"), [
    { frame: "line", line: 1, text: "a" },
    { frame: "line", line: 2, text: "b" },
    { frame: "line", line: 5, text: "c" },
  ]);
});

Deno.test("LineFramer allows 64 KiB in the first line and 1,024 bytes after", () => {
  const exact = framesOf(
    `${"h".repeat(HELLO_BYTES_MAX)}\r\n${"x".repeat(1_024)}\r\n`,
  );
  assert.deepEqual(exact.map(({ frame }) => frame), ["line", "line"]);
  const over = framesOf(
    `${"h".repeat(HELLO_BYTES_MAX + 1)}\n${"x".repeat(1_025)}\nok`,
  );
  assert.deepEqual(over.map(({ frame, line }) => [frame, line]), [
    ["too_long", 1],
    ["too_long", 2],
    ["line", 3],
  ]);
});

Deno.test("LineFramer reports an endless line once and finds its end", () => {
  const framed = framesOf(`a\n${"x".repeat(1_000_000)}\nb\n`);
  assert.deepEqual(framed.map(({ frame, line }) => [frame, line]), [
    ["line", 1],
    ["too_long", 2],
    ["line", 3],
  ]);
  assert.equal(framed[1].text.length, LINE_BYTES_MAX);
});

Deno.test("LineFramer finds the same lines however the bytes are cut", () => {
  const piece = fc.oneof(
    fc.constantFrom("\n", "\r\n", "\r", "", "ab", "{}"),
    fc.nat(1_030).map((n) => "x".repeat(n)),
    fc.integer({ min: 1_020, max: 1_030 }).map((n) => "y".repeat(n)),
    fc.integer({ min: 65_530, max: 65_540 }).map((n) => "z".repeat(n)),
  );
  const text = fc.array(piece, { maxLength: 40 }).map((all) => all.join(""));
  fc.assert(
    fc.property(text, fc.array(fc.nat(70_000), { maxLength: 20 }), (t, at) => {
      const cuts = at.map((cut) => cut % (t.length + 1));
      assert.deepEqual(framesOf(t, cuts), plainFrames(t));
    }),
    { numRuns: 200 },
  );
});
