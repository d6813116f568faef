import type { SignalView } from "../pipeline/domain/signal.ts";
import { formatShare } from "./format_change.ts";
import { formatPrice, formatSigned } from "./format_price.ts";
import { isCurrent } from "./forecast_parts.ts";
import { formatAge, formatClock } from "./format_time.ts";
import { SignalBadge } from "./SignalBadge.tsx";

/** What the rule says now, and why. */
export function SignalPanel({ signals, zone, now }: {
  readonly signals: readonly SignalView[];
  readonly zone: string;
  readonly now: number;
}) {
  const current = signals.at(-1);
  return (
    <section class="panel" aria-labelledby="signal-title">
      <h2 id="signal-title">
        Signal {current && <small>{formatClock(current.t, zone)}</small>}
      </h2>
      {current === undefined
        ? <p class="muted">None yet: a signal is made of each forecast.</p>
        : (
          <>
            {!isCurrent(current, now) && (
              <p class="notice">
                No current signal: this one is {formatAge(now - current.t)} old.
              </p>
            )}
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
    </section>
  );
}
