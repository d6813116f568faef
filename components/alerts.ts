import { formatPrice } from "./format_price.ts";

interface AlertBase {
  readonly id: string;
  readonly symbol: string;
  /** When it was set, Unix ms of the server's clock. */
  readonly setAt: number;
}

/** Fires once, as soon as the price is at the level or beyond. */
export interface PriceAlert extends AlertBase {
  readonly kind: "price";
  readonly level: number;
  readonly decimals: number;
  /** Where the level lay when it was set, seen from the price. */
  readonly side: "above" | "below";
}

/** What a reader wants to be told of an instrument. */
export type Alert =
  | PriceAlert
  /** Fires at each BUY and SELL. */
  | AlertBase & { readonly kind: "signal" }
  /** Fires each time that nothing current comes while the market is open. */
  | AlertBase & { readonly kind: "stale" };

export type AlertKind = Alert["kind"];

/** An alert that fired. */
export interface FiredAlert {
  /** The same for the same cause, in every tab. */
  readonly key: string;
  readonly symbol: string;
  readonly text: string;
  readonly at: number;
}

/** Of each: more is not looked through by anybody. */
export const ALERTS_MAX = 100;
export const FIRED_MAX = 100;

/** What an alert waits for, in words. */
export function describeAlert(alert: Alert): string {
  switch (alert.kind) {
    case "price":
      return `Price ${alert.side === "above" ? "rises" : "falls"} to ` +
        formatPrice(alert.level, alert.decimals);
    case "signal":
      return "A new BUY or SELL";
    case "stale":
      return "The feed goes stale";
  }
}

/**
 * An alert at a price level.
 *
 * @param price The last price; one that is at the level has reached it already.
 */
export function priceAlert(
  alert: Omit<PriceAlert, "kind" | "side">,
  price: number,
): PriceAlert {
  const side = alert.level >= price ? "above" : "below";
  return { ...alert, kind: "price", side };
}

/** The prices that are waited for, as a chart draws them. */
export function levelsOf(
  alerts: readonly Alert[],
  symbol: string,
): readonly { readonly price: number; readonly title: string }[] {
  return alerts.flatMap((one) =>
    one.kind === "price" && one.symbol === symbol
      ? { price: one.level, title: describeAlert(one) }
      : []
  );
}

/** Alerts from the JSON kept; what is no alert is left out. */
export function parseAlerts(json: string | null): readonly Alert[] {
  return parseList(json, ALERTS_MAX, (one) => {
    const { id, symbol, setAt, kind, level, decimals, side } = one;
    if (!isText(id) || !isText(symbol) || !isNumber(setAt)) return null;
    if (kind === "signal" || kind === "stale") {
      return { id, symbol, setAt, kind };
    }
    if (kind !== "price" || !isNumber(level) || !isNumber(decimals)) {
      return null;
    }
    return side === "above" || side === "below"
      ? { id, symbol, setAt, kind, level, decimals, side }
      : null;
  });
}

/** Fired alerts from the JSON kept, newest first. */
export function parseFired(json: string | null): readonly FiredAlert[] {
  return parseList(
    json,
    FIRED_MAX,
    ({ key, symbol, text, at }) =>
      isText(key) && isText(symbol) && isText(text) && isNumber(at)
        ? { key, symbol, text, at }
        : null,
  );
}

function parseList<T>(
  json: string | null,
  max: number,
  read: (one: Readonly<Record<string, unknown>>) => T | null,
): readonly T[] {
  let list: unknown;
  try {
    list = JSON.parse(json ?? "[]");
  } catch {
    return [];
  }
  if (!Array.isArray(list)) return [];
  return list.flatMap((one) =>
    typeof one === "object" && one !== null ? read(one) ?? [] : []
  ).slice(0, max);
}

const isText = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= 500;
const isNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value);
