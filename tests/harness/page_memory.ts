import type { CDPSession, Page } from "playwright-core";

/** What a page holds on to, once garbage is collected. */
export interface PageMemory {
  /** Bytes of the JavaScript heap. */
  readonly heap: number;
  /** Nodes of the DOM, those in no document as well. */
  readonly nodes: number;
  readonly listeners: number;
}

const SAMPLES = 5;

/** The median of each over several collections: what a frame holds varies. */
export async function pageMemory(
  page: Page,
  cdp: CDPSession,
): Promise<PageMemory> {
  const samples: PageMemory[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    // The second finds what finalizers of the first let go.
    await cdp.send("HeapProfiler.collectGarbage");
    await cdp.send("HeapProfiler.collectGarbage");
    const { usedSize } = await cdp.send("Runtime.getHeapUsage");
    const { nodes, jsEventListeners } = await cdp.send("Memory.getDOMCounters");
    samples.push({ heap: usedSize, nodes, listeners: jsEventListeners });
    await page.evaluate(() =>
      new Promise<void>((done) => requestAnimationFrame(() => done()))
    );
  }
  const median = (of: (sample: PageMemory) => number) =>
    samples.map(of).toSorted((a, b) => a - b)[SAMPLES >> 1];
  return {
    heap: median(({ heap }) => heap),
    nodes: median(({ nodes }) => nodes),
    listeners: median(({ listeners }) => listeners),
  };
}
