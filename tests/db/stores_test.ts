import assert from "node:assert/strict";
import type { Forecast } from "../../pipeline/domain/forecast.ts";
import { partitionOf } from "../../pipeline/domain/hash.ts";
import type { Signal, SignalOutcome } from "../../pipeline/domain/signal.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
} from "../../pipeline/domain/time.ts";
import type { SignalQuery } from "../../pipeline/forecast_ports.ts";
import { autoSpec } from "../../pipeline/domain/instrument.ts";
import {
  addScore,
  NO_SCORES,
} from "../../pipeline/forecast/scores/add_score.ts";
import { dieboldMariano } from "../../pipeline/forecast/scores/diebold_mariano.ts";
import { naiveScale } from "../../pipeline/forecast/scores/naive_scale.ts";
import { candleFloats } from "../../pipeline/forecast/training_series.ts";
import {
  deltaOf,
  FEED,
  historyCandle,
  minuteOf,
  NOW,
  onAllDatabases,
  PARTITIONS,
  totals,
  Writer,
} from "./testing.ts";

await onAllDatabases((warehouse, test) => {
  const { feeds, instruments, forecasts, scores, signals, activity } =
    warehouse;
  const T = minuteOf(NOW);
  const minute = (n: number) => epochMicros(T + n * MICROS_PER_MINUTE);

  async function registered(): Promise<string> {
    const symbol = warehouse.symbol();
    const scales = { priceScale: 2, sizeScale: 0 };
    await instruments.upsert([autoSpec(symbol, scales)]);
    return symbol;
  }

  // -------------------------------------------------------------- instruments

  test("upsert() gives ids once, and changes() gives all back", async () => {
    const spec = {
      ...autoSpec(warehouse.symbol(), { priceScale: 4, sizeScale: 1 }),
      name: `O'Neil "USD" \\ INR`,
      tickSize: "0.0025",
      note: "planted",
      validFrom: T,
    };
    const [first] = await instruments.upsert([spec]);
    assert.deepEqual(first, { id: first.id, ...spec });
    const [again] = await instruments.upsert([{ ...spec, costBps: 3 }]);
    assert.deepEqual(again, { ...first, costBps: 3 });
    const { instruments: loaded } = await instruments.changes(null);
    assert.deepEqual(
      loaded.find(({ symbol }) => symbol === spec.symbol),
      again,
    );
  });

  test("upsert() never narrows the decimals of a price", async () => {
    const symbol = warehouse.symbol();
    await instruments.upsert([
      autoSpec(symbol, { priceScale: 5, sizeScale: 3 }),
    ]);
    const [after] = await instruments.upsert([
      autoSpec(symbol, { priceScale: 2, sizeScale: 0 }),
    ]);
    assert.deepEqual([after.priceScale, after.sizeScale], [5, 3]);
  });

  test("widen() widens, and keeps what was as a dated version", async () => {
    const symbol = await registered();
    const wide = await instruments.widen(symbol, {
      priceScale: 4,
      sizeScale: 0,
    });
    assert.deepEqual([wide.priceScale, wide.tickSize], [4, "0.0001"]);
    await instruments.widen(symbol, { priceScale: 4, sizeScale: 0 });
    const versions = await warehouse.db.query(
      `select version, (facts->>'price_scale')::int as scale
      from instrument_versions v join instruments i on i.id = v.instrument_id
      where i.symbol = $1 order by version`,
      [symbol],
    );
    assert.deepEqual(versions, [
      { version: 1, scale: 2 },
      { version: 2, scale: 4 },
    ]);
  });

  test("changes() names what others changed since, whenever they commit", async () => {
    const before = (await instruments.changes(null)).seen;
    const own = await registered();
    const symbolsOf = async (since: string | null) => {
      const { instruments: changed, seen } = await instruments.changes(since);
      return { symbols: changed.map(({ symbol }) => symbol), seen };
    };
    const first = await symbolsOf(before);
    assert(first.symbols.includes(own));
    assert.deepEqual((await symbolsOf(first.seen)).symbols, []);
    await instruments.widen(own, { priceScale: 6, sizeScale: 0 });
    const [wide] = (await instruments.changes(first.seen)).instruments;
    assert.deepEqual([wide.symbol, wide.priceScale], [own, 6]);
    const all = await symbolsOf(null);
    assert(all.symbols.includes(own) && all.symbols.length > 1);
    // Of a server that has not come as far, all are read.
    const { symbols } = await symbolsOf(String(BigInt(all.seen) + 1_000n));
    assert.deepEqual(symbols, all.symbols);
    // A dump of another server has numbers that are still to come here.
    await warehouse.db.query(
      `update instrument_versions set changed_in = '9000000000000'::xid8
        where instrument_id = (select min(id) from instruments)`,
    );
    assert.deepEqual((await symbolsOf(all.seen)).symbols, []);
  });

  // -------------------------------------------------------------------- feeds

  test("loadAck() gives the newest epoch, or the one asked for", async () => {
    const feed = "acks";
    assert.equal(await feeds.loadAck(feed), null);
    await feeds.saveAcks([
      { key: { feed, epoch: 1 }, seq: 9 },
      { key: { feed, epoch: 2 }, seq: 4 },
      { key: { feed, epoch: 2 }, seq: 3 },
    ]);
    assert.deepEqual(await feeds.loadAck(feed), { epoch: 2, seq: 4 });
    assert.deepEqual(await feeds.loadAck(feed, 1), { epoch: 1, seq: 9 });
    assert.equal(await feeds.loadAck(feed, 3), null);
  });

  test("saveAcks() never takes an ack back", async () => {
    const key = { feed: "falling", epoch: 1 };
    await feeds.saveAcks([{ key, seq: 9 }]);
    await feeds.saveAcks([{ key, seq: 5 }]);
    assert.deepEqual(await feeds.loadAck("falling"), { epoch: 1, seq: 9 });
  });

  test("claimContent() lets the first to say it win", async () => {
    assert.equal(await feeds.content(), null);
    assert.equal(await feeds.claimContent("real"), "real");
    assert.equal(await feeds.claimContent("simulated"), "real");
    assert.equal(await feeds.content(), "real");
  });

  test("activity() and committedSeq() tell what was committed", async () => {
    const symbol = warehouse.symbol();
    const p = partitionOf(symbol, PARTITIONS);
    const writer = await Writer.claim(warehouse, p);
    const other = { feed: "other", epoch: 1 };
    const progress = (key: typeof FEED, maxEvent: EpochMicros) => ({
      key,
      symbol,
      maxEvent,
      lastReceived: NOW,
      replay: false,
      ended: false,
    });
    assert.equal(await feeds.committedSeq(p, FEED), 0);
    await writer.commit({
      progress: [progress(FEED, minute(1)), progress(other, minute(2))],
      feeds: [
        totals({ lastSeq: 5 }),
        totals({ key: other, delivery: "best_effort", connected: false }),
      ],
    });
    assert.equal(await feeds.committedSeq(p, FEED), 5);
    assert.deepEqual(await activity.activity(), [{
      ...progress(other, minute(2)),
      delivery: "best_effort",
      connected: false,
    }]);
  });

  // ---------------------------------------------------------------- forecasts

  function forecastOf(symbol: string, given: Partial<Forecast> = {}): Forecast {
    return {
      symbol,
      interval: "1m",
      t: T,
      horizon: 1,
      model: "arima(1,1,1)",
      order: [1, 1, 1],
      champion: true,
      madeAt: epochMicros(T + 200_000),
      trainedThrough: T,
      position: "12-0",
      rev: 0,
      last: 100.1,
      open: 100.1,
      high: 100.5,
      low: 99.7,
      close: 100.25,
      se: 1e-4,
      lo50: 100,
      hi50: 100.4,
      lo80: 99.9,
      hi80: 100.6,
      lo95: 99.5,
      hi95: 100.9,
      ...given,
    };
  }

  function scoreOf(forecast: Forecast, absError: number, naive: number) {
    const { symbol, interval, t, horizon, model } = forecast;
    return {
      symbol,
      interval,
      t,
      horizon,
      model,
      scoredAt: NOW,
      actual: forecast.close + absError,
      absError,
      absErrorNaive: naive,
      inside50: false,
      inside80: true,
      inside95: true,
      winkler95: 1.5,
      crps: 0.25,
      upProbability: 0.625,
      brier: absError > naive ? null : 0.125,
      directionHit: absError < naive ? true : absError > naive ? false : null,
    };
  }

  test("forecasts() gives back what was saved, of the champion", async () => {
    const symbol = await registered();
    const champion = forecastOf(symbol);
    const baseline = forecastOf(symbol, {
      model: "random-walk",
      champion: false,
    });
    await forecasts.saveForecasts([champion, baseline]);
    assert.deepEqual(await forecasts.forecasts({ symbol, limit: 9 }), [
      { forecast: champion, score: null },
    ]);
    assert.deepEqual(
      await forecasts.forecasts({ symbol, limit: 9, model: "random-walk" }),
      [{ forecast: baseline, score: null }],
    );
    assert.deepEqual(
      await forecasts.forecasts({ symbol, limit: 9, horizon: 2 }),
      [],
    );
  });

  test("saveForecasts() leaves a forecast as it was first made", async () => {
    const symbol = await registered();
    await forecasts.saveForecasts([forecastOf(symbol)]);
    await forecasts.saveForecasts([forecastOf(symbol, { close: 1 })]);
    const [{ forecast }] = await forecasts.forecasts({ symbol, limit: 9 });
    assert.equal(forecast.close, 100.25);
  });

  test("saveForecasts() refuses what was made too late", async () => {
    const symbol = await registered();
    const madeAt = epochMicros(T + MICROS_PER_SECOND);
    await forecasts.saveForecasts([forecastOf(symbol, { madeAt })]);
    await assert.rejects(
      forecasts.saveForecasts([forecastOf(symbol, {
        t: minute(1),
        madeAt: epochMicros(minute(1) + MICROS_PER_SECOND + 1),
      })]),
      { name: "DbError", code: "23514" },
    );
  });

  test("forecasts() counts the limit from the end if from is absent", async () => {
    const symbol = await registered();
    await forecasts.saveForecasts(
      [0, 1, 2, 3].map((n) => forecastOf(symbol, { t: minute(n) })),
    );
    const read = async (query: { from?: EpochMicros; to?: EpochMicros }) =>
      (await forecasts.forecasts({ symbol, limit: 2, ...query })).map((row) =>
        (row.forecast.t - T) / MICROS_PER_MINUTE
      );
    assert.deepEqual(await read({}), [2, 3]);
    assert.deepEqual(await read({ from: minute(1) }), [1, 2]);
    assert.deepEqual(await read({ to: minute(1) }), [0]);
  });

  test("unscored() waits for the candle to close, and ends with a score", async () => {
    const symbol = await registered();
    const made = forecastOf(symbol);
    const isOf = ({ forecast }: { forecast: Forecast }) =>
      forecast.symbol === symbol;
    await forecasts.saveForecasts([made]);
    const writer = await Writer.claim(
      warehouse,
      partitionOf(symbol, PARTITIONS),
    );
    await writer.commit({
      deltas: [deltaOf(symbol, { ts: T + 5, price: 10_030, size: 1, seq: 1 })],
    });
    assert.deepEqual((await scores.unscored(100)).filter(isOf), []);
    await writer.commit({
      closes: [{
        symbol,
        t: T,
        closedBy: "idle",
        coverageMs: 60_000,
        complete: true,
      }],
    });
    const [{ forecast, candle }] = (await scores.unscored(100)).filter(isOf);
    assert.deepEqual(forecast, made);
    assert.deepEqual([candle.close, candle.closed], ["100.30", true]);
    const score = scoreOf(made, 0.05, 0.2);
    await scores.saveScores([score]);
    assert.deepEqual((await scores.unscored(100)).filter(isOf), []);
    const [scored] = await forecasts.forecasts({ symbol, limit: 1 });
    assert.deepEqual(scored.score, score);
  });

  test("saveForecasts() a second time changes no row of the warehouse", async () => {
    const symbol = await registered();
    const made = [1, 2].map((horizon) =>
      forecastOf(symbol, { horizon, t: minute(horizon - 1) })
    );
    await forecasts.saveForecasts(made);
    const rows = () =>
      warehouse.db.query(
        `select f.*, f.xmin::text as xmin from forecasts f
        join instruments i on i.id = f.instrument_id
        where i.symbol = $1 order by f.t`,
        [symbol],
      );
    const before = await rows();
    assert.equal(before.length, 2);
    await forecasts.saveForecasts(
      made.map((one) => ({
        ...one,
        close: 1,
        se: 9,
        champion: false,
        madeAt: one.trainedThrough,
      })),
    );
    assert.deepEqual(await rows(), before);
  });

  test("saveScores() again scores a forecast anew, as its candle was revised", async () => {
    const symbol = await registered();
    const made = forecastOf(symbol);
    await forecasts.saveForecasts([made]);
    await scores.saveScores([scoreOf(made, 1, 2)]);
    const revised = { ...scoreOf(made, 3, 1), winkler95: 4.5, crps: 0.5 };
    await scores.saveScores([revised]);
    const [{ forecast, score }] = await forecasts.forecasts({
      symbol,
      limit: 9,
    });
    assert.deepEqual(forecast, made);
    assert.deepEqual(score, revised);
  });

  test("scoreSums() adds up the newest scores of each model, as the code does", async () => {
    const symbol = await registered();
    const made = [0, 1, 2, 3].map((n) => forecastOf(symbol, { t: minute(n) }));
    const other = forecastOf(symbol, { t: minute(3), model: "random-walk" });
    const far = forecastOf(symbol, { t: minute(4), horizon: 2 });
    await forecasts.saveForecasts([...made, other, far]);
    assert.deepEqual(await scores.scoreSums([symbol], 100), new Map());
    const saved = [[99, 1], [1, 2], [2, 2], [3, 4]].map(([error, naive], i) =>
      scoreOf(made[i], error, naive)
    );
    const walk = { ...scoreOf(other, 0.5, 0), crps: null, winkler95: null };
    await scores.saveScores([...saved, walk, scoreOf(far, 7, 7)]);
    const sums = await scores.scoreSums([symbol, "NONE"], 3);
    assert.deepEqual([...sums.keys()], [symbol]);
    assert.deepEqual(sums.get(symbol), [
      {
        model: "arima(1,1,1)",
        sums: saved.slice(1).reduce(addScore, NO_SCORES),
        scale: null,
      },
      {
        model: "random-walk",
        sums: [walk].reduce(addScore, NO_SCORES),
        scale: null,
      },
    ]);
  });

  test("chances() tells what a model stated and what came, where the price moved", async () => {
    const symbol = await registered();
    const made = [0, 1, 2, 3].map((n) => forecastOf(symbol, { t: minute(n) }));
    const other = forecastOf(symbol, { t: minute(3), model: "drift" });
    await forecasts.saveForecasts([...made, other]);
    const score = (i: number, actual: number, brier: number | null) => ({
      ...scoreOf(made[i], 0, 0),
      actual,
      brier,
      upProbability: 0.1 * i,
    });
    const { last } = made[0];
    await scores.saveScores([
      score(0, last + 1, 0.5),
      score(1, last + 1, 0.5),
      score(2, last, null),
      score(3, last - 1, 0.5),
      scoreOf(other, 0, 1),
    ]);
    const asked = { symbol, model: made[0].model };
    assert.deepEqual(await scores.chances({ ...asked, limit: 3 }), [
      { up: 0.1, came: true },
      { up: 0.1 * 3, came: false },
    ]);
    assert.equal((await scores.chances({ ...asked, limit: 9 })).length, 3);
    const none = { ...asked, symbol: "NONE", limit: 9 };
    assert.deepEqual(await scores.chances(none), []);
  });

  test("scoreSums() scales by the closed candles before, gaps left out, as the code does", async () => {
    const symbol = await registered();
    const closes = [10, 12, 11, 15, 14.5, 14, 99];
    const candles = closes.map((close, n) =>
      historyCandle(symbol, minute(n < 3 ? n - 20 : n - 10), {
        open: String(close),
        high: String(close),
        low: String(close),
        close: String(close),
        complete: n !== 4,
      })
    );
    // The last one is of the minute that is forecast.
    await warehouse.candles.importCandles(symbol, candles);
    const { t } = candles[6];
    const made = forecastOf(symbol, { t, madeAt: t });
    await forecasts.saveForecasts([made]);
    await scores.saveScores([scoreOf(made, 1, 2)]);
    const sums = await scores.scoreSums([symbol], 9);
    assert.equal(sums.get(symbol)?.[0].scale, (2 + 1) / 2);
    assert.equal(
      sums.get(symbol)?.[0].scale,
      naiveScale(candles.slice(0, 6).map(candleFloats)),
    );
  });

  test("newestOfModels() gives what each model forecast at the newest edge", async () => {
    const symbol = await registered();
    const old = forecastOf(symbol, { model: "gone" });
    const newest = ["arima(1,1,1)", "random-walk"].map((model) =>
      forecastOf(symbol, { model, t: minute(1) })
    );
    const ahead = forecastOf(symbol, { t: minute(2), horizon: 2 });
    await forecasts.saveForecasts([old, ...newest, ahead]);
    const found = await forecasts.newestOfModels([symbol]);
    assert.deepEqual(found.get(symbol), newest);
  });

  function signalOf(symbol: string, n: number, given = {}): Signal {
    return {
      symbol,
      t: minute(n),
      version: 1,
      madeAt: minute(n),
      model: "arima(1,1,1)",
      action: "BUY",
      lean: "up",
      reason: `expected 5 bps > cost 2 bps, "up"`,
      confidence: 0.625,
      price: 100.5,
      expectedBps: 5,
      costBps: 2,
      ...given,
    };
  }

  test("upsert() of an instrument that a tick registers keeps what is known of it", async () => {
    const symbol = warehouse.symbol();
    const auto = autoSpec(symbol, { priceScale: 4, sizeScale: 1 });
    await instruments.upsert([{
      ...autoSpec(symbol, { priceScale: 2, sizeScale: 0 }),
      name: "Known",
      calendar: "nse",
      tickSize: "0.05",
      auto: false,
    }]);
    const [after] = await instruments.upsert([auto]);
    assert.deepEqual(
      { ...after, id: 0 },
      {
        ...auto,
        id: 0,
        name: "Known",
        calendar: "nse",
        tickSize: "0.05",
        auto: false,
      },
    );
  });

  test("newest() reads many instruments at once, each with its own", async () => {
    const a = await registered();
    const b = await registered();
    const none = await registered();
    const made = [0, 1, 2].flatMap((n) =>
      [1, 2].map((horizon) =>
        forecastOf(a, {
          t: minute(n + horizon - 1),
          horizon,
          madeAt: minute(n),
        })
      )
    );
    const hidden = forecastOf(a, {
      t: minute(5),
      madeAt: minute(5),
      model: "random-walk",
      champion: false,
    });
    await forecasts.saveForecasts([...made, hidden, forecastOf(b)]);
    const score = scoreOf(made[4], 1, 2);
    await scores.saveScores([score]);
    await signals.saveSignals([
      signalOf(a, 10),
      signalOf(a, 11),
      signalOf(b, 10),
    ]);
    const ones = await forecasts.newest([a, b, none], {
      forecasts: 1,
      horizon: 1,
      signals: 1,
    });
    assert.deepEqual(ones.get(a), {
      forecasts: [{ forecast: made[4], score }],
      signals: [signalOf(a, 11)],
    });
    assert.deepEqual(ones.get(b), {
      forecasts: [{ forecast: forecastOf(b), score: null }],
      signals: [signalOf(b, 10)],
    });
    assert.deepEqual(ones.get(none), { forecasts: [], signals: [] });
    const more = await forecasts.newest([a], { forecasts: 3, signals: 9 });
    assert.deepEqual(
      more.get(a)?.forecasts.map(({ forecast }) => forecast),
      [made[4], made[3], made[5]],
    );
  });

  test("signals() gives back what was saved", async () => {
    const a = await registered();
    const b = await registered();
    const saved = [signalOf(a, 0), signalOf(a, 1, { action: "HOLD" })];
    await signals.saveSignals([...saved, signalOf(b, 0)]);
    const read = async (query: SignalQuery) =>
      (await signals.signals(query)).map(({ signal }) => signal);
    assert.deepEqual(await read({ symbol: a, limit: 9 }), saved);
    assert.deepEqual(
      await read({ symbol: a, action: "BUY", limit: 9 }),
      [saved[0]],
    );
    assert.deepEqual(
      await read({ from: minute(0), to: minute(1), limit: 9 }),
      [saved[0], signalOf(b, 0)],
    );
    assert.deepEqual(await read({ symbol: a, limit: 1 }), [saved[1]]);
  });

  test("saveSignals() changes none: a later one of the minute supersedes it, the same again is nothing", async () => {
    const symbol = await registered();
    const first = signalOf(symbol, 0);
    await signals.saveSignals([first]);
    await signals.saveSignals([{ ...first, madeAt: minute(2) }]);
    const later = signalOf(symbol, 0, {
      action: "SELL",
      lean: "down",
      model: "arima(2,1,2)",
      madeAt: minute(2),
    });
    await signals.saveSignals([later]);
    await signals.saveSignals([later]);
    assert.deepEqual(await signals.signals({ symbol, limit: 9 }), [
      { signal: first, superseded: true, outcomes: [] },
      { signal: { ...later, version: 2 }, superseded: false, outcomes: [] },
    ]);
    const newest = await forecasts.newest([symbol], {
      forecasts: 1,
      signals: 1,
    });
    assert.equal(newest.get(symbol)?.signals[0].action, "SELL");
  });

  test("unsettled() brings the candles after a signal, once it is due, until the outcome is stored", async () => {
    const symbol = await registered();
    const made = signalOf(symbol, -30);
    await signals.saveSignals([made]);
    const due = async (n: number) =>
      (await signals.unsettled(minute(n), 1_000))
        .filter(({ signal }) => signal.symbol === symbol);
    assert.deepEqual(await due(-28), []);
    const [early] = await due(-27);
    assert.deepEqual(early, {
      signal: made,
      minutes: 1,
      entry: null,
      exit: null,
      closedThrough: null,
    });
    await warehouse.candles.importCandles(
      symbol,
      [-30, -29, -28, -23].map((n) =>
        historyCandle(symbol, minute(n), {
          open: String(100 + n),
          low: "1",
          high: "200",
          complete: n !== -28,
        })
      ),
    );
    const [one, five] = await due(-20);
    assert.deepEqual(one, {
      signal: made,
      minutes: 1,
      entry: { open: 71, complete: true },
      exit: { open: 72, complete: false },
      closedThrough: null,
    });
    assert.deepEqual([five.minutes, five.exit, five.closedThrough], [
      5,
      null,
      minute(-23),
    ]);

    await signals.putOffOutcomes([{ ...five, until: minute(-10) }]);
    assert.deepEqual((await due(-20)).map(({ minutes }) => minutes), [1]);
    assert.deepEqual(
      (await due(-10)).map(({ minutes }) => minutes).sort((a, b) => a - b),
      [1, 5, 15],
    );
    const outcome: SignalOutcome = {
      symbol,
      t: made.t,
      version: 1,
      minutes: 1,
      settledAt: minute(-20),
      costBps: 2,
      came: {
        kind: "priced",
        entry: 71,
        exit: 72,
        moveBps: 139.86,
        netBps: 137.86,
      },
    };
    const without: SignalOutcome = {
      ...outcome,
      minutes: 5,
      came: { kind: "no_price", reason: `No tick came, "really"` },
    };
    await signals.saveOutcomes([outcome, without]);
    await signals.saveOutcomes([{ ...without, came: outcome.came }]);
    assert.deepEqual((await due(0)).map(({ minutes }) => minutes), [15]);
    const [settled] = await signals.signals({ symbol, limit: 1 });
    assert.deepEqual(settled.outcomes, [outcome, without]);
  });

  test("the views tell of models and outcomes in plain names", async () => {
    const symbol = await registered();
    const made = [0, 1, 2].map((n) => forecastOf(symbol, { t: minute(n) }));
    await forecasts.saveForecasts(made);
    const saved = [[1, 2], [2, 2], [3, 5]].map(([error, naive], i) =>
      scoreOf(made[i], error, naive)
    );
    await scores.saveScores(saved);
    const [model] = await warehouse.db.query(
      `select n::float8 as n, mae, skill, coverage50::float8 as coverage50,
        diebold_mariano
      from v_model_scores where symbol = $1`,
      [symbol],
    );
    const test = dieboldMariano(saved.reduce(addScore, NO_SCORES));
    assert.ok(
      Math.abs(Number(model.diebold_mariano) - (test?.statistic ?? 0)) < 1e-9,
    );
    assert.deepEqual([model.n, model.mae, model.coverage50], [3, 2, 0]);
    assert.equal(model.skill, 1 - 6 / 9);

    await signals.saveSignals([signalOf(symbol, 0, { action: "SELL" })]);
    await signals.saveOutcomes([{
      symbol,
      t: minute(0),
      version: 1,
      minutes: 5,
      settledAt: NOW,
      costBps: 2,
      came: { kind: "priced", entry: 1, exit: 2, moveBps: -5, netBps: 3 },
    }]);
    assert.deepEqual(
      await warehouse.db.query(
        `select action, minutes, net_bps, always_long_bps, no_change_bps
        from v_signal_outcomes where symbol = $1`,
        [symbol],
      ),
      [{
        action: "SELL",
        minutes: 5,
        net_bps: 3,
        always_long_bps: -7,
        no_change_bps: 0,
      }],
    );
  });
});
