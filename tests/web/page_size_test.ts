import assert from "node:assert/strict";
import { islandBundle } from "../../fresh/bundle.ts";
import { setProjectRoot } from "../../fresh/project.ts";

const KB = 1_000;

async function gzipLength(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const packed = new Blob([bytes]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return (await new Response(packed).arrayBuffer()).byteLength;
}

Deno.test("the code of a page is small on the wire", async () => {
  setProjectRoot(new URL("../../", import.meta.url));
  const sizes = new Map<string, number>();
  for (const [name, { bytes }] of await islandBundle()) {
    sizes.set(name, await gzipLength(bytes));
  }
  const told = JSON.stringify(Object.fromEntries(sizes));
  assert.ok(sizes.get("islands_InstrumentLive.js")! <= 62 * KB, told);
  // The list's island and the chart's are never on one page.
  const page = [...sizes].filter(([name]) => name !== "islands_Watchlist.js")
    .reduce((sum, [, size]) => sum + size, 0);
  assert.ok(page <= 85 * KB, told);
});
