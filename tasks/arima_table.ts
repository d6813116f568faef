import { arimaName } from "../pipeline/forecast/arima/spec.ts";
import type { CaseAnswer, FittedAnswer } from "./arima_answer.ts";
import type { CaseId } from "./arima_case.ts";

/** Standard errors on each side of a forecast that cover 95 %. */
const Z_95 = 1.959964;
const DIGITS = 6;
const WIDTH = 14;

/** An answer as people read it: a few lines, and an empty one. */
export function describeAnswer(answer: CaseAnswer): string {
  switch (answer.status) {
    case "fitted":
      return describeFitted(answer);
    case "failed":
      return `${title(answer.id)}: failed: ${answer.reason}\n`;
    case "error":
      return `${title(answer.id)}: ${answer.error}\n`;
  }
}

function describeFitted(answer: FittedAnswer): string {
  const coefficients = Object.entries(answer.coef).map(([name, value]) =>
    row(name, [value, answer.coef_se?.[name] ?? null])
  );
  const { loglik, aic, aicc, bic, ljung_box: errors, stop } = answer;
  const criteria = Object.entries({
    "sigma^2": answer.sigma2,
    "log likelihood": loglik,
    AIC: aic,
    AICc: aicc,
    BIC: bic,
  }).filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${number(value)}`);
  const forecasts = answer.mean.map((mean, i) => {
    const se = answer.se[i];
    return row(`+${i + 1}`, [mean, se, mean - Z_95 * se, mean + Z_95 * se]);
  });
  return [
    `${title(answer.id)}: ${arimaName(answer)}, ${answer.nobs} values`,
    ...coefficients.length > 0 ? [row("", ["estimate", "s.e."])] : [],
    ...coefficients,
    `  ${criteria.join(", ")}`,
    ...errors === null ? [] : [
      `  Ljung-Box of the errors: Q(${errors.lags}) = ` +
      `${number(errors.statistic)}, p = ${number(errors.p)}`,
    ],
    ...answer.degenerate ? ["  Without any error: nothing is random"] : [],
    ...stop === null ? [] : [`  Stopped: ${stop}`],
    row("", ["forecast", "s.e.", "95 % from", "to"]),
    ...forecasts,
    "",
  ].join("\n");
}

function row(name: string, cells: readonly (string | number | null)[]) {
  const texts = cells.map((cell) =>
    (typeof cell === "string" ? cell : number(cell)).padStart(WIDTH)
  );
  return `  ${name.padEnd(9)}${texts.join("")}`;
}

function number(value: number | null): string {
  return value === null ? "-" : String(Number(value.toPrecision(DIGITS)));
}

/** What somebody else wrote, without what a terminal acts on. */
function title(id: CaseId): string {
  // deno-lint-ignore no-control-regex
  return String(id ?? "-").replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "\ufffd");
}
