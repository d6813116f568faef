import assert from "node:assert/strict";
import { join } from "node:path";
import { makeCandles } from "../../pipeline/forecast/testing/make_candles.ts";
import { backtest } from "../../tasks/backtest.ts";
import { browserTest, watchFaults } from "../harness/browser.ts";

async function writeReport(dir: string): Promise<string> {
  const [file, html] = [join(dir, "a.csv"), join(dir, "a.html")];
  const rows = makeCandles({ n: 500, start: 0, phi: 0.6, sd: 3e-3 }).map(
    ({ t, open, high, low, close }) =>
      [t / 1_000, ...[open, high, low, close].map((p) => p.toFixed(2))].join(),
  );
  await Deno.writeTextFile(file, `t,o,h,l,c\n${rows.join("\n")}\n`);
  await backtest(["--file", file, "--html", html], undefined, {
    signal: new AbortController().signal,
    say() {},
  });
  return html;
}

browserTest(
  "the report of a backtest needs nothing, fits a phone, and is dark and light",
  async (browser) => {
    const dir = await Deno.makeTempDir({ prefix: "tickhouse-report-" });
    try {
      const html = await writeReport(dir);
      const looks = new Set<string>();
      for (const width of [375, 1280]) {
        for (const colorScheme of ["dark", "light"] as const) {
          const page = await browser.newPage({
            viewport: { width, height: 800 },
            colorScheme,
            javaScriptEnabled: false,
          });
          const faults = watchFaults(page, "file://");
          await page.goto(`file://${html}`);
          const look = await page.locator("section").first().evaluate((
            one,
          ) => ({
            wide: document.documentElement.scrollWidth - innerWidth,
            back: getComputedStyle(one).backgroundColor,
          }));
          assert.ok(look.wide <= 0, `${width}: ${look.wide} too wide`);
          looks.add(look.back);
          assert.match(await page.locator(".verdict").innerText(), /^Skill: /);
          const seen = page.locator(".plot svg:visible");
          assert.equal(await seen.count(), 6);
          for (const picture of await seen.all()) {
            const box = await picture.boundingBox();
            assert.ok(box !== null && box.width > 300 && box.height > 180);
          }
          assert.deepEqual(faults, { errors: [], strangers: [] });
          await page.close();
        }
      }
      assert.equal(looks.size, 2);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
);
