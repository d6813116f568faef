/**
 * The page of the pipeline in a real browser: it goes on by itself, takes
 * lines back out of quarantine, and says when it does not reach the program.
 */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { quarantineIdText } from "../../pipeline/domain/quarantine_id.ts";
import type { QuarantineDesk } from "../../pipeline/ports.ts";
import { createApp } from "../../web/create_app.ts";
import { type HttpServer, serveHttp } from "../../web/serve_http.ts";
import { browserTest } from "../harness/browser.ts";
import { freePort } from "../harness/free_port.ts";
import { fakeData, fakeServices } from "../web/fake_services.ts";

browserTest(
  "the page of the pipeline lives",
  async (browser, t) => {
    const data = fakeData();
    const asked: string[] = [];
    const desk: QuarantineDesk = {
      readmit(ids) {
        asked.push(...ids.map(quarantineIdText));
        const { counts, samples } = data.system.quarantine!;
        const left = samples.filter(({ id }) => !asked.includes(id));
        data.system = {
          ...data.system,
          quarantine: { counts: { ...counts, out_of_band: 4 }, samples: left },
        };
        return Promise.resolve({ readmitted: ids, refused: [], pending: [] });
      },
    };
    const never = () => Promise.reject(new Error("not in this test"));
    const services = await fakeServices({
      quarantine: {
        desk,
        store: {
          find: never,
          get: never,
          samples: never,
          counts: never,
          readmittedThrough: never,
        },
      },
    }, data);
    const app = createApp(() => services).handler();
    // It comes back to it.
    const at = { host: "127.0.0.1", port: freePort() };
    let server = await serveHttp(app, at);
    const page = await openPage(browser, server);
    try {
      await t.step("figures change without a reload", async () => {
        data.system = {
          ...data.system,
          commits: { ...data.system.commits, gap_ms_max: 7_777 },
        };
        await page.getByText("7.78 s between two commits").waitFor();
      });
      await t.step(
        "a line is taken back, and what came of it is told",
        async () => {
          const { samples } = data.system.quarantine!;
          await page.locator(".samples button").first().click();
          await page.getByText("1 line taken back into candles.").waitFor();
          assert.deepEqual(asked, [samples[0].id]);
          await page.locator(".reason-group", { hasText: "4 The price" })
            .waitFor();
        },
      );
      await t.step("all of a reason are asked for twice", async () => {
        const group = page.locator(".reason-group").first();
        await group.getByRole("button", { name: "Take all back" }).click();
        await group.getByRole("button", { name: "No" }).click();
        assert.equal(asked.length, 1, "nothing was taken back");
      });
      await t.step(
        "a program that is not reached is told, until it is",
        async () => {
          await server.close();
          const notice = page.locator(".notice-down", {
            hasText: "This page does not reach Tickhouse since",
          });
          await notice.waitFor();
          await page.locator(".system-link", { hasText: "not reached" })
            .waitFor();
          server = await serveHttp(app, at);
          await notice.waitFor({ state: "detached" });
          await page.getByText("all works").waitFor();
        },
      );
    } finally {
      await page.context().close();
      await server.close();
    }
  },
);

async function openPage(browser: Browser, server: HttpServer): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${server.url}/system`);
  await page.locator(".samples button:enabled").first().waitFor();
  return page;
}
