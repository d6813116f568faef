import assert from "node:assert/strict";
import { type EdgeSource, edgeSource } from "./edge_source.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const CALENDAR = {
  id: "nse",
  zone: "Asia/Kolkata",
  note: "`${x}`\n",
  coverage: [],
  weekly: [],
  holidays: [],
  special: [],
};

function sourceOf(): EdgeSource {
  return edgeSource({
    project: {
      root: "/project/",
      buildId: "abc",
      routes: [],
      islands: new Map([["islands_Chart.js", "islands/Chart.tsx"]]),
      staticFiles: new Map([["/a.css", {
        bytes: bytes("a{}"),
        contentType: "text/css",
        etag: 'W/"1"',
      }]]),
    },
    routeFiles: ["_app.tsx", "instruments/[symbol].tsx", "api/candles.ts"],
    bundle: { "boot.js": bytes("boot()") },
    calendars: [CALENDAR],
  }, "./edge_islands.ts");
}

Deno.test("every route is imported by name and served by its path", () => {
  const { entry } = sourceOf();
  assert.match(
    entry,
    /import \* as route1 from "..\/routes\/instruments\/\[symbol\].tsx";/,
  );
  assert.match(entry, /\{ path: "instruments\/\[symbol\]", module: route1 \}/);
  assert.match(entry, /\{ path: "_app", module: route0 \}/);
});

Deno.test("islands are registered before a page is imported", () => {
  const { entry, islands } = sourceOf();
  assert.ok(
    entry.indexOf('import "./edge_islands.ts"') <
      entry.indexOf("import * as route0"),
  );
  assert.match(islands, /registerIslands\("islands_Chart.js", island0\);/);
});

Deno.test("files are in the source, whatever is in them", () => {
  const { entry } = sourceOf();
  assert.ok(entry.includes(btoa("a{}")));
  assert.ok(entry.includes(btoa("boot()")));
  const [, calendars] = /edgeHandler\((.+)\);/.exec(entry)!;
  assert.deepEqual(JSON.parse(calendars), [CALENDAR]);
});
