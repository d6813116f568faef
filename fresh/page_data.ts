import { parse } from "devalue";

/** One island as the page names it for the browser. */
export interface IslandData {
  /** The file of the bundle that holds the component. */
  readonly module: string;
  /** The name under which the module exports it. */
  readonly name: string;
  readonly props: Record<string, unknown>;
}

/** All that the browser needs to bring a page's islands to life. */
export interface PageData {
  readonly buildId: string;
  readonly islands: readonly IslandData[];
}

/** What makes signals. */
type Signals = Pick<typeof import("@preact/signals"), "signal" | "computed">;

/** Whether props hold a signal: its code is loaded only then. */
export function hasSignals(text: string): boolean {
  return /\["(Signal|Computed)",/.test(text);
}

/**
 * Reads what `writePageData` wrote.
 *
 * @param signals May be `null` if there are none in it.
 */
export function readPageData(text: string, signals: Signals | null): PageData {
  return parse(text, {
    Computed: ([value]: [unknown]) => signals!.computed(() => value),
    Signal: ([value]: [unknown]) => signals!.signal(value),
  });
}
