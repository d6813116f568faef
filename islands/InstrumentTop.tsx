import { useEffect } from "preact/hooks";
import { useInstrument } from "../components/browser/use_instrument.ts";
import { useMarketHours } from "../components/browser/use_market_hours.ts";
import { useNow } from "../components/browser/use_now.ts";
import { useZone } from "../components/browser/use_zone.ts";
import { newestForecast } from "../components/forecast_parts.ts";
import { formatPrice } from "../components/format_price.ts";
import type { InstrumentPage } from "../components/instrument_state.ts";
import { InstrumentHeader } from "../components/InstrumentHeader.tsx";
import { MarketNotice } from "../components/MarketNotice.tsx";

/** What is shown, its last price, and how fresh that is. */
export default function InstrumentTop({ page }: {
  readonly page: InstrumentPage;
}) {
  const { instrument } = page;
  const { clock, state, interval, link } = useInstrument(
    page,
    ({ state, interval, link }) => [
      state.minute,
      state.change,
      state.forecasts,
      state.feed,
      interval,
      link,
    ],
  );
  const now = useNow(clock, page.now);
  const hours = useMarketHours(page.hours);
  const zone = useZone(instrument);

  useEffect(() => {
    if (state.minute === null) return;
    const price = formatPrice(state.minute.c, instrument.price_scale);
    document.title = `${price} ${instrument.symbol} · Tickhouse`;
  }, [state.minute?.c]);

  return (
    <>
      <InstrumentHeader
        instrument={instrument}
        others={page.others}
        interval={interval}
        minute={state.minute}
        change={state.change}
        forecast={newestForecast(state.forecasts)}
        feed={state.feed}
        link={link}
        now={now}
      />
      <MarketNotice hours={hours} zone={zone} now={now} />
    </>
  );
}
