import assert from "node:assert/strict";
import { createApp } from "../../web/create_app.ts";
import { stylesOf } from "../../web/page_styles.ts";
import { fakeServices } from "./fake_services.ts";

const services = await fakeServices();
const handler = createApp(() => services).handler();
const ask = (path: string, headers: Record<string, string> = {}) =>
  handler(new Request(`http://localhost${path}`, { headers }));

Deno.test("a page has one stylesheet, with all that its parts need", async () => {
  for (
    const [path, own] of [
      ["/", "watchlist"],
      ["/instruments/NIFTY50", "instrument"],
      ["/settings", "settings"],
      ["/alerts", "settings"],
      ["/docs", "docs"],
      ["/system", null],
    ] as const
  ) {
    const html = await (await ask(path)).text();
    const hrefs = [...html.matchAll(/<link rel="stylesheet" href="([^"]+)"/g)];
    assert.equal(hrefs.length, 1, path);
    const css = await (await ask(hrefs[0][1])).text();
    for (const name of ["styles", "chart", "system", "alerts", own]) {
      if (name === null) continue;
      const text = await Deno.readTextFile(`static/${name}.css`);
      assert.ok(css.includes(text), `${name}.css on ${path}`);
    }
    const print = await Deno.readTextFile("static/print.css");
    assert.ok(css.includes(`@media print {\n${print}}`), `print on ${path}`);
  }
});

Deno.test("styles are kept for as long as the build that names them", async () => {
  const kept = await ask(stylesOf("watchlist"));
  assert.match(kept.headers.get("cache-control")!, /immutable/);
  assert.equal(kept.headers.get("content-type"), "text/css; charset=utf-8");
  const etag = kept.headers.get("etag")!;
  const again = await ask(stylesOf("watchlist"), { "if-none-match": etag });
  assert.deepEqual([again.status, await again.text()], [304, ""]);

  for (const query of ["", "?__frsh_c=other"]) {
    const { headers } = await ask(`/styles/watchlist.css${query}`);
    assert.equal(headers.get("cache-control"), "no-cache", query);
  }
  for (const name of ["none", "constructor", "watchlist%2F"]) {
    assert.equal((await ask(`/styles/${name}.css`)).status, 404, name);
  }
});
