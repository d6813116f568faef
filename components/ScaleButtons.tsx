import type { PriceScaleKind } from "../chart/types.ts";
import { PRICE_SCALES } from "./price_scales.ts";

/** One button a scale; the one that is chosen fits the prices again. */
export function ScaleButtons({ scale, onChoose }: {
  readonly scale: PriceScaleKind;
  readonly onChoose: (scale: PriceScaleKind) => void;
}) {
  return (
    <div class="scales" role="group" aria-label="Scale of the prices">
      {PRICE_SCALES.map(({ kind, label, title }) => (
        <button
          key={kind}
          type="button"
          title={title}
          aria-pressed={kind === scale}
          onClick={() => onChoose(kind)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}
