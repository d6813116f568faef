import type { FeedStatus } from "../pipeline/domain/live_event.ts";
import type { SignalAction } from "../pipeline/domain/signal.ts";
import { agedFeed } from "./describe_feed.ts";
import { expectedBps } from "./format_change.ts";
import type { LinkStatus } from "./link_status.ts";
import { currentForecast, currentSignal, type WatchRow } from "./watch_row.ts";

export const SORT_KEYS = [
  "symbol",
  "last",
  "change",
  "forecast",
  "signal",
  "skill",
  "feed",
] as const;
export type SortKey = typeof SORT_KEYS[number];

/** State of a feed, or why it has none. */
export type FeedGroup = FeedStatus | "closed";
export const FEED_GROUPS = [
  "live",
  "quiet",
  "stale",
  "down",
  "closed",
] as const satisfies readonly FeedGroup[];
export const ACTIONS = [
  "BUY",
  "SELL",
  "HOLD",
] as const satisfies readonly SignalAction[];

/** Which instruments are listed, and in which order: what the URL says. */
export interface WatchView {
  /** Words that symbol, name or exchange must have. */
  readonly q: string;
  readonly sort: SortKey;
  readonly desc: boolean;
  /** An exchange. */
  readonly market: string | null;
  readonly feed: FeedGroup | null;
  readonly signal: SignalAction | null;
}

/** Names from A on, numbers from the largest. */
export function isDescFirst(sort: SortKey): boolean {
  return sort !== "symbol" && sort !== "feed" && sort !== "signal";
}

export const DEFAULT_VIEW: WatchView = {
  q: "",
  sort: "symbol",
  desc: false,
  market: null,
  feed: null,
  signal: null,
};

const QUERY_CHARS_MAX = 80;

/** The view that a URL names; what is not understood is left out. */
export function viewFromQuery(query: URLSearchParams): WatchView {
  const oneOf = <T extends string>(name: string, words: readonly T[]) =>
    words.find((word) => word === query.get(name)) ?? null;
  const sort = oneOf("sort", SORT_KEYS) ?? "symbol";
  const dir = oneOf("dir", ["asc", "desc"]);
  return {
    q: (query.get("q") ?? "").slice(0, QUERY_CHARS_MAX),
    sort,
    desc: dir === null ? isDescFirst(sort) : dir === "desc",
    market: query.get("market") || null,
    feed: oneOf("feed", FEED_GROUPS),
    signal: oneOf("signal", ACTIONS),
  };
}

/** The parameters of a view's URL; `null` for those that it goes without. */
export function viewToParameters(
  view: WatchView,
): Readonly<Record<string, string | null>> {
  const { sort, desc } = view;
  return {
    q: view.q.trim() || null,
    sort: sort === "symbol" ? null : sort,
    dir: desc === isDescFirst(sort) ? null : desc ? "desc" : "asc",
    market: view.market,
    feed: view.feed,
    signal: view.signal,
  };
}

/** The address of a view of the list. */
export function viewHref(view: WatchView): string {
  const given = Object.entries(viewToParameters(view))
    .filter((one): one is [string, string] => one[1] !== null);
  const query = new URLSearchParams(given).toString();
  return query === "" ? "/" : `/?${query}`;
}

/** The view after a click on a column's head. */
export function sortedBy(view: WatchView, sort: SortKey): WatchView {
  const desc = view.sort === sort ? !view.desc : isDescFirst(sort);
  return { ...view, sort, desc };
}

/** Whether rows may come, go or change places by themselves. */
export function isMoving({ sort, feed, signal }: WatchView): boolean {
  return sort !== "symbol" || feed !== null || signal !== null;
}

export function feedGroup(
  row: WatchRow,
  now: number,
  link: LinkStatus,
): FeedGroup {
  const feed = agedFeed(row.feed, now, link);
  return feed.session === "closed" ? "closed" : feed.status;
}

/** The rows of a view, in its order: pinned ones first. */
export function arrangeRows(
  rows: Iterable<WatchRow>,
  view: WatchView,
  { pinned, now, link }: {
    readonly pinned: ReadonlySet<string>;
    /** Server's clock, Unix ms. */
    readonly now: number;
    readonly link: LinkStatus;
  },
): readonly WatchRow[] {
  const words = view.q.toLowerCase().split(/\s+/).filter(Boolean);
  const keyed = [...rows].filter((row) => {
    const text = `${row.symbol} ${row.name} ${row.exchange}`.toLowerCase();
    return words.every((word) => text.includes(word)) &&
      (view.market === null || row.exchange === view.market) &&
      (view.feed === null || feedGroup(row, now, link) === view.feed) &&
      (view.signal === null || currentSignal(row, now)?.action === view.signal);
  }).map((row) => ({
    row,
    pinned: pinned.has(row.symbol),
    // What one types is looked for as a symbol before all else.
    begins: words.length > 0 && row.symbol.toLowerCase().startsWith(words[0]),
    key: sortKey(row, view.sort, now, link),
  }));
  return keyed.sort((a, b) =>
    Number(b.pinned) - Number(a.pinned) ||
    Number(b.begins) - Number(a.begins) ||
    compare(a.key, b.key, view.desc) ||
    compare(a.row.symbol, b.row.symbol, false)
  ).map(({ row }) => row);
}

type Key = string | number | null;

/** What is not known comes last in either direction. */
function compare(a: Key, b: Key, desc: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order = a < b ? -1 : a > b ? 1 : 0;
  return desc ? -order : order;
}

function sortKey(
  row: WatchRow,
  sort: SortKey,
  now: number,
  link: LinkStatus,
): Key {
  switch (sort) {
    case "symbol":
      return row.symbol;
    case "last":
      return row.last?.c ?? null;
    case "change":
      return row.change?.pct ?? null;
    case "forecast": {
      const forecast = currentForecast(row, now);
      return forecast === null ? null : expectedBps(forecast);
    }
    case "signal": {
      const signal = currentSignal(row, now);
      return signal === null ? null : ACTIONS.indexOf(signal.action);
    }
    case "skill":
      return row.skill?.verdict === "suspicious"
        ? null
        : row.skill?.skill ?? null;
    case "feed":
      return FEED_GROUPS.indexOf(feedGroup(row, now, link));
  }
}
