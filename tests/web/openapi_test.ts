import assert from "node:assert/strict";
import { createApp } from "../../web/create_app.ts";
import { openApi } from "../../web/openapi.ts";
import { OPERATIONS } from "../../web/operations.ts";
import { fakeServices } from "./fake_services.ts";

const ROOT = new URL("../../", import.meta.url);

/** Routes that answer programs: all but pages, by file. */
async function* programRoutes(folder = "routes/"): AsyncGenerator<string> {
  for await (
    const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))
  ) {
    if (isDirectory) yield* programRoutes(`${folder}${name}/`);
    else if (/^[^_[].*\.ts$/.test(name)) yield folder + name;
  }
}

/** Routes that only lead to a page. */
const TO_PAGES = ["routes/instruments/index.ts", "routes/logout.ts"];

Deno.test("every route that is no page is described, by its methods", async () => {
  const found: string[] = [];
  for await (const file of programRoutes()) {
    if (TO_PAGES.includes(file)) continue;
    const { handler } = await import(new URL(file, ROOT).href);
    const path = file.replace(/^routes/, "").replace(/(\/index)?\.ts$/, "");
    for (const method of Object.keys(handler)) found.push(`${method} ${path}`);
  }
  assert.ok(found.length > 20, `${found.length} routes`);
  assert.deepEqual(
    found.sort(),
    OPERATIONS.map(({ method, path }) => `${method} ${path}`).sort(),
  );
});

Deno.test("/openapi.json is OpenAPI 3.1 with every reference resolved", async () => {
  const services = await fakeServices();
  const handler = createApp(() => services).handler();
  const url = "http://localhost/openapi.json";
  const response = await handler(new Request(url));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/json");
  const text = await response.text();
  const told = JSON.parse(text);
  assert.equal(told.openapi, "3.1.0");
  const names = new Set(Object.keys(told.components.schemas));
  const used = [...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, ref]) => ref);
  assert.ok(used.length > 20);
  for (const ref of used) {
    const name = /^#\/components\/schemas\/(\w+)$/.exec(ref)?.[1];
    assert.ok(name !== undefined && names.has(name), ref);
  }
  assert.ok(!text.includes("$schema") && !text.includes("__shared"));
  const etag = response.headers.get("etag")!;
  const again = await handler(
    new Request(url, { headers: { "If-None-Match": etag } }),
  );
  assert.equal(again.status, 304);
});

Deno.test("operations have names of their own, and say what goes wrong", () => {
  const all = Object.values(openApi().paths).flatMap((of) => Object.values(of));
  assert.equal(
    new Set(all.map(({ operationId }) => operationId)).size,
    OPERATIONS.length,
  );
  for (const { operationId, responses } of all) {
    assert.ok("200" in responses, operationId);
    if (/_(api|udf)_/.test(operationId)) {
      assert.ok("400" in responses, operationId);
    }
  }
});

Deno.test("parameters are told with type, bounds, words and default", () => {
  const { parameters } = openApi().paths["/api/candles"].get;
  const told = (name: string) => parameters.find((one) => one.name === name)!;
  assert.equal(told("symbol").required, true);
  assert.deepEqual(told("limit").schema, {
    type: "integer",
    minimum: 1,
    maximum: 10_000,
    default: 500,
  });
  assert.equal(told("interval").required, false);
  assert.equal(told("interval").schema.default, "1m");
  assert.ok(told("interval").schema.enum!.includes("1M"));
  assert.match(told("from").description!, /Unix milliseconds or ISO 8601/);
  const stream = openApi().paths["/api/stream"].get.parameters;
  const interval = stream.find(({ name }) => name === "interval")!;
  assert.deepEqual([interval.style, interval.explode], ["form", false]);
  assert.ok(stream.some(({ name }) => name === "Last-Event-ID"));
});

Deno.test("what is told of a parameter is what is held", async () => {
  const services = await fakeServices();
  const handler = createApp(() => services).handler();
  let checked = 0;
  for (const [path, { get }] of Object.entries(openApi().paths)) {
    if (!path.startsWith("/api/")) continue;
    for (const { name, schema } of get?.parameters ?? []) {
      const { minimum, maximum, enum: words } = schema;
      const wrong = maximum !== undefined
        ? [Number(minimum) - 1, maximum + 1, "x"]
        : words !== undefined
        ? ["no-such-word"]
        : [];
      for (const value of wrong) {
        const query = new URLSearchParams({ [name]: String(value) });
        const response = await handler(
          new Request(`http://localhost${path}?${query}`),
        );
        assert.equal(response.status, 400, `${path} ${query}`);
        const { errors } = await response.json();
        assert.ok(
          errors.some(({ parameter }: { parameter: string }) =>
            parameter === name
          ),
          `${path} ${query}`,
        );
        checked++;
      }
    }
  }
  assert.ok(checked > 20, `${checked} values`);
});
