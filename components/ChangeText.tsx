import type { PriceChange } from "./api_views.ts";
import {
  ARROWS,
  changeBasis,
  directionOf,
  formatChange,
} from "./format_change.ts";

/** A change with sign, arrow and colour, and what it compares with. */
export function ChangeText({ change, decimals, now }: {
  readonly change: PriceChange | null;
  readonly decimals: number;
  readonly now: number;
}) {
  if (change === null) return <span class="muted">–</span>;
  const direction = directionOf(change.abs);
  return (
    <span class={`change ${direction}`}>
      <span aria-hidden="true">{ARROWS[direction]}</span>{" "}
      {formatChange(change, decimals)} <small>{changeBasis(change, now)}</small>
    </span>
  );
}
