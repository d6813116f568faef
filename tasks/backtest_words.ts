import type { BacktestResult } from "../pipeline/forecast/backtest/backtest.ts";
import type { ModelRecord } from "../pipeline/forecast/backtest/model_tally.ts";
import { BASELINE } from "../pipeline/forecast/candidates.ts";

/**
 * What a backtest came to, in sentences: skill first, then intervals, then
 * what trading by it would have made.
 */
export function verdictWords(
  result: BacktestResult,
  costBps: number,
): readonly string[] {
  return [
    ...skillWords(result),
    coverageWords(result.shown),
    ...rangeWords(result.shown),
    ...tradeWords(result, costBps),
  ];
}

function skillWords(
  { models, shown, minutes }: BacktestResult,
): readonly string[] {
  const challengers = models.filter(({ model }) => model !== BASELINE.model);
  const suspicious = models.filter(({ verdict }) => verdict === "suspicious");
  if (suspicious.length > 0) {
    return suspicious.map(({ model, skill }) =>
      `Do not trust ${model}: ${lowerFirst(skill.suspicious ?? "")}.`
    );
  }
  const skilled = challengers.filter(({ verdict }) => verdict === "skill");
  if (skilled.length > 0) {
    return skilled.map((record) =>
      `Skill: ${recordWords(record)}. ` +
      `That is more than chance explains; whether it is more than the cost ` +
      `of a trade is told below.`
    );
  }
  const scored = challengers.filter(({ skill }) => skill.skill !== null);
  const best = scored.toSorted((a, b) => b.skill.skill! - a.skill.skill!)[0];
  if (best === undefined) {
    return [
      `Only the random walk was run, which is “no change” itself, over ` +
      `${count(minutes)} minutes.`,
    ];
  }
  if (best.verdict === "too few") {
    return [`Too few minutes to tell: ${best.skill.n} were scored.`];
  }
  const worse = scored.filter(({ verdict }) => verdict === "worse than naive");
  return [
    `No skill: over ${
      count(minutes)
    } minutes no model's close was nearer than ` +
    `“no change” (the random walk) by more than chance. The best of them: ` +
    `${recordWords(best)}.` +
    (worse.length === 0 ? "" : ` Worse than no change, by more than chance: ` +
      `${worse.map(({ model }) => model).join(", ")}.`) +
    (shown.verdict === "worse than naive"
      ? ` So was what was shown, by the best recent record: errors ` +
        `${percent(-(shown.skill.skill ?? 0))} larger.`
      : ""),
  ];
}

function recordWords({ model, skill }: ModelRecord): string {
  const share = skill.skill ?? 0;
  const p = skill.dieboldMariano?.p;
  return `${model}, errors ${percent(Math.abs(share))} ` +
    `${share >= 0 ? "smaller" : "larger"}` +
    (p === undefined
      ? ""
      : p < 0.001
      ? ", p < 0.001"
      : `, p = ${p.toFixed(3)}`);
}

function coverageWords({ skill, turbulent }: ModelRecord): string {
  if (skill.coverage95 === null) return "No interval was scored.";
  return `The 95 % interval of the model shown held ` +
    `${percent(skill.coverage95)} of the closes` +
    (turbulent.coverage95 === null
      ? ""
      : `, ${percent(turbulent.coverage95)} in the most turbulent third`) +
    ".";
}

function rangeWords(
  { rmse, ohlcViolations }: ModelRecord,
): readonly string[] {
  if (rmse === null) return [];
  const ratio = (error: number, naive: number) =>
    naive > 0 ? (error / naive).toFixed(2) : "–";
  return [
    `High and low: errors of ${ratio(rmse.high, rmse.highNaive)} and ` +
    `${ratio(rmse.low, rmse.lowNaive)} times those of the candle before ` +
    `(root mean square). ` +
    (ohlcViolations === 0
      ? "Every forecast candle was a valid one."
      : `${ohlcViolations} forecast candles were not valid: a bug.`),
  ];
}

function tradeWords(
  { trades }: BacktestResult,
  costBps: number,
): readonly string[] {
  const { signals, lean, actions } = trades;
  const orders = actions.BUY + actions.SELL;
  const rule = orders === 0
    ? `The rule gave no order: it held in all of ${
      count(actions.HOLD)
    } minutes.`
    : `The rule gave ${count(orders)} ${orders === 1 ? "order" : "orders"}; ` +
      `${count(signals.trades)} could be filled and made ` +
      `${bps(signals.netBps)} after ${signals.costBps.toFixed(1)} bps of ` +
      `cost. Never trading made 0.`;
  if (lean.trades === 0) return [rule];
  return [
    rule,
    `Taking every lean as an order would have made ${bps(lean.grossBps)} ` +
    `before costs and ${bps(lean.netBps)} after them, ${
      count(lean.trades)
    } times ` +
    `${costBps} bps.`,
  ];
}

/** With its thousands apart. */
export function count(n: number): string {
  return n.toLocaleString("en-US");
}

export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** With its sign, as every gain and loss. */
export function bps(value: number): string {
  return `${signed(value, 1)} bps`;
}

export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${value < 0 ? "−" : "+"}${text}`;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
