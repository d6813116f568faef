import { OUTCOME_MINUTES, type SignalView } from "./signal.ts";

/**
 * What BUY and SELL signals came to after some minutes, beside always being
 * long over the same minutes, and beside "no change", which never trades.
 *
 * Means in 1/100 of a percent a signal; `null` without any outcome. Outcomes
 * of neighbouring minutes overlap: they are fewer than `n` findings.
 */
export interface SignalRecord {
  readonly minutes: number;
  /** Outcomes with a price. */
  readonly n: number;
  /** Those that went the signal's way, before costs. */
  readonly hits: number;
  readonly mean_net_bps: number | null;
  /** Each minute's long position, at the same cost. */
  readonly always_long_bps: number | null;
  readonly no_change_bps: 0;
  /** Outcomes without a price. */
  readonly no_price: number;
}

/** Sums up the outcomes of the signals given that none superseded. */
export function signalRecords(
  signals: readonly SignalView[],
): readonly SignalRecord[] {
  const calls = signals.filter(({ action, superseded }) =>
    action !== "HOLD" && !superseded
  );
  return OUTCOME_MINUTES.map((minutes) => {
    let [n, hits, net, long, noPrice] = [0, 0, 0, 0, 0];
    for (const { outcomes } of calls) {
      const one = outcomes.find((outcome) => outcome.minutes === minutes);
      if (one === undefined) continue;
      if (one.net_bps === null || one.move_bps === null) {
        noPrice++;
        continue;
      }
      n++;
      hits += Number(one.net_bps + one.cost_bps > 0);
      net += one.net_bps;
      long += one.move_bps - one.cost_bps;
    }
    return {
      minutes,
      n,
      hits,
      mean_net_bps: n === 0 ? null : net / n,
      always_long_bps: n === 0 ? null : long / n,
      no_change_bps: 0,
      no_price: noPrice,
    };
  });
}
