import type { VNode } from "preact";
import type { Island } from "./islands.ts";

/** What one rendering of a page collects. */
export interface RenderState {
  /** The islands in page order, each with the props it was given. */
  readonly islands: { island: Island; props: Record<string, unknown> }[];
  /** Elements of `<Head>` by key, that `<head>` has not yet taken up. */
  readonly head: Map<string, VNode>;
}

let current: RenderState | null = null;

/** The state of the rendering under way, which is always synchronous. */
export function renderState(): RenderState | null {
  return current;
}

/** Runs a synchronous rendering with its own state. */
export function withRenderState<T>(state: RenderState, render: () => T): T {
  const outer = current;
  current = state;
  try {
    return render();
  } finally {
    current = outer;
  }
}
