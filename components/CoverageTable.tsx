import type { ForecastView } from "../pipeline/domain/forecast.ts";
import type { ModelView } from "./api_views.ts";
import { formatShare } from "./format_change.ts";
import { formatPrice } from "./format_price.ts";

/** How often each band held the close, and how wide it is now. */
export function CoverageTable({ record, forecast, decimals }: {
  readonly record: ModelView | undefined;
  readonly forecast: ForecastView;
  readonly decimals: number;
}) {
  const bands = [
    {
      level: 0.5,
      held: record?.coverage50,
      width: forecast.hi50 - forecast.lo50,
    },
    {
      level: 0.8,
      held: record?.coverage80,
      width: forecast.hi80 - forecast.lo80,
    },
    {
      level: 0.95,
      held: record?.coverage95,
      width: forecast.hi95 - forecast.lo95,
    },
  ];
  return (
    <table class="small coverage">
      <thead>
        <tr>
          <th scope="col">Band</th>
          <th scope="col">Closes inside</th>
          <th scope="col" class="num">Held</th>
          <th scope="col" class="num">Width now</th>
        </tr>
      </thead>
      <tbody>
        {bands.map(({ level, held, width }) => (
          <tr key={level}>
            <td>{formatShare(level)}</td>
            <td>
              <svg
                class="bar"
                viewBox="0 0 100 10"
                preserveAspectRatio="none"
                aria-hidden="true"
              >
                <rect class="bar-back" width="100" height="10" />
                {typeof held === "number" && (
                  <rect class="bar-held" width={held * 100} height="10" />
                )}
                <rect
                  class="bar-level"
                  x={level * 100 - 0.5}
                  width="1.2"
                  height="10"
                />
              </svg>
            </td>
            <td class="num">
              {typeof held === "number" ? formatShare(held) : "–"}
            </td>
            <td class="num">{formatPrice(width, decimals)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
