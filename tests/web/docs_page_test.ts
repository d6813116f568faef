import assert from "node:assert/strict";
import { createApp } from "../../web/create_app.ts";
import { openApi } from "../../web/openapi.ts";
import { fakeServices } from "./fake_services.ts";

async function docs(path = "/docs") {
  const services = await fakeServices();
  const handler = createApp(() => services).handler();
  const response = await handler(new Request(`http://localhost${path}`));
  assert.equal(response.status, 200);
  return await response.text();
}

Deno.test("the page of the API tells every operation, its parameters and schemas", async () => {
  const html = await docs();
  const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  const { paths, components } = openApi();
  for (
    const operation of Object.values(paths).flatMap((of) => Object.values(of))
  ) {
    assert.ok(ids.has(operation.operationId), operation.operationId);
    for (const { name } of operation.parameters) {
      assert.ok(html.includes(`<code>${name}</code>`), name);
    }
  }
  for (const name of Object.keys(components.schemas)) {
    assert.ok(ids.has(`schema-${name}`), name);
  }
  const links = [...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
  assert.ok(links.length > 50);
  for (const id of links) {
    if (id !== "main") assert.ok(ids.has(id), `#${id}`);
  }
  assert.match(html, /must be given/);
  assert.match(html, /&quot;out_of_band&quot;|out_of_band/);
});

Deno.test("every page leads to that of the API", async () => {
  assert.match(await docs("/"), /<a href="\/docs">API<\/a>/);
});

Deno.test("examples ask this program for an instrument that it has", async () => {
  const html = await docs();
  assert.match(
    html,
    /curl 'http:\/\/localhost\/api\/candles\?symbol=(EUR%2FUSD|NIFTY50)'/,
  );
});
