import type { ForecastView } from "../pipeline/domain/forecast.ts";
import type { SignalView } from "../pipeline/domain/signal.ts";
import { formatShare } from "./format_change.ts";
import { formatPrice, formatSigned } from "./format_price.ts";
import { formatClock, formatMoment } from "./format_time.ts";
import { SignalBadge } from "./SignalBadge.tsx";

const LISTED = 8;

/** What the rule says now and why, and the last ones that were not HOLD. */
export function SignalPanel({ signals, forecasts, decimals, zone }: {
  readonly signals: readonly SignalView[];
  readonly forecasts: readonly ForecastView[];
  readonly decimals: number;
  readonly zone: string;
}) {
  const current = signals.at(-1);
  const calls = signals.filter(({ action }) => action !== "HOLD")
    .slice(-LISTED).toReversed();
  return (
    <section class="panel" aria-labelledby="signal-title">
      <h2 id="signal-title">
        Signal {current && <small>{formatClock(current.t, zone)}</small>}
      </h2>
      {current === undefined
        ? <p class="muted">None yet: a signal is made of each forecast.</p>
        : (
          <>
            <p class="headline">
              <SignalBadge signal={current} />
              <span class="muted">
                {current.lean === "flat"
                  ? "no direction"
                  : `${current.lean} with ${
                    formatShare(current.confidence)
                  } probability`}
              </span>
            </p>
            <p class="reason">{current.reason}</p>
            <dl class="facts">
              <div>
                <dt>Expected</dt>
                <dd>{formatSigned(current.expected_bps, 2)} bps</dd>
              </div>
              <div>
                <dt>Cost of a round trip</dt>
                <dd>{formatPrice(current.cost_bps, 2)} bps</dd>
              </div>
            </dl>
          </>
        )}
      <h3>Last BUY and SELL</h3>
      {calls.length === 0
        ? <p class="muted">None so far. HOLD is the default.</p>
        : (
          <table class="small">
            <thead>
              <tr>
                <th scope="col">Minute</th>
                <th scope="col">Signal</th>
                <th scope="col" class="num">At</th>
                <th scope="col" class="num">Then</th>
              </tr>
            </thead>
            <tbody>
              {calls.map((one) => (
                <tr key={`${one.t} ${one.made_at}`} title={one.reason}>
                  <td>{formatMoment(one.t, zone)}</td>
                  <td>
                    <span
                      class={`signal signal-${one.action.toLowerCase()}`}
                    >
                      <b>{one.action}</b>
                    </span>
                  </td>
                  <td class="num">{formatPrice(one.price, decimals)}</td>
                  <td class="num">{outcome(one, forecasts)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      <p class="fine">
        “Then” is the move of that minute, before costs. Not advice.
      </p>
    </section>
  );
}

/** Log return of the signal's minute, once its candle has closed. */
function outcome(
  signal: SignalView,
  forecasts: readonly ForecastView[],
): string {
  const actual = forecasts.find(({ t, horizon }) =>
    t === signal.t && horizon === 1
  )?.actual;
  if (actual === null || actual === undefined) return "–";
  return `${formatSigned(Math.log(actual / signal.price) * 10_000, 1)} bps`;
}
