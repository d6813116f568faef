import type { CandleView } from "../pipeline/domain/candle.ts";
import type { ForecastView } from "../pipeline/domain/forecast.ts";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import type { InstrumentView, PriceChange } from "./api_views.ts";
import { ChangeText } from "./ChangeText.tsx";
import { FeedBadge } from "./FeedBadge.tsx";
import { ForecastAge } from "./ForecastAge.tsx";
import { changeTo } from "./format_change.ts";
import { formatPrice } from "./format_price.ts";
import { InstrumentSelector } from "./InstrumentSelector.tsx";
import { LINK_WORDS, type LinkStatus } from "./link_status.ts";
import type { InstrumentChoice } from "./match_instruments.ts";

/** Which instrument, its last price, and how fresh each thing here is. */
export function InstrumentHeader(
  { instrument, others, interval, minute, change, forecast, feed, link, now }: {
    readonly instrument: InstrumentView;
    readonly others: readonly InstrumentChoice[];
    readonly interval: string;
    readonly minute: CandleView | null;
    readonly change: PriceChange | null;
    readonly forecast: ForecastView | undefined;
    readonly feed: FeedState;
    readonly link: LinkStatus;
    readonly now: number;
  },
) {
  const { symbol, name, price_scale: decimals } = instrument;
  return (
    <header class="instrument">
      <InstrumentSelector symbol={symbol} others={others} interval={interval} />
      <div class="title">
        <h1>
          <span class="visually-hidden">{symbol}</span>
          {name === symbol ? null : name}
        </h1>
        <small>
          {[instrument.exchange, instrument.currency]
            .filter((word) => word !== "unknown").join(" · ")}
        </small>
      </div>
      <p class="last">
        <b>{minute === null ? "–" : formatPrice(minute.c, decimals)}</b>
        {change !== null && (
          <ChangeText
            change={minute === null ? change : changeTo(minute.c, change)}
            decimals={decimals}
            now={now}
          />
        )}
      </p>
      <dl class="states">
        <div>
          <dt>Page</dt>
          <dd>
            <span class={`link link-${link}`} role="status">
              {LINK_WORDS[link]}
            </span>
          </dd>
        </div>
        <div>
          <dt>Data</dt>
          <dd>
            <FeedBadge feed={feed} now={now} link={link} />
          </dd>
        </div>
        <div>
          <dt>Forecast</dt>
          <dd>
            <ForecastAge
              forecast={forecast}
              session={feed.session}
              now={now}
            />
          </dd>
        </div>
      </dl>
    </header>
  );
}
