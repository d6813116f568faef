import { formatSeconds } from "./format_time.ts";
import type { OutageHere } from "./outage.ts";

/** What does not work and what becomes of the data, for as long as it holds. */
export function OutageNotices(
  { reasons, warnings, unreachedSince }: OutageHere,
) {
  return (
    <div class="outages" role="status">
      {unreachedSince !== null && (
        <p class="notice notice-down">
          This page does not reach Tickhouse since{" "}
          {formatSeconds(unreachedSince, "UTC")}{" "}
          UTC: what it shows is of then. It tries again every few seconds; ticks
          and candles do not need this page and lose nothing.
        </p>
      )}
      {reasons.map((reason) => (
        <p key={reason} class="notice notice-down">{reason}.</p>
      ))}
      {warnings.map((warning) => <p key={warning} class="notice">{warning}.
      </p>)}
    </div>
  );
}
