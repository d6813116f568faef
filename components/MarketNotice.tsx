import type { MarketHours } from "./api_views.ts";
import { formatAge, formatMoment } from "./format_time.ts";
import { marketAt } from "./market_hours.ts";

/** Why nothing moves, and when it will; nothing while the market is open. */
export function MarketNotice({ hours, zone, now }: {
  readonly hours: MarketHours;
  /** That times are shown in. */
  readonly zone: string;
  readonly now: number;
}) {
  const { state, reason, holiday, opensAt } = marketAt(hours, now);
  if (state !== "closed" && state !== "pre_open") return null;
  const title = state === "pre_open"
    ? "Pre-open."
    : holiday !== null
    ? `Holiday: ${holiday}.`
    : "Market closed.";
  return (
    <p class="notice session" role="note">
      <b>{title}</b> {state === "pre_open"
        ? "Its indicative prices are in no candle."
        : holiday === null && reason !== null
        ? `${reason}.`
        : null} {opensAt === null
        ? "No tick is expected, and nothing is forecast, until it opens."
        : `It opens ${formatMoment(opensAt, zone)}, in ${
          formatAge(opensAt - now)
        }; until then no tick is expected and nothing is forecast.`}
    </p>
  );
}
