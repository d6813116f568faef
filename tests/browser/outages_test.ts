import assert from "node:assert/strict";
import { createApp } from "../../web/create_app.ts";
import { serveHttp } from "../../web/serve_http.ts";
import { browserTest, watchFaults } from "../harness/browser.ts";
import { fakeData, fakeServices } from "../web/fake_services.ts";

browserTest(
  "an open page says what does not work, until it does",
  async (browser) => {
    const data = fakeData();
    const services = await fakeServices({}, data);
    const server = await serveHttp(createApp(() => services).handler(), {
      host: "127.0.0.1",
      port: 0,
    });
    const told = (...reasons: readonly string[]) =>
      data.health = {
        ready: reasons.length === 0,
        reasons,
        warnings: [],
        details: {},
      };
    try {
      told("PostgreSQL does not answer: ticks wait in the buffer");
      const page = await browser.newPage();
      const faults = watchFaults(page, server.url);
      await page.goto(`${server.url}/`);
      const notice = page.locator(".outages .notice");
      assert.match(
        (await notice.textContent())!,
        /^PostgreSQL does not answer/,
      );

      told("Redis does not answer: nothing is read from feeds");
      await notice.filter({ hasText: "Redis does not answer" }).waitFor();
      assert.equal(await notice.count(), 1);
      told();
      await notice.waitFor({ state: "detached" });
      assert.deepEqual(faults, { errors: [], strangers: [] });
    } finally {
      await server.close();
    }
  },
);
