import type { ModelView } from "./api_views.ts";
import { BASELINE, formatP } from "./describe_skill.ts";
import { formatShare } from "./format_change.ts";
import { formatPrice, formatSigned } from "./format_price.ts";

/** Scores have more digits than prices. */
const MORE_DECIMALS = 2;

const share = (value: number | null) =>
  value === null ? "–" : formatShare(value);

/** Every model that competes: what its record is, and what it rests on. */
export function ModelTable({ records, shown, decimals }: {
  readonly records: readonly ModelView[];
  readonly shown: string;
  readonly decimals: number;
}) {
  if (records.length === 0) return null;
  const price = (value: number | null) =>
    value === null ? "–" : formatPrice(value, decimals + MORE_DECIMALS);
  return (
    <>
      <table class="small models">
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col" class="num">Skill</th>
            <th scope="col" class="num">Right</th>
            <th scope="col" class="num">95 %</th>
            <th scope="col" class="num">p</th>
          </tr>
        </thead>
        <tbody>
          {records.map((one) => (
            <tr key={one.model} class={one.suspicious ? "overdue" : undefined}>
              <td title={one.suspicious ?? one.failure ?? undefined}>
                {one.model}{" "}
                {one.model === shown && <small class="muted">shown</small>}
                <small class="muted line">
                  {one.n} {one.source === "live" ? "live" : "stored"} ·{" "}
                  {one.failure !== null
                    ? "not fitted"
                    : one.suspicious !== null
                    ? "looks like a leak"
                    : one.model === BASELINE
                    ? "no change"
                    : one.verdict}
                </small>
              </td>
              <td class="num">
                {one.skill === null
                  ? "–"
                  : `${formatSigned(one.skill * 100, 1)} %`}
              </td>
              <td class="num">{share(one.direction.rate)}</td>
              <td class="num">{share(one.coverage95)}</td>
              <td class="num">
                {one.diebold_mariano === null
                  ? "–"
                  : formatP(one).replace(/^p (= |(<) )/, "$2")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {records.filter(({ failure }) => failure !== null).map((one) => (
        <p key={one.model} class="fine">
          {one.model} could not be fitted: {one.failure}
        </p>
      ))}
      {records.filter(({ suspicious }) => suspicious !== null).map((one) => (
        <p key={one.model} class="fine overdue">
          {one.model} is suspicious, and not shown. {one.suspicious}
        </p>
      ))}
      <details class="scores">
        <summary>All scores</summary>
        <div class="scroll" role="region" aria-label="All scores" tabIndex={0}>
          <table class="small">
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col" class="num">MAE</th>
                <th scope="col" class="num">MASE</th>
                <th scope="col" class="num">Winkler</th>
                <th scope="col" class="num">CRPS</th>
                <th scope="col" class="num">Brier</th>
                <th scope="col" class="num">In 50 %</th>
                <th scope="col" class="num">In 80 %</th>
              </tr>
            </thead>
            <tbody>
              {records.map((one) => (
                <tr key={one.model}>
                  <td>{one.model}</td>
                  <td class="num">{price(one.mae)}</td>
                  <td class="num">
                    {one.mase === null ? "–" : one.mase.toFixed(2)}
                  </td>
                  <td class="num">{price(one.winkler95)}</td>
                  <td class="num">{price(one.crps)}</td>
                  <td class="num">
                    {one.brier === null ? "–" : one.brier.toFixed(3)}
                  </td>
                  <td class="num">{share(one.coverage50)}</td>
                  <td class="num">{share(one.coverage80)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        <p class="fine">
          Skill: 1 − MAE / MAE of “no change”. MASE: the same against “no
          change” in the 240 minutes before. Right: direction, where forecast
          and price moved. 95 %: closes inside that band. p: chance of a
          difference as large without any (Diebold–Mariano). Winkler: of the 95
          % band. Brier: of the direction; 0.25 is a coin. MAE, Winkler and CRPS
          in price; smaller is better.
        </p>
      </details>
    </>
  );
}
