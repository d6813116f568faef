import type { BacktestView, ModelView, WayView } from "./backtest_view.ts";
import { percent, signed } from "./backtest_words.ts";

/** A backtest as people read it in a terminal. */
export function backtestTable(view: BacktestView): string {
  const { signals, settings } = view;
  const time = (ms: number | null) =>
    ms === null ? "–" : new Date(ms).toISOString().slice(0, 16) + "Z";
  return [
    `${view.symbol}, ${view.source}: ${view.minutes} minutes forecast, ` +
    `${time(view.forecast.from)} to ${time(view.forecast.through)}`,
    `engine ${settings.engine}, window ${settings.window}, fitted every ` +
    `${settings.refit_every} candles (${view.fits} fits), cost ` +
    `${settings.cost_bps} bps a round trip`,
    `${view.candles} candles, ${view.revised} revised, ${view.rejected} ` +
    `lines rejected, SHA-256 ${view.data_sha256.slice(0, 16)}`,
    "",
    ...view.verdict,
    "",
    ...table([
      ["model", "skill", "p", "MAE", "MASE", "RMSE c/h/l", "right"],
      ...[...view.models, view.shown].map(errorRow),
    ]),
    "",
    ...table([
      ["model", "in 50", "in 80", "in 95", "turbulent", "Winkler", "CRPS"],
      ...[...view.models, view.shown].map(bandRow),
    ]),
    "",
    `BUY ${signals.buy}, SELL ${signals.sell}, HOLD ${signals.hold}`,
    ...table([
      ["bps", "trades", "right", "gross", "cost", "net", "a trade", "drawdown"],
      wayRow("signals", signals.ways.signals),
      wayRow("no change", signals.ways.no_change),
      wayRow("always long", signals.ways.always_long),
      wayRow("every lean", signals.ways.lean),
    ]),
    "",
    "RMSE: as a share of that of no change (high, low: of the candle before).",
    "Right: direction, with its 95 % interval. p: Diebold–Mariano.",
  ].join("\n");
}

function errorRow(model: ModelView): string[] {
  const { rmse, direction, diebold_mariano: dm } = model;
  const share = (error: number, naive: number) =>
    naive > 0 ? (error / naive).toFixed(3) : "–";
  return [
    nameOf(model),
    model.skill === null ? "–" : `${signed(100 * model.skill, 2)} %`,
    dm === null ? "–" : dm.p < 0.001 ? "< 0.001" : dm.p.toFixed(3),
    number(model.mae, 4),
    number(model.mase, 3),
    rmse === null ? "–" : [
      share(rmse.close, rmse.close_naive),
      share(rmse.high, rmse.high_naive),
      share(rmse.low, rmse.low_naive),
    ].join(" "),
    direction.rate === null
      ? "–"
      : `${percent(direction.rate)} (${percent(direction.low)} to ` +
        `${percent(direction.high)} of ${direction.n})`,
  ];
}

function bandRow(model: ModelView): string[] {
  const share = (value: number | null) => value === null ? "–" : percent(value);
  return [
    nameOf(model),
    share(model.coverage50),
    share(model.coverage80),
    share(model.coverage95),
    share(model.turbulent.coverage95),
    number(model.winkler95, 4),
    number(model.crps, 4),
  ];
}

function nameOf({ model, verdict }: ModelView): string {
  return `${model} (${verdict})`;
}

function wayRow(name: string, way: WayView): string[] {
  return [
    name,
    String(way.trades),
    way.trades === 0 ? "–" : percent(way.hits / way.trades),
    signed(way.gross_bps, 1),
    way.cost_bps.toFixed(1),
    signed(way.net_bps, 1),
    way.net_bps_per_trade === null ? "–" : signed(way.net_bps_per_trade, 2),
    way.max_drawdown_bps.toFixed(1),
  ];
}

/** Four digits that say something, however large the price is. */
function number(value: number | null, digits: number): string {
  return value === null ? "–" : Number(value.toPrecision(digits)).toString();
}

/** Columns set apart by two spaces; the first to the left, others right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) =>
    Math.max(...rows.map((row) => row[column].length))
  );
  return rows.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])
    ).join("  ").trimEnd()
  );
}
