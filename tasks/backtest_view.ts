import type { SignalAction } from "../pipeline/domain/signal.ts";
import { toMillis } from "../pipeline/domain/time.ts";
import type {
  BacktestResult,
  BacktestSettings,
  ShownCandle,
} from "../pipeline/forecast/backtest/backtest.ts";
import type { ModelRecord } from "../pipeline/forecast/backtest/model_tally.ts";
import type {
  Trade,
  WayToTrade,
} from "../pipeline/forecast/backtest/trade_book.ts";
import type { BacktestSource } from "./backtest_source.ts";
import { verdictWords } from "./backtest_words.ts";

/** What was run. */
export interface BacktestRun {
  readonly source: BacktestSource;
  readonly settings: BacktestSettings;
  readonly engine: string;
  readonly sha256: string;
}

/** All of a backtest as JSON. Times are Unix ms; what is not known is null. */
export function backtestView(run: BacktestRun, result: BacktestResult) {
  const { source, settings } = run;
  const { instrument, rule } = settings;
  const ms = (t: typeof result.from) => t === null ? null : toMillis(t);
  return {
    event: "backtest",
    symbol: instrument.symbol,
    name: instrument.name,
    note: instrument.note,
    source: source.name,
    verdict: verdictWords(result, instrument.costBps),
    range: { from: toMillis(source.from), to: toMillis(source.to) },
    forecast: { from: ms(result.from), through: ms(result.through) },
    candles: result.candles,
    revised: result.revised,
    rejected: source.rejected,
    minutes: result.minutes,
    not_forecast: result.notForecast,
    data_sha256: run.sha256,
    settings: {
      engine: run.engine,
      interval: "1m",
      horizon: 1,
      models: settings.candidates.map(({ model }) => model),
      window: settings.window,
      refit_every: settings.refitEvery,
      cost_bps: instrument.costBps,
      ratio_min: rule.ratioMin,
      scored_min: rule.scoredMin,
      skill_window: settings.skillWindow,
      tick_size: instrument.tickSize,
      price_scale: instrument.priceScale,
      calendar: settings.calendar.id,
      zone: settings.calendar.zone,
    },
    fits: result.fits,
    models: result.models.map(modelView),
    shown: {
      ...modelView(result.shown),
      minutes: Object.fromEntries(result.shownMinutes),
    },
    signals: signalsView(result),
    timeline: result.timeline.map((stretch) => ({
      from: toMillis(stretch.from),
      through: toMillis(stretch.through),
      n: stretch.n,
      coverage50: stretch.inside50 / stretch.n,
      coverage80: stretch.inside80 / stretch.n,
      coverage95: stretch.inside95 / stretch.n,
      skill: Object.fromEntries(
        [...stretch.errors].map(([model, { absError, absErrorNaive }]) => [
          model,
          absErrorNaive > 0 ? 1 - absError / absErrorNaive : null,
        ]),
      ),
      equity_bps: {
        signals: stretch.equity.signals,
        signals_gross: stretch.equity.signalsGross,
        lean: stretch.equity.lean,
        lean_gross: stretch.equity.leanGross,
        always_long: stretch.equity.alwaysLong,
        no_change: 0,
      },
    })),
    last: result.last.map(shownView),
  };
}

/** A candle, and what the model shown had said of it. */
function shownView({ candle, forecast }: ShownCandle) {
  return {
    t: candle.t / 1_000,
    o: candle.open,
    h: candle.high,
    l: candle.low,
    c: candle.close,
    forecast: forecast && {
      model: forecast.model,
      o: forecast.open,
      h: forecast.high,
      l: forecast.low,
      c: forecast.close,
      lo95: forecast.lo95,
      hi95: forecast.hi95,
    },
  };
}

export type BacktestView = ReturnType<typeof backtestView>;
export type ModelView = ReturnType<typeof modelView>;

function modelView(record: ModelRecord) {
  const { skill, rmse, turbulent, hitRate } = record;
  return {
    model: record.model,
    verdict: record.verdict,
    n: skill.n,
    mae: skill.mae,
    mae_naive: skill.maeNaive,
    mase: skill.mase,
    skill: skill.skill,
    rmse: rmse && {
      close: rmse.close,
      close_naive: rmse.closeNaive,
      high: rmse.high,
      high_naive: rmse.highNaive,
      low: rmse.low,
      low_naive: rmse.lowNaive,
    },
    coverage50: skill.coverage50,
    coverage80: skill.coverage80,
    coverage95: skill.coverage95,
    turbulent: {
      n: turbulent.n,
      coverage50: turbulent.coverage50,
      coverage80: turbulent.coverage80,
      coverage95: turbulent.coverage95,
    },
    winkler95: skill.winkler95,
    crps: skill.crps,
    brier: skill.brier,
    direction: {
      hits: skill.directionHits,
      n: skill.directionN,
      rate: skill.directionN > 0
        ? skill.directionHits / skill.directionN
        : null,
      low: hitRate.low,
      high: hitRate.high,
    },
    diebold_mariano: skill.dieboldMariano,
    suspicious: skill.suspicious,
    ohlc_violations: record.ohlcViolations,
    fits_failed: record.fitsFailed,
    fit_failure: record.fitFailure,
    errors_by_se: record.errors,
  };
}

function signalsView({ trades }: BacktestResult) {
  const actions: Record<Lowercase<SignalAction>, number> = {
    buy: trades.actions.BUY,
    sell: trades.actions.SELL,
    hold: trades.actions.HOLD,
  };
  const none: WayToTrade = {
    trades: 0,
    hits: 0,
    grossBps: 0,
    costBps: 0,
    netBps: 0,
    maxDrawdownBps: 0,
  };
  return {
    ...actions,
    ways: {
      signals: wayView(trades.signals),
      no_change: wayView(none),
      always_long: wayView(trades.alwaysLong),
      lean: wayView(trades.lean),
    },
    outcomes: trades.outcomes.map((one) => ({
      minutes: one.minutes,
      n: one.n,
      hits: one.hits,
      mean_net_bps: one.n > 0 ? one.netBps / one.n : null,
      always_long_bps: one.n > 0 ? one.alwaysLongBps / one.n : null,
      no_change_bps: 0,
    })),
    unpriced: Object.fromEntries(trades.unpriced),
    unsettled: trades.unsettled,
    trades: trades.trades.map(tradeView),
  };
}

function wayView(way: WayToTrade) {
  return {
    trades: way.trades,
    hits: way.hits,
    gross_bps: way.grossBps,
    cost_bps: way.costBps,
    net_bps: way.netBps,
    net_bps_per_trade: way.trades > 0 ? way.netBps / way.trades : null,
    max_drawdown_bps: way.maxDrawdownBps,
  };
}

export type WayView = ReturnType<typeof wayView>;

function tradeView({ signal, ...trade }: Trade) {
  return {
    t: toMillis(signal.t),
    action: signal.action,
    model: signal.model,
    expected_bps: signal.expectedBps,
    confidence: signal.confidence,
    entry_t: toMillis(trade.entryT),
    entry: trade.entry,
    exit_t: toMillis(trade.exitT),
    exit: trade.exit,
    move_bps: trade.moveBps,
    cost_bps: signal.costBps,
    net_bps: trade.netBps,
  };
}
