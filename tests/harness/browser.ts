import fs from "node:fs";
import type { Browser, Page } from "playwright-core";

/** Whatever a page does, on a machine that does something else as well. */
const WAIT_MS_MAX = 120_000;
const EXECUTABLES = [
  Deno.env.get("CHROMIUM"),
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

function findBrowser(): string | null {
  for (const path of EXECUTABLES) {
    if (!path) continue;
    if (fs.existsSync(path)) return path;
  }
  return null;
}

/**
 * Loads the browser's driver. It looks for Windows' subsystem under `/proc`,
 * which Deno opens to nobody without all permissions: to it, that is not there.
 */
async function loadDriver() {
  const { existsSync } = fs;
  fs.existsSync = (path) => {
    try {
      return existsSync(path);
    } catch {
      return false;
    }
  };
  try {
    return (await import("playwright-core")).chromium;
  } finally {
    fs.existsSync = existsSync;
  }
}

async function launch(
  executablePath: string,
  flags: readonly string[] = [],
): Promise<Browser> {
  const chromium = await loadDriver();
  const browser = await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...flags,
    ],
  });
  browser.on("context", (context) => context.setDefaultTimeout(WAIT_MS_MAX));
  return browser;
}

/**
 * A browser, for what is no test.
 *
 * @param flags Beside the usual ones.
 * @throws {Error} If none is installed.
 */
export async function openBrowser(
  flags: readonly string[] = [],
): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === null) {
    throw new Error("Chromium must be installed, or CHROMIUM be its path");
  }
  return await launch(executablePath, flags);
}

/**
 * A test in a real browser. Where none is installed it says that it was
 * ignored; in CI that is a failure.
 */
export function browserTest(
  name: string,
  run: (browser: Browser, t: Deno.TestContext) => Promise<void>,
): void {
  const executablePath = findBrowser();
  if (executablePath === null && Deno.env.get("CI") === "true") {
    Deno.test(name, () => {
      throw new Error("Chromium must be installed in CI");
    });
    return;
  }
  Deno.test({
    name: name + (executablePath ? "" : " (ignored: no Chromium was found)"),
    ignore: executablePath === null,
    async fn(t) {
      const browser = await launch(executablePath!);
      try {
        await run(browser, t);
      } finally {
        await browser.close();
      }
    },
  });
}

/**
 * Waits until all islands of a page have begun, each by itself, and their first
 * effects have run: until then nobody hears what is pressed or told there.
 */
export async function islandsBegun(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const boot = document.querySelector<HTMLScriptElement>(
      'script[type="module"][src$="/boot.js"]',
    );
    // It runs once: to import it again is to wait for its end.
    if (boot !== null) await import(boot.src);
    // Effects run after the next frame.
    await new Promise<void>((resolve) =>
      requestAnimationFrame(() => setTimeout(() => setTimeout(resolve)))
    );
  });
}

/** What a page did that it should not have. */
export interface PageFaults {
  /** Errors on the console and uncaught ones, with CSP violations. */
  readonly errors: string[];
  /** Requests to any host but the program's. */
  readonly strangers: string[];
}

/** Records the faults of a page from its first moment on. */
export function watchFaults(page: Page, http: string): PageFaults {
  const faults: PageFaults = { errors: [], strangers: [] };
  page.on("console", (message) => {
    if (message.type() === "error" || /Content.Security/.test(message.text())) {
      faults.errors.push(message.text());
    }
  });
  page.on("pageerror", (error) => faults.errors.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${http}/`) && !url.startsWith("data:")) {
      faults.strangers.push(url);
    }
  });
  return faults;
}
