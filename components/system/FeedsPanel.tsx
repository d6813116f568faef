import { formatBytes, formatRate } from "../format_amount.ts";
import { formatCount } from "../format_price.ts";
import { formatAge, formatSeconds } from "../format_time.ts";
import type { EndpointView, FeedView, SystemView } from "../system_view.ts";
import { WideTable } from "./WideTable.tsx";

/** Where ticks come from, and what came. */
export function FeedsPanel({ feeds, at }: {
  readonly feeds: SystemView["feeds"];
  readonly at: number;
}) {
  return (
    <section class="panel wide-panel" aria-labelledby="feeds-title">
      <h2 id="feeds-title">Feeds</h2>
      {feeds === null
        ? <p>This process takes no feeds; others that share the stores do.</p>
        : (
          <>
            <ul class="endpoints">
              {feeds.endpoints.map((one) => (
                <li key={one.url}>
                  <code>{one.url}</code> {one.format.toUpperCase()},{" "}
                  {endpointState(one, at)}
                </li>
              ))}
            </ul>
            {feeds.feeds.length === 0
              ? <p class="muted">No feed has come since the start.</p>
              : (
                <WideTable
                  label="Feeds since the start of this process"
                  head={FEED_HEAD}
                >
                  {feeds.feeds.map((feed) => (
                    <FeedRow
                      key={`${feed.feed} ${feed.epoch}`}
                      feed={feed}
                      at={at}
                    />
                  ))}
                </WideTable>
              )}
            <p class="fine">
              Acknowledged feeds number their ticks, are told what is committed
              and send the rest again: nothing is lost. Of the others, what they
              send while we are away is lost. Counts are since this process
              started.
            </p>
          </>
        )}
    </section>
  );
}

const FEED_HEAD = [
  "Feed",
  "State",
  "Delivery",
  "Lines/s#",
  "Received#",
  "Duplicates#",
  "Rejected#",
  "Resends#",
  "Missing#",
  "Not committed#",
  "Last line#",
];

const FeedRow = ({ feed, at }: {
  readonly feed: FeedView;
  readonly at: number;
}) => (
  <tr>
    <th scope="row">
      {feed.feed} <small>epoch {feed.epoch}</small>
    </th>
    <td>
      {feedState(feed)}
      {feed.trouble !== null && <small class="overdue">{feed.trouble}</small>}
    </td>
    <td>{feed.delivery === "acked" ? "acknowledged" : "best effort"}</td>
    <td class="num">{formatRate(feed.per_second)}</td>
    <td class="num">{formatCount(feed.received)}</td>
    <td class="num">{formatCount(feed.duplicates)}</td>
    <td class="num">{formatCount(feed.rejected)}</td>
    <td class="num">{formatCount(feed.resends)}</td>
    <td class="num">{formatCount(feed.missing + feed.lost)}</td>
    <td class="num">{formatBytes(feed.uncommitted_bytes)}</td>
    <td class="num">
      {feed.last_received === null
        ? "–"
        : `${formatAge(at - feed.last_received)} ago`}
    </td>
  </tr>
);

function endpointState({ state, since, error }: EndpointView, at: number) {
  const forTime = `for ${formatAge(at - since)}`;
  switch (state) {
    case "listening":
      return `listening ${forTime}`;
    case "connected":
      return `connected ${forTime}`;
    case "away":
      return `not reached ${forTime}, dialled again and again` +
        (error === null ? "" : ` (${error})`);
  }
}

function feedState(
  { connections, ended, away_since, paused, replay, peers }: FeedView,
) {
  const kind = replay ? "replay, " : "";
  if (paused) return `${kind}made to wait`;
  if (connections > 0) return `${kind}connected from ${peers.join(", ")}`;
  if (ended) return `${kind}has sent everything`;
  return away_since === null
    ? `${kind}not connected`
    : `${kind}away since ${formatSeconds(away_since, "UTC")} UTC`;
}
