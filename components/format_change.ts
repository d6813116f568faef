import type { PriceChange } from "./api_views.ts";
import { formatSigned } from "./format_price.ts";
import { formatAge } from "./format_time.ts";

/** A share of 1 as percent, as in `81 %`. */
export function formatShare(share: number, decimals = 0): string {
  return `${(share * 100).toFixed(decimals)} %`;
}

/** As in `+12.30 (+0.05 %)`. */
export function formatChange(change: PriceChange, decimals: number): string {
  return `${formatSigned(change.abs, decimals)} (${
    formatSigned(change.pct, 2)
  } %)`;
}

/** What a change compares with, in words. */
export function changeBasis(change: PriceChange, now: number): string {
  switch (change.basis) {
    case "24h":
      return "in 24 h";
    case "previous_close":
      return "on the day";
    case "since":
      return `in ${formatAge(now - change.since)}`;
  }
}

/** The same change to a newer price. */
export function changeTo(price: number, change: PriceChange): PriceChange {
  const { reference } = change;
  return {
    ...change,
    abs: price - reference,
    pct: (price / reference - 1) * 100,
  };
}

/** Log return of a forecast, in 1/100 of a percent. */
export function expectedBps(
  forecast: { readonly c: number; readonly last: number },
): number {
  return Math.log(forecast.c / forecast.last) * 10_000;
}

export type Direction = "up" | "down" | "flat";

export function directionOf(change: number): Direction {
  return change > 0 ? "up" : change < 0 ? "down" : "flat";
}

/** Colour is never the only cue. */
export const ARROWS: Record<Direction, string> = {
  up: "▲",
  down: "▼",
  flat: "=",
};
