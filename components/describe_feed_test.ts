import assert from "node:assert/strict";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import { describeFeed, feedLook, feedWord } from "./describe_feed.ts";

const feed = (
  status: FeedState["status"],
  session: FeedState["session"],
): FeedState => ({
  symbol: "A",
  feed: null,
  status,
  session,
  delivery: null,
  last_tick: null,
  lag_ms: null,
});

Deno.test("no feed is at fault while the market is closed", () => {
  for (const status of ["down", "stale", "quiet", "live"] as const) {
    const closed = feed(status, "closed");
    assert.equal(feedLook(closed), "closed");
    assert.equal(feedWord(closed), "market closed");
    assert.match(describeFeed(closed), /The market is closed/);
  }
  assert.match(describeFeed(feed("down", "closed")), /nothing is connected/);
  assert.equal(feedLook(feed("down", "open")), "down");
  assert.equal(feedWord(feed("down", "open")), "no feed");
});
