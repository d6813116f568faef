import type { FeedState, FeedStatus } from "../pipeline/domain/live_event.ts";
import { formatAge } from "./format_time.ts";

/** A shape for each state, so that colour is not the only cue. */
export const FEED_SHAPES: Record<FeedStatus, string> = {
  live: "●",
  quiet: "◐",
  stale: "◌",
  down: "✕",
};

/** The state of a feed in a word or two. */
export function feedWord(feed: FeedState): string {
  if (feed.status === "down") return "no feed";
  if (feed.session === "closed") return "market closed";
  return feed.status;
}

/** What the state means, for a tooltip. */
export function describeFeed(feed: FeedState): string {
  const delivery = feed.delivery === null
    ? ""
    : feed.delivery === "acked"
    ? " It numbers its ticks and sends again what was not stored."
    : " It does not number its ticks: what it sends while we are away is lost.";
  const name = feed.feed === null ? "" : `Feed ${feed.feed}. `;
  switch (feed.status) {
    case "down":
      return `${name}Nothing is connected for this instrument.${delivery}`;
    case "stale":
      return `${name}Nothing current for two minutes or more.${delivery}`;
    case "quiet":
      return feed.session === "closed"
        ? `${name}Connected; the market is closed.${delivery}`
        : `${name}Connected; no tick for 15 seconds or more.${delivery}`;
    case "live":
      return `${name}Ticks are coming.${delivery}`;
  }
}

/** Age of the newest tick, in words. */
export function dataAge(feed: FeedState, now: number): string {
  return feed.last_tick === null
    ? "no data yet"
    : `${formatAge(now - feed.last_tick)} old`;
}
