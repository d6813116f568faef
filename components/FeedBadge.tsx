import type { FeedState } from "../pipeline/domain/live_event.ts";
import {
  agedFeed,
  dataAge,
  describeFeed,
  FEED_SHAPES,
  feedLook,
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
  const look = feedLook(feed);
  return (
    <span class={`feed feed-${look}`} title={describeFeed(feed)}>
      <span aria-hidden="true">{FEED_SHAPES[look]}</span> {feedWord(feed)}
      <small>{dataAge(feed, now)}</small>
    </span>
  );
}
