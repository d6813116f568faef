import { useEffect, useState } from "preact/hooks";
import type { Interval } from "../pipeline/domain/interval.ts";
import type { PriceScaleKind } from "../chart/types.ts";
import { csvAddress } from "../components/browser/csv_address.ts";
import type { ChartKeys } from "../components/browser/ChartKeys.tsx";
import { changeUrl } from "../components/browser/page_url.ts";
import { saveFile } from "../components/browser/save_file.ts";
import { readSettings } from "../components/browser/settings.ts";
import { useInstrument } from "../components/browser/use_instrument.ts";
import { useCompareLine } from "../components/browser/use_compare_line.ts";
import { useZone } from "../components/browser/use_zone.ts";
import { CompareSelect } from "../components/CompareSelect.tsx";
import { ChartTools, fileName } from "../components/ChartTools.tsx";
import type { InstrumentPage } from "../components/instrument_state.ts";
import { usualScale } from "../components/price_scales.ts";
import { IntervalLinks } from "../components/IntervalLinks.tsx";
import { ScaleButtons } from "../components/ScaleButtons.tsx";
import { onSingleKey } from "../components/single_keys.ts";

/** Above the chart: which candles, and what can be taken from it. */
export default function InstrumentToolbar({ page }: {
  readonly page: InstrumentPage;
}) {
  const { instrument, intervals } = page;
  const { symbol } = instrument;
  const session = useInstrument(
    page,
    ({ interval, loading, link }) => [interval, loading, link],
  );
  const { interval } = session;
  const zone = useZone(instrument);

  const choose = async (next: Interval) => {
    const shown = await session.changeInterval(next);
    if (shown) changeUrl({ interval: next, slots: null, to: null }, "push");
  };

  useEffect(() => {
    const showAddress = () => {
      const next = intervalOfAddress(intervals);
      if (next !== session.interval) session.changeInterval(next);
    };
    showAddress(); // the server does not know what the reader settled on
    addEventListener("popstate", showAddress);
    return () => removeEventListener("popstate", showAddress);
  }, []);

  const [{ scale, compared }, setShown] = useState<
    Pick<InstrumentPage, "scale" | "compared">
  >(page);
  useCompareLine(session, compared, interval);
  const show = (next: Pick<InstrumentPage, "scale" | "compared">) => {
    if (next.scale !== scale) session.chart.chart?.setPriceScale(next.scale);
    setShown(next);
    const usual = usualScale(next.compared);
    changeUrl({
      compare: next.compared,
      scale: next.scale === usual ? null : next.scale,
    }, "replace");
  };
  const chooseScale = (next: PriceScaleKind) => {
    if (next === scale) session.chart.chart?.fitPrices();
    else show({ scale: next, compared });
  };
  const compare = (other: string | null) => {
    const kept = scale === "percent" ? "linear" : scale;
    show({ compared: other, scale: other === null ? kept : "percent" });
  };

  const [Keys, setKeys] = useState<typeof ChartKeys | null>(null);
  const showKeys = () => {
    import("../components/browser/ChartKeys.tsx").then(
      ({ ChartKeys }) => setKeys(() => ChartKeys),
      () => {}, // the next press asks again
    );
  };
  useEffect(() => onSingleKey("?", showKeys), []);

  const savePng = async () => {
    const png = await session.chart.chart?.exportPng();
    if (png) saveFile(png, fileName(symbol, interval, "png"));
  };

  return (
    <div class="toolbar">
      <IntervalLinks
        symbol={symbol}
        intervals={intervals}
        interval={interval}
        loading={session.loading}
        onChoose={choose}
      />
      <CompareSelect
        symbol={symbol}
        others={page.others}
        compared={compared}
        onChoose={compare}
      />
      <ScaleButtons scale={scale} onChoose={chooseScale} />
      <ChartTools
        symbol={symbol}
        interval={interval}
        zone={zone}
        now={page.now}
        csv={() =>
          csvAddress({ symbol, interval }, {
            view: session.chart.chart?.view,
            linked: page.view,
            drawn: page.state.candles.length,
          })}
        onPng={session.link === "loading" ? null : savePng}
        onKeys={showKeys}
      />
      {Keys && <Keys onClose={() => setKeys(null)} />}
    </div>
  );
}

/**
 * The interval that the address names, or else the reader's own: unless it
 * names a part of the history, which is of the usual one.
 */
function intervalOfAddress(offered: readonly Interval[]): Interval {
  const { searchParams } = new URL(location.href);
  const named = searchParams.get("interval") ??
    (searchParams.has("to") ? "1m" : readSettings().interval);
  return offered.find((one) => one === named) ?? "1m";
}
