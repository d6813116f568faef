/** A model in words, for people who do not know its name. */
export function describeModel(
  model: string,
  order: readonly [number, number, number],
): string {
  const [p, d, q] = order;
  if (model === "random-walk") {
    return "Random walk: the next close is the last one. The baseline.";
  }
  if (model === "drift") {
    return "Drift: the last close, plus the average move of late.";
  }
  const parts = [
    p > 0 && `the last ${count(p, "move")}`,
    q > 0 && `the last ${count(q, "surprise")}`,
  ].filter(Boolean);
  const from = parts.length > 0 ? parts.join(" and ") : "no earlier moves";
  const on = d > 0 ? "changes of the log price" : "the log price";
  return `ARIMA(${p},${d},${q}) on ${on}: from ${from}.`;
}

function count(n: number, word: string): string {
  return n === 1 ? word : `${n} ${word}s`;
}
