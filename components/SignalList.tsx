import { OUTCOME_MINUTES, type SignalView } from "../pipeline/domain/signal.ts";
import { signalRecords } from "../pipeline/domain/signal_record.ts";
import { formatPrice, formatSigned } from "./format_price.ts";
import { formatMoment } from "./format_time.ts";
import { SignalRecordTable } from "./SignalRecordTable.tsx";

const LISTED = 10;

/** The last signals that were not HOLD, and what came of them after costs. */
export function SignalList({ signals, decimals, zone }: {
  readonly signals: readonly SignalView[];
  readonly decimals: number;
  readonly zone: string;
}) {
  const calls = signals.filter(({ action }) => action !== "HOLD");
  return (
    <section class="panel signals" aria-labelledby="signals-title">
      <h2 id="signals-title">Signals and what came of them</h2>
      {calls.length === 0
        ? <p class="muted">None so far. HOLD is the default.</p>
        : (
          <>
            <table class="small">
              <thead>
                <tr>
                  <th scope="col">Minute</th>
                  <th scope="col">Signal</th>
                  {OUTCOME_MINUTES.map((minutes) => (
                    <th key={minutes} scope="col" class="num">
                      {minutes} min
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {calls.slice(-LISTED).toReversed().map((one) => (
                  <tr
                    key={`${one.t} ${one.made_at}`}
                    title={`At ${
                      formatPrice(one.price, decimals)
                    }: ${one.reason}`}
                  >
                    <td>{formatMoment(one.t, zone)}</td>
                    <td>
                      <span
                        class={`signal signal-${one.action.toLowerCase()}`}
                      >
                        <b>{one.action}</b>
                      </span>
                    </td>
                    {OUTCOME_MINUTES.map((minutes) => (
                      <Outcome key={minutes} of={one} minutes={minutes} />
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
            <h3>All {calls.length} of them</h3>
            <SignalRecordTable records={signalRecords(calls)} />
            <p class="fine">
              In bps, after the cost of a round trip: in at the open of the
              minute after the signal’s, out at the open so many minutes later.
              Long: the same minutes, always bought. “No change” never trades:
              0. Not advice.
            </p>
          </>
        )}
    </section>
  );
}

/** What came of one signal, net; or that there was no price, and why. */
function Outcome({ of, minutes }: {
  readonly of: SignalView;
  readonly minutes: number;
}) {
  const outcome = of.outcomes.find((one) => one.minutes === minutes);
  if (outcome === undefined) return <td class="num muted">…</td>;
  if (outcome.net_bps === null) {
    return (
      <td class="num muted" title={outcome.no_price ?? undefined}>
        no price
      </td>
    );
  }
  return <td class="num">{formatSigned(outcome.net_bps, 1)}</td>;
}
