import assert from "node:assert/strict";
import { islandBundle } from "../../fresh/bundle.ts";
import { setProjectRoot } from "../../fresh/project.ts";
import { createApp } from "../../web/create_app.ts";
import { fakeServices } from "./fake_services.ts";

const KB = 1_000;
const CHART_MAX = 62 * KB;
const INSTRUMENT_MAX = 85 * KB;
const OTHERS_MAX = 25 * KB;

async function gzipLength(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const packed = new Blob([bytes]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return (await new Response(packed).arrayBuffer()).byteLength;
}

const IMPORTED = /\b(?:from|import)\s*"\.\/([\w-]+\.js)"/g;

/**
 * These files and all that they import, in the bundle; not what they load only
 * when it is needed.
 */
function closureOf(
  names: readonly string[],
  sources: ReadonlyMap<string, string>,
): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = [...names];
  for (let name = waiting.pop(); name; name = waiting.pop()) {
    if (found.has(name)) continue;
    const source = sources.get(name);
    assert(source !== undefined, `${name} is in the bundle`);
    found.add(name);
    for (const [, file] of source.matchAll(IMPORTED)) {
      waiting.push(file);
    }
  }
  return found;
}

Deno.test("the code of each page is small on the wire", async () => {
  setProjectRoot(new URL("../../", import.meta.url));
  const sizes = new Map<string, number>();
  const sources = new Map<string, string>();
  for (const [name, { bytes }] of await islandBundle()) {
    sizes.set(name, await gzipLength(bytes));
    sources.set(name, new TextDecoder().decode(bytes));
  }
  const chart = sizes.get("islands_InstrumentChart.js")!;
  assert.ok(chart <= CHART_MAX, `the chart's island: ${chart}`);

  const services = await fakeServices();
  const handler = createApp(() => services).handler();
  const pages = [
    "/",
    "/system",
    "/settings",
    "/alerts",
    "/instruments/NIFTY50",
    "/nowhere",
  ];
  for (const path of pages) {
    const response = await handler(new Request(`http://localhost${path}`));
    const html = await response.text();
    const islands = [
      ...html.matchAll(/\/_fresh\/js\/[^/"]+\/([\w-]+\.js)/g),
    ].map(([, name]) => name);
    assert.ok(islands.includes("boot.js"), `${path} has islands`);
    const files = [...closureOf(islands, sources)];
    const sum = files.reduce((total, name) => total + sizes.get(name)!, 0);
    const max = path.startsWith("/instruments/") ? INSTRUMENT_MAX : OTHERS_MAX;
    const told = files.map((name) => `${name} ${sizes.get(name)}`).join(", ");
    assert.ok(sum <= max, `${path}: ${sum} of ${max}: ${told}`);
  }
});

Deno.test("what a file of the bundle imports is counted, and only that", () => {
  const sources = new Map([
    ["a.js", 'import{b}from"./b.js";import"./chunk-C1.js"'],
    ["b.js", 'import"./chunk-C1.js";x=()=>import("./late.js");'],
    ["chunk-C1.js", ""],
    ["late.js", ""],
    ["d.js", ""],
  ]);
  assert.deepEqual([...closureOf(["a.js"], sources)].sort(), [
    "a.js",
    "b.js",
    "chunk-C1.js",
  ]);
});
