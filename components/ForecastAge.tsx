import type { ForecastView } from "../pipeline/domain/forecast.ts";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import { isCurrent } from "./forecast_parts.ts";
import { formatAge } from "./format_time.ts";

/** How old the forecast is; a warning in words once its minute is over. */
export function ForecastAge({ forecast, session, now }: {
  readonly forecast: ForecastView | undefined;
  readonly session: FeedState["session"];
  readonly now: number;
}) {
  if (forecast === undefined) return <span class="muted">none yet</span>;
  const age = `${formatAge(now - forecast.made_at)} old`;
  if (isCurrent(forecast, now)) return <span class="age">{age}</span>;
  // Nothing is forecast while the market is closed: no cause for alarm.
  const word = session === "closed" ? "paused" : "out of date";
  return (
    <span class={`age ${session === "closed" ? "muted" : "overdue"}`}>
      <span aria-hidden="true">◌</span> {word}, {age}
    </span>
  );
}
