import type { FeedState, FeedStatus } from "../pipeline/domain/live_event.ts";
import type { CandleView } from "../pipeline/domain/candle.ts";
import { formatAge } from "./format_time.ts";
import type { LinkStatus } from "./link_status.ts";

/** How a state is shown: while the market is closed, no feed is at fault. */
export type FeedLook = FeedStatus | "closed";

export function feedLook({ status, session }: FeedState): FeedLook {
  return session === "closed" ? "closed" : status;
}

/** A shape for each look, so that colour is not the only cue. */
export const FEED_SHAPES: Record<FeedLook, string> = {
  live: "●",
  quiet: "◐",
  stale: "◌",
  down: "✕",
  closed: "○",
};

/** The state of a feed in a word or two. */
export function feedWord(feed: FeedState): string {
  const look = feedLook(feed);
  if (look === "closed") return "market closed";
  return look === "down" ? "no feed" : look;
}

/** What the state means, for a tooltip. */
export function describeFeed(feed: FeedState): string {
  const delivery = feed.delivery === null
    ? ""
    : feed.delivery === "acked"
    ? " It numbers its ticks and sends again what was not stored."
    : " It does not number its ticks: what it sends while we are away is lost.";
  const name = feed.feed === null ? "" : `Feed ${feed.feed}. `;
  switch (feedLook(feed)) {
    case "closed":
      return `${name}The market is closed; ${
        feed.status === "down"
          ? "nothing is connected for this instrument"
          : "the feed is connected"
      }.${delivery}`;
    case "down":
      return `${name}Nothing is connected for this instrument.${delivery}`;
    case "stale":
      return `${name}Nothing current for two minutes or more.${delivery}`;
    case "quiet":
      return `${name}Connected; no tick for 15 seconds or more.${delivery}`;
    case "live":
      return `${name}Ticks are coming.${delivery}`;
  }
}

/** A state told this long ago is doubted while no tick has come since. */
const DOUBT_AFTER_MS = 20_000;
const STALE_AFTER_MS = 120_000;
/** The same, while the page cannot hear of any. */
const UNHEARD_AFTER_MS = 5_000;

/**
 * The state as it is by now: a page that hears nothing more must not go on
 * saying "live".
 */
export function agedFeed(
  feed: FeedState,
  now: number,
  link: LinkStatus,
): FeedState {
  if (feed.status === "down" || feed.session === "closed") return feed;
  const age = now - (feed.last_tick ?? 0) - (feed.lag_ms ?? 0);
  if (age > STALE_AFTER_MS) return { ...feed, status: "stale" };
  const doubtAfter = link === "offline" ? UNHEARD_AFTER_MS : DOUBT_AFTER_MS;
  return feed.status === "live" && age > doubtAfter
    ? { ...feed, status: "quiet" }
    : feed;
}

/** Age of the newest tick, in words. */
export function dataAge(feed: FeedState, now: number): string {
  return feed.last_tick === null
    ? "no data yet"
    : `${formatAge(now - feed.last_tick)} old`;
}

/**
 * The state after an update of a forming candle: a tick has come, although
 * states themselves are told only when they change.
 */
export function feedAfter(
  feed: FeedState,
  candle: CandleView,
  now: number,
): FeedState {
  if (candle.closed) return feed;
  const end = candle.t + 60_000;
  const came = Math.min(now - (feed.lag_ms ?? 0), end);
  return came > (feed.last_tick ?? 0) ? { ...feed, last_tick: came } : feed;
}
