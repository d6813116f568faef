import { useEffect, useState } from "preact/hooks";
import { AlertToasts } from "../components/browser/AlertToasts.tsx";
import { ThemeToggle } from "../components/browser/ThemeToggle.tsx";
import { watchOutages } from "../components/browser/watch_outages.ts";
import { BrandMark } from "../components/BrandMark.tsx";
import type { Outage, OutageHere } from "../components/outage.ts";
import { OutageNotices } from "../components/OutageNotices.tsx";
import { SystemLink } from "../components/SystemLink.tsx";

export interface ShellProps {
  /** Path of the page. */
  readonly path: string;
  /** Who makes the prices, if no market does. */
  readonly simulated: string | null;
  /** What does not work, for those who may know: others see no pages either. */
  readonly outage: Outage | null;
  /** The page says itself what does not work. */
  readonly saysOutage: boolean;
}

/** What is around every page: the ways to others, what is down, alerts that fire. */
export default function Shell(
  { path, simulated, outage, saysOutage }: ShellProps,
) {
  const [now, setNow] = useState<OutageHere | null>(
    outage && { ...outage, unreachedSince: null },
  );
  useEffect(
    () => outage === null ? undefined : watchOutages(setNow, outage),
    [],
  );
  const current = (of: string) => path === of ? "page" : undefined;
  return (
    <>
      <header class="top">
        <a class="brand" href="/">
          <BrandMark />
          Tickhouse
        </a>
        {simulated !== null && (
          <span class="simulated" title={simulated}>Simulated data</span>
        )}
        {now !== null && (
          <nav class="pages" aria-label="Pages">
            <a href="/" aria-current={current("/")}>Instruments</a>
            <a href="/alerts" aria-current={current("/alerts")}>Alerts</a>
            <SystemLink outage={now} current={path === "/system"} />
            <a href="/settings" aria-current={current("/settings")}>
              Settings
            </a>
          </nav>
        )}
        <ThemeToggle />
      </header>
      {now !== null && !saysOutage && <OutageNotices {...now} />}
      {now !== null && <AlertToasts />}
    </>
  );
}
