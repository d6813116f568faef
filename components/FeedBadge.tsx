import type { FeedState } from "../pipeline/domain/live_event.ts";
import {
  agedFeed,
  dataAge,
  describeFeed,
  FEED_SHAPES,
  feedWord,
} from "./describe_feed.ts";
import type { LinkStatus } from "./link_status.ts";

/** How fresh the data are, and since when. */
export function FeedBadge(props: {
  readonly feed: FeedState;
  readonly now: number;
  readonly link: LinkStatus;
}) {
  const { now, link } = props;
  const feed = agedFeed(props.feed, now, link);
  return (
    <span class={`feed feed-${feed.status}`} title={describeFeed(feed)}>
      <span aria-hidden="true">{FEED_SHAPES[feed.status]}</span>{" "}
      {feedWord(feed)}
      <small>{dataAge(feed, now)}</small>
    </span>
  );
}
