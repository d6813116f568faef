/**
 * How long odd series keep a processor: fits and choices of an order of 5,000
 * of them, n from 1 to 20,000. Wanted: none over 2 s. Prints the slowest.
 */
import { fitArima } from "../pipeline/forecast/arima/fit_arima.ts";
import { selectOrder } from "../pipeline/forecast/arima/select_order.ts";
import { oddSeries } from "../pipeline/forecast/testing/odd_series.ts";

const SERIES = 5_000;
const SHOWN = 5;

const runs: { readonly what: string; readonly ms: number }[] = [];

function time(what: string, work: () => unknown): void {
  const from = performance.now();
  work();
  runs.push({ what, ms: Math.round(performance.now() - from) });
}

let i = 0;
for (const { what, y, spec } of oddSeries(SERIES)) {
  time(`fit ${what}`, () => fitArima(y, spec));
  if (i++ % 20 === 0 || y.length > 4_000) {
    time(`auto ${what}`, () => selectOrder(y, { standardErrors: false }));
  }
}
runs.sort((a, b) => b.ms - a.ms);
console.log(JSON.stringify(
  {
    bench: "odd_series",
    series: SERIES,
    seconds: Math.round(runs.reduce((sum, { ms }) => sum + ms, 0) / 1_000),
    slowest: runs.slice(0, SHOWN),
    deno: Deno.version.deno,
    cores: navigator.hardwareConcurrency,
    date: new Date().toISOString().slice(0, 10),
  },
  null,
  1,
));
