import type { ComponentChildren } from "preact";
import { formatMoment, formatZone } from "./format_time.ts";

/** A market that is closed, and when it opens. */
export interface ClosedMarket {
  readonly exchange: string;
  readonly calendar: string;
  /** One of its instruments. */
  readonly symbol: string;
  /** IANA name of the exchange's time zone. */
  readonly zone: string;
  /** Such as the name of a holiday. */
  readonly reason: string | null;
  /** Unix ms; `null` if the calendar does not say. */
  readonly opensAt: number | null;
}

/** Says why nothing moves while every market is closed, and until when. */
export function ClosedMarkets({ markets, seen, children }: {
  readonly markets: readonly ClosedMarket[];
  /** There are candles of earlier sessions. */
  readonly seen: boolean;
  /** What can be done meanwhile. */
  readonly children?: ComponentChildren;
}) {
  if (markets.length === 0) return null;
  return (
    <div class="banner" role="note">
      <p>
        <b>
          {markets.length === 1
            ? "The market is closed."
            : "All markets are closed."}
        </b>{" "}
        {seen ? "Prices shown are those of the last session. " : ""}
        Ticks that come meanwhile are refused, as stale feeds replay old days.
        Recorded days keep their own times and can be played at any time;
        candles of history can be imported.
      </p>
      <ul>
        {markets.map((market) => (
          <li key={`${market.exchange} ${market.calendar}`}>
            {market.exchange.toLowerCase() === market.calendar.toLowerCase()
              ? market.exchange
              : market.calendar}
            {market.opensAt === null
              ? " has no session in the next three weeks"
              : ` opens ${formatMoment(market.opensAt, market.zone)} ${
                formatZone(market.opensAt, market.zone)
              }`}
            {market.reason !== null && market.reason !== "" &&
              `; ${market.reason}`}
          </li>
        ))}
      </ul>
      {children}
    </div>
  );
}
