import assert from "node:assert/strict";
import fc from "fast-check";
import { LineSplitter } from "./line_splitter.ts";

Deno.test("LineSplitter gives the same lines however the bytes come", () => {
  fc.assert(fc.property(
    fc.array(
      fc.string({ unit: "grapheme" }).map((s) => s.replaceAll("\n", "")),
    ),
    fc.integer({ min: 1, max: 9 }),
    fc.boolean(),
    (lines, step, ended) => {
      const text = lines.join("\n") + (ended && lines.length > 0 ? "\n" : "");
      const bytes = new TextEncoder().encode(text);
      const splitter = new LineSplitter();
      const got: string[] = [];
      for (let at = 0; at < bytes.length; at += step) {
        got.push(...splitter.push(bytes.subarray(at, at + step)));
      }
      got.push(...splitter.flush());
      const want = text.split("\n");
      if (want.at(-1) === "") want.pop();
      assert.deepEqual(got, want);
    },
  ));
});

Deno.test("LineSplitter cuts a line that never ends", () => {
  const splitter = new LineSplitter();
  const piece = new TextEncoder().encode("x".repeat(50_000));
  for (let i = 0; i < 10; i++) assert.deepEqual(splitter.push(piece), []);
  const [line, next] = splitter.push(new TextEncoder().encode("\ny\n"));
  assert.equal(line.length, 65_536);
  assert.equal(next, "y");
});
