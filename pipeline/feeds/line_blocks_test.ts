import assert from "node:assert/strict";
import fc from "fast-check";
import { lineBlocks } from "./line_blocks.ts";

async function* each(pieces: readonly string[]) {
  for (const piece of pieces) yield await Promise.resolve(encode(piece));
}

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

async function blocksOf(pieces: readonly string[], max?: number) {
  const blocks: string[] = [];
  for await (const block of lineBlocks(each(pieces), max)) {
    blocks.push(decode(block));
  }
  return blocks;
}

/** Lines of all blocks; a block need not have the end of its last one. */
function linesOf(blocks: readonly string[]): string[] {
  return blocks.flatMap((block) => block.replace(/\n$/, "").split("\n"));
}

Deno.test("lineBlocks() gives whole lines, however bytes are cut", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(
      fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength: 9 }),
    ),
    async (pieces) => {
      const text = pieces.join("");
      const lines = text.replace(/\n$/, "").split("\n");
      const blocks = await blocksOf(pieces);
      assert.deepEqual(linesOf(blocks), text === "" ? [] : lines);
    },
  ));
});

Deno.test("lineBlocks() cuts a line that never ends", async () => {
  const endless = Array.from({ length: 100 }, () => "x".repeat(1_000));
  const blocks = await blocksOf([...endless, "y\n", "z"], 1_500);
  assert.deepEqual(linesOf(blocks), ["x".repeat(1_500), "z"]);
});
