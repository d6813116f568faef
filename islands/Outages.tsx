import { useEffect, useState } from "preact/hooks";
import { watchOutages } from "../components/browser/watch_outages.ts";
import { formatSeconds } from "../components/format_time.ts";
import type { Outage, OutageHere } from "../components/outage.ts";

/** What does not work and what becomes of the data, for as long as it holds. */
export default function Outages(props: Outage) {
  const [now, setNow] = useState<OutageHere>({
    ...props,
    unreachedSince: null,
  });
  useEffect(() => watchOutages(setNow, props), []);
  const { reasons, warnings, unreachedSince } = now;
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
