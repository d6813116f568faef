import { renderToStringAsync } from "preact-render-to-string";
import { BASELINE } from "../pipeline/forecast/candidates.ts";
import type { BacktestView, ModelView, WayView } from "./backtest_view.ts";
import { count, percent, signed } from "./backtest_words.ts";
import { CandlePlot } from "./report/candle_plot.tsx";
import { ErrorPlot } from "./report/error_plot.tsx";
import { LinePlot } from "./report/line_plot.tsx";
import { REPORT_CSS } from "./report/report_css.ts";

/** Trades of the report; the JSON has more of them. */
const TRADES_SHOWN = 200;
const DAY_MS = 86_400_000;
/** Skill of a stretch beyond this is drawn at it. */
const SKILL_DRAWN = 0.3;

/**
 * A backtest as one page of HTML that needs nothing else: no script, no other
 * file, dark or light as its reader's system is, and good on paper.
 */
export async function backtestReport(view: BacktestView): Promise<string> {
  const body = await renderToStringAsync(<Report view={view} />);
  return `<!doctype html>${body}\n`;
}

function Report({ view }: { readonly view: BacktestView }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="dark light" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'"
        />
        <title>{`Backtest of ${view.symbol}`}</title>
        <style dangerouslySetInnerHTML={{ __html: REPORT_CSS }} />
      </head>
      <body>
        <Head view={view} />
        <Verdict view={view} />
        <Run view={view} />
        <Models view={view} />
        <Skills view={view} />
        <Intervals view={view} />
        <Signals view={view} />
        <Last view={view} />
        <Trades view={view} />
        <Reading view={view} />
        <footer>
          Made by Tickhouse. A backtest tells what would have been, had every
          order been filled at the next open; it promises nothing.
        </footer>
      </body>
    </html>
  );
}

function Head({ view }: { readonly view: BacktestView }) {
  const { forecast, settings } = view;
  const time = timeIn(settings.zone);
  return (
    <header>
      <h1>Backtest of {view.symbol}: the next minute, forecast each minute</h1>
      <p class="muted">
        {view.name === view.symbol ? "" : `${view.name}. `}
        {count(view.minutes)} minutes, {time.minute(forecast.from)} to{" "}
        {time.minute(forecast.through)} ({settings.zone}).
      </p>
      {view.note && <p class="note">{view.note}</p>}
    </header>
  );
}

function Verdict({ view }: { readonly view: BacktestView }) {
  const verdicts = view.models.map(({ verdict }) => verdict);
  const kind = verdicts.find((verdict) => verdict === "suspicious") ??
    verdicts.find((verdict) => verdict === "skill") ?? "none";
  return (
    <section class={`verdict ${kind}`}>
      {view.verdict.map((sentence) => <p key={sentence}>{sentence}</p>)}
    </section>
  );
}

function Run({ view }: { readonly view: BacktestView }) {
  const { settings } = view;
  const facts: readonly (readonly [string, string])[] = [
    ["Candles", `${count(view.candles)} of one minute`],
    ["From", view.source],
    ["Revised later", count(view.revised)],
    ["Lines rejected", count(view.rejected)],
    ["Without a forecast", `${count(view.not_forecast)}, after a gap`],
    ["Models fitted", `${count(view.fits)} times, by ${settings.engine}`],
    [
      "Training",
      `last ${settings.window} candles, every ${settings.refit_every}`,
    ],
    ["Cost of a round trip", `${settings.cost_bps} bps`],
    [
      "Order above",
      `the cost and ${settings.ratio_min} standard errors`,
    ],
    [
      "Model shown",
      `best of the last ${settings.skill_window} scores, from ` +
      `${settings.scored_min} on`,
    ],
    ["Tick, calendar", `${settings.tick_size}, ${settings.calendar}`],
    ["Data, SHA-256", view.data_sha256],
  ];
  return (
    <section>
      <h2>What was run</h2>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Models({ view }: { readonly view: BacktestView }) {
  const { models, shown } = view;
  const rows = [...models, { ...shown, model: "the model shown" }];
  const rowClass = (model: ModelView) =>
    model.verdict === "suspicious"
      ? "suspicious"
      : model.model === "the model shown"
      ? "shown"
      : undefined;
  const minutes = Object.entries(shown.minutes).sort((a, b) => b[1] - a[1])
    .map(([model, n]) => `${model} ${percent(n / view.minutes)}`).join(", ");
  return (
    <section>
      <h2>Models</h2>
      <h3>The close</h3>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col" class="num">Skill</th>
              <th scope="col" class="num">p</th>
              <th scope="col" class="num">MAE</th>
              <th scope="col" class="num">MASE</th>
              <th scope="col" class="num">Direction right</th>
              <th scope="col" class="num">Brier</th>
              <th scope="col" class="num">RMSE</th>
              <th scope="col" class="num">High</th>
              <th scope="col" class="num">Low</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((model) => (
              <tr key={model.model} class={rowClass(model)}>
                <ModelName model={model} />
                <td class="num">{skillText(model.skill)}</td>
                <td class="num">{pText(model)}</td>
                <td class="num">{digits(model.mae, 4)}</td>
                <td class="num">{digits(model.mase, 3)}</td>
                <td class="num">{directionText(model)}</td>
                <td class="num">{model.brier?.toFixed(3) ?? "–"}</td>
                <td class="num">{ratio(model.rmse, "close")}</td>
                <td class="num">{ratio(model.rmse, "high")}</td>
                <td class="num">{ratio(model.rmse, "low")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <h3>Its intervals</h3>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col" class="num">In 50 %</th>
              <th scope="col" class="num">In 80 %</th>
              <th scope="col" class="num">In 95 %</th>
              <th scope="col" class="num">In 95 %, turbulent</th>
              <th scope="col" class="num">Winkler</th>
              <th scope="col" class="num">CRPS</th>
              <th scope="col" class="num">Not a candle</th>
              <th scope="col" class="num">Fits failed</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((model) => (
              <tr key={model.model} class={rowClass(model)}>
                <ModelName model={model} />
                <td class="num">{share(model.coverage50)}</td>
                <td class="num">{share(model.coverage80)}</td>
                <td class="num">{share(model.coverage95)}</td>
                <td class="num">{share(model.turbulent.coverage95)}</td>
                <td class="num">{digits(model.winkler95, 4)}</td>
                <td class="num">{digits(model.crps, 4)}</td>
                <td class="num">{model.ohlc_violations}</td>
                <td class="num">{model.fits_failed}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="fine">The model shown was {minutes}.</p>
    </section>
  );
}

function ModelName({ model }: { readonly model: ModelView }) {
  return (
    <th scope="row">
      {model.model}
      <br />
      <small>{model.verdict}</small>
    </th>
  );
}

function Skills({ view }: { readonly view: BacktestView }) {
  const { timeline } = view;
  const names = view.models.map(({ model }) => model)
    .filter((model) => model !== BASELINE.model);
  if (names.length === 0) return null;
  return (
    <section>
      <h2>Skill over time</h2>
      <LinePlot
        lines={names.map((name, i) => ({
          name,
          look: `m${i + 1}`,
          values: timeline.map(({ skill }) => skill[name] ?? null),
        }))}
        levels={[0]}
        clip={{ min: -SKILL_DRAWN, max: SKILL_DRAWN }}
        format={(value) => `${signed(100 * value, 0)} %`}
        labels={stretchLabels(view)}
        summary={`Skill of ${names.join(", ")} over time, 0 is no change`}
      />
      <p class="fine">
        1 − MAE / MAE of “no change” in {count(timeline.length)} stretches of
        {" "}
        {count(timeline[0]?.n ?? 0)}{" "}
        minutes each, one after the other; above 0 is better than no change.
        Beyond ±{percent(SKILL_DRAWN, 0)} it is drawn at the edge.
      </p>
    </section>
  );
}

function Intervals({ view }: { readonly view: BacktestView }) {
  const { timeline, shown } = view;
  return (
    <section>
      <h2>Intervals</h2>
      <h3>Closes inside, over time</h3>
      <LinePlot
        lines={[
          {
            name: "50 %",
            look: "m3",
            values: timeline.map(({ coverage50 }) => coverage50),
          },
          {
            name: "80 %",
            look: "m2",
            values: timeline.map(({ coverage80 }) => coverage80),
          },
          {
            name: "95 %",
            look: "m0",
            values: timeline.map(({ coverage95 }) => coverage95),
          },
        ]}
        levels={[0.5, 0.8, 0.95]}
        format={(value) => `${Math.round(100 * value)} %`}
        labels={stretchLabels(view)}
        summary={"Share of closes inside the intervals of 50, 80 and 95 % " +
          "over time"}
      />
      <h3>Errors of the model shown, in standard errors</h3>
      <ErrorPlot
        errors={shown.errors_by_se}
        summary="How often errors of each size came, beside Student's t"
      />
      <p class="fine">
        Dotted: what each interval is to hold. The outermost bars have all
        errors beyond 5 standard errors.
      </p>
    </section>
  );
}

function Signals({ view }: { readonly view: BacktestView }) {
  const { signals, timeline, settings } = view;
  const equity = (of: keyof typeof timeline[number]["equity_bps"]) =>
    timeline.map((stretch) => stretch.equity_bps[of]);
  const bps = (value: number) => signed(value, Math.abs(value) < 10 ? 1 : 0);
  const labels = stretchLabels(view);
  const unpriced = Object.entries(signals.unpriced);
  return (
    <section>
      <h2>Signals</h2>
      <p>
        BUY {count(signals.buy)}, SELL {count(signals.sell)}, HOLD{" "}
        {count(signals.hold)}. In at the open of the minute after the signal's,
        out at the next, {settings.cost_bps} bps paid for both.
      </p>
      <h3>What each way to trade made, in bps</h3>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Way</th>
              <th scope="col" class="num">Trades</th>
              <th scope="col" class="num">Right</th>
              <th scope="col" class="num">Before cost</th>
              <th scope="col" class="num">Cost</th>
              <th scope="col" class="num">Net</th>
              <th scope="col" class="num">Net a trade</th>
              <th scope="col" class="num">Worst fall</th>
            </tr>
          </thead>
          <tbody>
            <Way name="The rule's signals" way={signals.ways.signals} />
            <Way name="No change: never trading" way={signals.ways.no_change} />
            <Way
              name="Always long, bought once"
              way={signals.ways.always_long}
            />
            <Way
              name="Every lean, whatever it costs"
              way={signals.ways.lean}
            />
          </tbody>
        </table>
      </div>
      <h3>The rule, in bps</h3>
      <LinePlot
        lines={[
          { name: "signals, net", look: "m0", values: equity("signals") },
          {
            name: "before cost",
            look: "m1",
            values: equity("signals_gross"),
          },
          { name: "no change", look: "m5", values: equity("no_change") },
        ]}
        format={bps}
        labels={labels}
        summary="Sum of the signals' log returns over time, net and gross"
      />
      <h3>What costs do: every lean as an order, in bps</h3>
      <LinePlot
        lines={[
          { name: "every lean, net", look: "m2", values: equity("lean") },
          { name: "before cost", look: "m1", values: equity("lean_gross") },
          {
            name: "always long",
            look: "m3",
            values: equity("always_long"),
          },
          { name: "no change", look: "m5", values: equity("no_change") },
        ]}
        format={bps}
        labels={labels}
        summary="Sum of the leans' log returns over time, net and gross"
      />
      <h3>Signals after 1, 5 and 15 minutes, mean in bps</h3>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Minutes</th>
              <th scope="col" class="num">Signals</th>
              <th scope="col" class="num">Right</th>
              <th scope="col" class="num">Net</th>
              <th scope="col" class="num">Long instead</th>
              <th scope="col" class="num">No change</th>
            </tr>
          </thead>
          <tbody>
            {signals.outcomes.map((one) => (
              <tr key={one.minutes}>
                <th scope="row">{one.minutes}</th>
                <td class="num">{count(one.n)}</td>
                <td class="num">
                  {one.n === 0 ? "–" : percent(one.hits / one.n)}
                </td>
                <Gain value={one.mean_net_bps} />
                <Gain value={one.always_long_bps} />
                <td class="num">0</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {unpriced.length + signals.unsettled > 0 && (
        <p class="fine">
          Orders without a price: {[
            ...unpriced.map(([reason, n]) => `${reason} (${n})`),
            ...signals.unsettled > 0
              ? [`the candles end before (${signals.unsettled})`]
              : [],
          ].join(", ")}.
        </p>
      )}
    </section>
  );
}

function Way({ name, way }: { readonly name: string; readonly way: WayView }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="num">{count(way.trades)}</td>
      <td class="num">
        {way.trades === 0 ? "–" : percent(way.hits / way.trades)}
      </td>
      <Gain value={way.gross_bps} />
      <td class="num">{way.cost_bps.toFixed(1)}</td>
      <Gain value={way.net_bps} />
      <Gain value={way.net_bps_per_trade} digits={2} />
      <td class="num">{way.max_drawdown_bps.toFixed(1)}</td>
    </tr>
  );
}

function Gain({ value, digits = 1 }: {
  readonly value: number | null;
  readonly digits?: number;
}) {
  if (value === null) return <td class="num">–</td>;
  const text = signed(value, digits);
  const way = text.startsWith("+") ? "up" : text.startsWith("−") ? "down" : "";
  return <td class={`num ${way}`}>{text}</td>;
}

function Last({ view }: { readonly view: BacktestView }) {
  const { last, settings } = view;
  const time = timeIn(settings.zone);
  return (
    <section>
      <h2>The last {last.length} minutes</h2>
      <CandlePlot
        candles={last}
        decimals={settings.price_scale}
        labels={last.map(({ t }, i) => ({
          at: (i + 0.5) / last.length,
          text: time.clock(t),
        }))}
        summary={`The last ${last.length} candles, each with the interval ` +
          `that was forecast for its close`}
      />
    </section>
  );
}

function Trades({ view }: { readonly view: BacktestView }) {
  const { signals, settings } = view;
  const time = timeIn(settings.zone);
  const shown = signals.trades.slice(-TRADES_SHOWN).reverse();
  if (shown.length === 0) return null;
  const more = signals.ways.signals.trades - shown.length;
  const price = (value: number) => value.toFixed(settings.price_scale);
  return (
    <section class="long">
      <h2>Trades</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">In</th>
              <th scope="col">Signal</th>
              <th scope="col" class="num">Net, bps</th>
              <th scope="col">Model</th>
              <th scope="col" class="num">Expected</th>
              <th scope="col" class="num">Confidence</th>
              <th scope="col" class="num">Entry</th>
              <th scope="col" class="num">Exit</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((trade) => (
              <tr key={trade.t}>
                <td>{time.minute(trade.entry_t)}</td>
                <td>{trade.action}</td>
                <Gain value={trade.net_bps} />
                <td>{trade.model}</td>
                <td class="num">{signed(trade.expected_bps, 1)}</td>
                <td class="num">{percent(trade.confidence, 0)}</td>
                <td class="num">{price(trade.entry)}</td>
                <td class="num">{price(trade.exit)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more > 0 && (
        <p class="fine">
          The newest {count(shown.length)}; {count(more)}{" "}
          earlier ones are not listed.
        </p>
      )}
    </section>
  );
}

function Reading({ view }: { readonly view: BacktestView }) {
  return (
    <section>
      <h2>How to read this</h2>
      <p>
        Each minute was forecast from what was known at its first moment, and
        scored by the candle that came; nothing was changed afterwards. Skill: 1
        − MAE / MAE of “no change”; 0 is no better than saying that the price
        stays. p: the chance of a difference as large if there were none
        (Diebold–Mariano); the more models are tried, the likelier a small p is
        luck. MASE: MAE / MAE of no change in the candles before. RMSE, High,
        Low: root mean squared error over that of no change, for high and low
        over that of the candle before. Direction: where forecast and price both
        moved, with its 95 % interval (Wilson). Brier: of the probability of a
        rise; 0.25 is a coin. Turbulent: the third of the minutes with the
        widest expected spread. Winkler: of the 95 % interval, and CRPS, in
        price; smaller is better. One bp is 1/100 of a percent; returns are
        logs, and add up.
      </p>
      <p class="fine">
        {view.settings.models.length}{" "}
        models of the close were run, on one-minute candles, one minute ahead.
        {view.models.some(({ fit_failure }) => fit_failure) &&
          ` Last fit that failed: ${
            view.models.find(({ fit_failure }) => fit_failure)?.fit_failure
          }.`}
      </p>
    </section>
  );
}

/** Labels of a timeline: days, or times if it is short. */
function stretchLabels({ timeline, settings }: BacktestView) {
  const time = timeIn(settings.zone);
  const first = timeline[0]?.from ?? 0;
  const last = timeline.at(-1)?.through ?? 0;
  const text = last - first > 2 * DAY_MS ? time.day : time.clock;
  return timeline.map(({ from }, i) => ({
    at: timeline.length === 1 ? 0.5 : i / (timeline.length - 1),
    text: text(from),
  }));
}

function timeIn(zone: string) {
  const format = (options: Intl.DateTimeFormatOptions) => {
    const formatter = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      ...options,
    });
    return (ms: number | null) => ms === null ? "–" : formatter.format(ms);
  };
  return {
    minute: format({ dateStyle: "medium", timeStyle: "short" }),
    day: format({ day: "numeric", month: "short" }),
    clock: format({ timeStyle: "short" }),
  };
}

function share(value: number | null): string {
  return value === null ? "–" : percent(value);
}

function skillText(skill: number | null): string {
  return skill === null ? "–" : `${signed(100 * skill, 2)} %`;
}

function pText({ diebold_mariano: dm }: ModelView): string {
  if (dm === null) return "–";
  return dm.p < 0.001 ? "< 0.001" : dm.p.toFixed(3);
}

function directionText({ direction }: ModelView): string {
  const { rate, low, high, n } = direction;
  return rate === null ? "–" : `${percent(rate)} (${percent(low)} to ` +
    `${percent(high)} of ${count(n)})`;
}

function ratio(
  rmse: ModelView["rmse"],
  of: "close" | "high" | "low",
): string {
  const naive = rmse?.[`${of}_naive`] ?? 0;
  return rmse === null || naive === 0 ? "–" : (rmse[of] / naive).toFixed(3);
}

function digits(value: number | null, precision: number): string {
  return value === null ? "–" : String(Number(value.toPrecision(precision)));
}
