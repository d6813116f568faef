import { type ComponentType, h, render } from "preact";
import { setBuildId } from "./build_id.ts";
import { hasSignals, type IslandData, readPageData } from "./page_data.ts";
import { rangeRoot } from "./range_root.ts";

/** A page that is not drawn, such as one in the background, is not waited for. */
const PAINT_MS_MAX = 200;

/**
 * The browser's side: mounts the islands of the page into their markup, once
 * that has been painted.
 */
async function boot(): Promise<void> {
  await firstPaint();
  const text = document.getElementById("islands")?.textContent;
  if (!text) return;
  const signals = hasSignals(text) ? await import("@preact/signals") : null;
  const page = readPageData(text, signals);
  setBuildId(page.buildId);
  const ranges = findRanges(document.body);
  await Promise.all(page.islands.map(async (island, index) => {
    try {
      const range = ranges.get(index);
      if (range === undefined) throw new Error("its markup is not there");
      await mount(island, range);
    } catch (error) {
      // One island that fails leaves the others, and its own markup, as is.
      console.error(`Cannot start island ${island.name}`, error);
    }
  }));
}

/** Code that runs before the first frame holds it up; the markup needs none. */
function firstPaint(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, PAINT_MS_MAX);
  });
}

async function mount(
  { module, name, props }: IslandData,
  range: Range,
): Promise<void> {
  const exports = await import(new URL(module, import.meta.url).href);
  const component: ComponentType<typeof props> = exports[name];
  render(h(component, props), rangeRoot(range.start, range.end));
}

interface Range {
  readonly start: Text;
  readonly end: Text;
}

/**
 * The markup of each island, between two comments.
 *
 * Comments become empty texts, as Preact steps over comments when it looks for
 * the place of a node, and so over the end of the island.
 */
function findRanges(body: HTMLElement): Map<number, Range> {
  const comments: Comment[] = [];
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_COMMENT);
  while (walker.nextNode()) comments.push(walker.currentNode as Comment);

  const ranges = new Map<number, Range>();
  let open: { index: number; start: Text } | null = null;
  for (const comment of comments) {
    if (comment.data.startsWith("island:")) {
      open = {
        index: Number(comment.data.slice(7)),
        start: emptyText(comment),
      };
    } else if (comment.data === "/island" && open !== null) {
      const end = emptyText(comment);
      // Markup that is no valid HTML is moved about by the browser.
      if (end.parentNode === open.start.parentNode) {
        ranges.set(open.index, { start: open.start, end });
      }
      open = null;
    }
  }
  return ranges;
}

function emptyText(comment: Comment): Text {
  const text = document.createTextNode("");
  comment.replaceWith(text);
  return text;
}

await boot();
