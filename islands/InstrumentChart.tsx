import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { nominalMicros } from "../pipeline/domain/interval_length.ts";
import { mountCandleChart, themeFor } from "../chart/candle_chart.ts";
import { watchAlerts } from "../components/browser/alerts.ts";
import {
  DEFAULT_SETTINGS,
  readSettings,
} from "../components/browser/settings.ts";
import { useInstrument } from "../components/browser/use_instrument.ts";
import { useMarketHours } from "../components/browser/use_market_hours.ts";
import { useZone } from "../components/browser/use_zone.ts";
import { ViewInUrl } from "../components/browser/view_in_url.ts";
import { watchTheme } from "../components/browser/watch_theme.ts";
import { levelsOf } from "../components/alerts.ts";
import { chartOptions } from "../components/chart_input.ts";
import type { InstrumentPage } from "../components/instrument_state.ts";
import { closeTimeOf, nextTimeOf } from "../components/market_hours.ts";

/** The chart, over the picture that the server drew in its place. */
export default function InstrumentChart({ page }: {
  readonly page: InstrumentPage;
}) {
  const host = useRef<HTMLDivElement>(null);
  const session = useInstrument(page, () => []);
  const zone = useZone(page.instrument);
  const hours = useRef(page.hours);
  hours.current = useMarketHours(page.hours);

  useLayoutEffect(() => {
    const { interval, view } = page;
    const candleMs = () => nominalMicros(session.interval) / 1_000;
    const address = new ViewInUrl(view);
    const chart = mountCandleChart(host.current!, {
      ...chartOptions(page.instrument, interval),
      timeZone: zone,
      now: () => session.clock.now(),
      view: view ?? undefined,
      firstCandles: settledCount(),
      priceScale: page.scale,
      closeTimeOf: (t) => closeTimeOf(hours.current, t, candleMs()),
      nextTimeOf: (t) => nextTimeOf(hours.current, t, candleMs()),
      onNeedHistory: (beforeT) => session.loadOlder(beforeT),
      onNeedNewer: (afterT) => session.loadNewer(afterT),
      onNeedLatest: () => session.loadLatest(),
      onViewChange: (view) => address.show(view),
    });
    const stop = watchTheme((theme) => chart.setTheme(themeFor(theme)));
    const stopLevels = watchAlerts((alerts) =>
      chart.setLevels(levelsOf(alerts, page.instrument.symbol))
    );
    session.mountChart(chart, view);
    return () => {
      address.close();
      stop();
      stopLevels();
      chart.destroy();
    };
  }, []);
  useEffect(() => session.chart.chart?.setTimeZone(zone), [zone]);

  return <div class="chart-live" ref={host} />;
}

/** As many candles as the reader has settled on, if that was said. */
function settledCount(): number | undefined {
  const { count } = readSettings();
  return count === DEFAULT_SETTINGS.count ? undefined : count;
}
