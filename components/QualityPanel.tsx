import type { ComponentChildren } from "preact";
import type { QualitySpan, QualityView } from "./api_views.ts";
import { formatShare } from "./format_change.ts";
import { formatCount } from "./format_price.ts";
import { formatClock, formatDay } from "./format_time.ts";

const KINDS: Record<QualitySpan["kind"], string> = {
  covered: "candles",
  quiet: "quiet",
  partly: "partly covered",
  missing: "no feed",
};

/** What the candles of the day rest on. */
export function QualityPanel({ quality, zone }: {
  readonly quality: QualityView | null;
  readonly zone: string;
}) {
  if (quality === null) {
    return (
      <section class="panel" aria-labelledby="quality-title">
        <h2 id="quality-title">Data quality of the day</h2>
        <p class="muted">Not known yet: no candle of this day was read.</p>
      </section>
    );
  }
  const { minutes, completeness, gaps } = quality;
  const rejected = Object.entries(quality.rejected);
  return (
    <section class="panel quality" aria-labelledby="quality-title">
      <h2 id="quality-title">
        Data quality of the day <small>{formatDay(quality.from, zone)}</small>
      </h2>
      <p class="headline">
        <b>{completeness === null ? "–" : shareDown(completeness)}</b>
        <span class="muted">
          {completeness === null
            ? "no minute of a session is over"
            : `of ${formatCount(minutes.expected)} minutes covered by a feed`}
        </span>
      </p>
      <DayStrip quality={quality} zone={zone} />
      <dl class="facts">
        <Fact name="Ticks">
          {formatCount(quality.ticks)} in {formatCount(minutes.with_candle)}
          {" "}
          candles
        </Fact>
        <Fact name="Quiet">
          {count(minutes.quiet, "minute")} with a feed and without a tick
        </Fact>
        <Fact name="Not covered">
          {count(minutes.missing, "minute")} without a feed,{" "}
          {minutes.partly_covered} partly covered;{" "}
          {count(gaps.outages, "outage")}, {gaps.never_sent === 0
            ? "no number missing"
            : `numbers missing ${gaps.never_sent}×`}
        </Fact>
        <Fact name="Late">
          {quality.revisions === 0
            ? "no candle revised"
            : `${count(minutes.revised, "candle")} revised, ${
              count(quality.revisions, "time")
            }`}; {count(quality.rejected.too_late?.lines ?? 0, "tick")} too late
        </Fact>
        <Fact name="Rejected">
          {rejected.length === 0
            ? "nothing"
            : rejected.map(([reason, { lines, readmitted }]) =>
              `${formatCount(lines)} ${reason.replaceAll("_", " ")}${
                readmitted === 0 ? "" : ` (${readmitted} taken back)`
              }`
            ).join(", ")}
        </Fact>
        {quality.feeds.slice(0, 2).map((feed) => (
          <Fact key={`${feed.feed} ${feed.epoch}`} name={`Feed ${feed.feed}`}>
            {formatCount(feed.received)} lines since it began,{" "}
            {formatCount(feed.duplicates)} of them duplicates
          </Fact>
        ))}
        {quality.clock_skew !== null && (
          <Fact name="Clock">
            ticks came in {describeSkew(quality.clock_skew.p50_ms)}{" "}
            their own time (median), {describeSkew(quality.clock_skew.p99_ms)}
            {" "}
            (99th percentile)
          </Fact>
        )}
        {minutes.imported > 0 && (
          <Fact name="Imported">
            {count(minutes.imported, "candle")} of history, not made of ticks
          </Fact>
        )}
      </dl>
    </section>
  );
}

function Fact({ name, children }: {
  readonly name: string;
  readonly children: ComponentChildren;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The day from its first session's open on, minute by minute, as a strip. */
function DayStrip({ quality, zone }: {
  readonly quality: QualityView;
  readonly zone: string;
}) {
  const { spans } = quality;
  const first = spans.at(0);
  const last = spans.at(-1);
  if (first === undefined || last === undefined) return null;
  const minute = (t: number) => (t - first.from) / 60_000;
  const kinds = [...new Set(spans.map(({ kind }) => kind))];
  return (
    <figure class="plot strip">
      <svg
        viewBox={`0 0 ${minute(last.to)} 10`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`From ${formatClock(first.from, zone)} to ${
          formatClock(last.to, zone)
        }: ${spans.length} stretches`}
      >
        {spans.map(({ kind, from, to }) => (
          <rect
            key={from}
            class={`strip-${kind}`}
            x={minute(from)}
            width={minute(to) - minute(from)}
            height="10"
          />
        ))}
      </svg>
      <figcaption class="fine">
        <span>{formatClock(first.from, zone)}</span>
        <span class="strip-key">
          {kinds.map((kind) => (
            <span key={kind} class={`key-${kind}`}>{KINDS[kind]}</span>
          ))}
        </span>
        <span>{formatClock(last.to, zone)}</span>
      </figcaption>
    </figure>
  );
}

/** Rounded down, so that what is not complete is not called so. */
function shareDown(share: number): string {
  return formatShare(Math.floor(share * 1_000) / 1_000, 1);
}

/** How long after its own time a tick came in, or before it. */
function describeSkew(ms: number): string {
  const away = Math.abs(ms);
  const text = away < 10_000
    ? `${formatCount(Math.round(away))} ms`
    : `${formatCount(Math.round(away / 1_000))} s`;
  return `${text} ${ms < 0 ? "before" : "after"}`;
}

function count(n: number, word: string): string {
  return `${formatCount(n)} ${word}${n === 1 ? "" : "s"}`;
}
