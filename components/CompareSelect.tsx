import type { InstrumentChoice } from "./match_instruments.ts";

/** Another instrument to draw over this one. */
export function CompareSelect({ symbol, others, compared, onChoose }: {
  readonly symbol: string;
  readonly others: readonly InstrumentChoice[];
  readonly compared: string | null;
  readonly onChoose: (symbol: string | null) => void;
}) {
  return (
    <label class="compare">
      <span class="visually-hidden">Compare with</span>
      <select
        value={compared ?? ""}
        onChange={({ currentTarget }) => onChoose(currentTarget.value || null)}
      >
        <option value="">Compare…</option>
        {others.filter((one) => one.symbol !== symbol).map((one) => (
          <option key={one.symbol} value={one.symbol}>
            {`vs ${one.symbol}`}
          </option>
        ))}
      </select>
    </label>
  );
}
