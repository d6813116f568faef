import { useEffect, useState } from "preact/hooks";
import type { MarketHours } from "../api_views.ts";
import { askApi } from "./api_client.ts";

const ASK_EVERY_MS = 6 * 3_600_000;

/** When an instrument trades, also on a page that stays open for weeks. */
export function useMarketHours(first: MarketHours): MarketHours {
  const { symbol } = first;
  const [hours, setHours] = useState(first);
  useEffect(() => {
    const timer = setInterval(() => {
      askApi("/api/calendar", { symbol })
        .then(setHours).catch(() => {}); // what is known reaches further
    }, ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return hours;
}
