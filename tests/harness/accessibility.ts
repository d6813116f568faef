import assert from "node:assert/strict";
import type { Page } from "playwright-core";

const axe = Deno.readTextFile(
  new URL("../../node_modules/axe-core/axe.min.js", import.meta.url),
);

/**
 * What axe-core finds, in a line each.
 *
 * @param rules Those that are looked for; all by default.
 */
export async function violations(
  page: Page,
  rules?: readonly string[],
): Promise<readonly string[]> {
  await page.evaluate(await axe);
  return await page.evaluate(async (rules) => {
    // deno-lint-ignore no-explicit-any
    const { violations } = await (globalThis as any).axe.run(document, {
      resultTypes: ["violations"],
      ...rules && { runOnly: rules },
    });
    // deno-lint-ignore no-explicit-any
    return violations.flatMap(({ id, nodes }: any) =>
      // deno-lint-ignore no-explicit-any
      nodes.map(({ html, failureSummary }: any) =>
        `${id}: ${html.slice(0, 200)} ${failureSummary}`
      )
    );
  }, rules);
}

/** Steps in which even a long page is walked through. */
const STEPS_MAX = 400;

/**
 * Goes through the page by the Tab key, or through the dialog that is open: all
 * is reached, and seen to be.
 */
export async function walk(page: Page): Promise<void> {
  const wanted = await page.evaluate(() => {
    const root = document.querySelector("dialog:modal") ?? document;
    const all = root.querySelectorAll<HTMLElement>(
      "a[href], button:enabled, input:enabled, select:enabled, " +
        "textarea:enabled, summary, [tabindex='0']",
    );
    let n = 0;
    const radios = new Set<string>();
    for (const one of all) {
      if (!one.checkVisibility({ visibilityProperty: true })) continue;
      if (one.tabIndex < 0) continue;
      // Of a group of radio buttons one is in the way of the Tab key.
      if (one instanceof HTMLInputElement && one.type === "radio") {
        if (radios.has(one.name)) continue;
        radios.add(one.name);
        const checked = document.querySelector<HTMLElement>(
          `input[type=radio][name="${one.name}"]:checked`,
        );
        (checked ?? one).dataset.walk = `${n++}`;
        continue;
      }
      one.dataset.walk = `${n++}`;
    }
    return n;
  });
  assert.ok(wanted > 0, "there is something to be reached");
  const reached = new Set<string>();
  const unseen: string[] = [];
  for (let i = 0; i < STEPS_MAX && reached.size < wanted; i++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const one = document.activeElement as HTMLElement | null;
      if (one === null || one === document.body) return null;
      const outlined = [undefined, "::after", "::before"].some((pseudo) => {
        const style = getComputedStyle(one, pseudo);
        const outline = style.outlineStyle !== "none" &&
          parseFloat(style.outlineWidth) > 0;
        // The chart's is a border that lies over its canvas.
        const over = pseudo !== undefined && style.content !== "none" &&
          style.position === "absolute" &&
          parseFloat(style.borderTopWidth) > 0;
        return outline || over;
      });
      const { top, bottom, left, right } = one.getBoundingClientRect();
      const inside = bottom > 0 && top < innerHeight && right > 0 &&
        left < innerWidth;
      return {
        walk: one.dataset.walk ?? null,
        seen: outlined && inside,
        html: one.outerHTML.slice(0, 160),
      };
    });
    if (at === null) continue;
    if (at.walk !== null) reached.add(at.walk);
    if (!at.seen) unseen.push(at.html);
  }
  const missed = await page.evaluate(
    (reached) =>
      [...document.querySelectorAll<HTMLElement>("[data-walk]")]
        .filter((one) => !reached.includes(one.dataset.walk!))
        .map((one) => one.outerHTML.slice(0, 160)),
    [...reached],
  );
  assert.deepEqual(missed, [], "not reached by the Tab key");
  assert.deepEqual(unseen, [], "reached, but not seen to be");
}
