import type { PriceScaleKind } from "../chart/types.ts";

/** Scales of the prices that can be chosen, as the address names them. */
export const PRICE_SCALES: readonly {
  readonly kind: PriceScaleKind;
  readonly label: string;
  readonly title: string;
}[] = [
  { kind: "linear", label: "Auto", title: "Even in the price, fitted to it" },
  { kind: "log", label: "Log", title: "Even in the logarithm of the price" },
  {
    kind: "percent",
    label: "%",
    title: "Change since the left edge, in percent",
  },
];

/** What an address without a scale means: two prices have one axis only as what they changed by. */
export function usualScale(compared: string | null): PriceScaleKind {
  return compared === null ? "linear" : "percent";
}

/** The scale that a text names; the usual one if it names none. */
export function scaleOf(
  text: string | null,
  compared: string | null,
): PriceScaleKind {
  return PRICE_SCALES.find(({ kind }) => kind === text)?.kind ??
    usualScale(compared);
}
