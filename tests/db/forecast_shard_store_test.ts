import assert from "node:assert/strict";
import { PgForecastShardStore } from "../../db/forecast_shard_store.ts";
import { PgLeaseStore } from "../../db/lease_store.ts";
import { LeaseTerm } from "../../db/lease_term.ts";
import type { Forecast } from "../../pipeline/domain/forecast.ts";
import {
  FORECAST_SHARDS,
  FORECAST_TASK,
  forecastShardOf,
  type ShardClaim,
} from "../../pipeline/domain/forecast_shard.ts";
import { autoSpec } from "../../pipeline/domain/instrument.ts";
import { PartitionLayout } from "../../pipeline/domain/partition_layout.ts";
import type { Signal } from "../../pipeline/domain/signal.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import { until } from "../harness/program.ts";
import { forecastOf, minuteOf, NOW, onBothDatabases } from "./testing.ts";

const NEVER_MS = 3_600_000;
const SOON_MS = 20;
const T = minuteOf(NOW);

await onBothDatabases((warehouse, test) => {
  const { db, clock, forecasts, scores, signals, instruments, pipeline } =
    warehouse;
  const storeOf = (ms: number) =>
    new PgForecastShardStore(db, new LeaseTerm(ms, clock));
  const leasesOf = (ms: number) =>
    new PgLeaseStore(db, new LeaseTerm(ms, clock), new PartitionLayout(1));
  const shards = storeOf(NEVER_MS);

  const held = async (owner: string): Promise<readonly ShardClaim[]> =>
    (await shards.round(owner))!.held;
  const claimsOf = (claims: readonly ShardClaim[]) => {
    const bySymbol = new Map(claims.map((claim) => [claim.shard, claim]));
    return (symbol: string) => {
      const shard = forecastShardOf(symbol);
      return bySymbol.get(shard) ?? { shard, epoch: -1 };
    };
  };
  const registered = async () => {
    const symbol = warehouse.symbol();
    const scales = { priceScale: 2, sizeScale: 0 };
    await instruments.upsert([autoSpec(symbol, scales)]);
    return symbol;
  };
  const shown = async (symbol: string) =>
    (await forecasts.forecasts({ symbol, limit: 99 }))
      .map(({ forecast: { horizon, model } }) => `${horizon} ${model}`);
  const tasks = async () =>
    (await pipeline.state()).tasks.map(({ task, owner }) => `${task} ${owner}`);

  test("round() claims what nobody has, up to a share of those who are alive", async () => {
    assert.equal((await held("a")).length, FORECAST_SHARDS);
    assert.deepEqual(await tasks(), [`${FORECAST_TASK} a`]);
    assert.deepEqual(await held("b"), []);
    await shards.giveBack("b", [0, 1]);
    assert.equal((await held("a")).length, FORECAST_SHARDS, "not b's to give");
    const [first, second] = await held("a");
    await shards.giveBack("a", [first.shard, second.shard]);
    assert.deepEqual(
      await held("b"),
      [first, second].map(({ shard, epoch }) => ({ shard, epoch: epoch + 1 })),
    );
    assert.deepEqual(
      await tasks(),
      [`${FORECAST_TASK} a`, `${FORECAST_TASK} b`],
    );
    await shards.leave("a");
    // Two are no more than there were: b has its share, half of all, and c too.
    const { processes } = (await shards.round("c"))!;
    assert.deepEqual(processes.map(({ owner }) => owner).sort(), ["b", "c"]);
    assert.equal((await held("b")).length, FORECAST_SHARDS / 2);
    assert.equal((await held("c")).length, FORECAST_SHARDS / 2);
    await shards.bury(["b"]);
    assert.equal((await held("c")).length, FORECAST_SHARDS);
    await shards.leave("c");
    assert.deepEqual(await tasks(), []);
  });

  test("round() claims from a process that has not said anything for a lease", async () => {
    await storeOf(SOON_MS).round("silent");
    await until(
      "its shards are claimed",
      () => held("next"),
      (claims) => claims.length === FORECAST_SHARDS,
    );
    await shards.leave("next");
  });

  test("round() of many at once gives each shard to one", async () => {
    const owners = ["d", "e", "f"];
    for (const owner of owners) await shards.round(owner);
    await shards.bury(["d"]);
    for (let i = 0; i < 5; i++) await Promise.all(owners.map(held));
    const all = (await Promise.all(owners.map(held))).flat();
    assert.equal(new Set(all.map(({ shard }) => shard)).size, all.length);
    for (const owner of owners) await shards.leave(owner);
  });

  test("round() holds nothing while one process of an older program does all, which then gets no turn", async () => {
    assert.equal(await leasesOf(NEVER_MS).hold(FORECAST_TASK, "older"), false);
    await db.query("delete from task_leases");
    assert.equal(await leasesOf(NEVER_MS).hold(FORECAST_TASK, "older"), true);
    assert.equal(await shards.round("a"), null);
    assert.deepEqual(await tasks(), [`${FORECAST_TASK} older`]);
    await leasesOf(NEVER_MS).leave("older");
    assert.equal((await held("a")).length, FORECAST_SHARDS);
    assert.equal(await leasesOf(NEVER_MS).hold(FORECAST_TASK, "older"), false);
    await shards.leave("a");
  });

  test("saveForecasts() stores nothing of an instrument whose claim is not true any more", async () => {
    const [kept, lost] = [await registered(), await registered()];
    const before = claimsOf(await held("a"));
    await shards.giveBack("a", [forecastShardOf(lost)]);
    await held("b");
    assert.deepEqual(
      await forecasts.saveForecasts(
        [forecastOf(kept), forecastOf(lost)],
        4_000,
        before,
      ),
      new Set([lost]),
    );
    assert.deepEqual(await shown(kept), ["1 random-walk"]);
    assert.deepEqual(await shown(lost), []);
    await signals.saveSignals([signalOf(kept), signalOf(lost)], before);
    for (const [symbol, count] of [[kept, 1], [lost, 0]] as const) {
      const found = await signals.signals({ symbol, limit: 9 });
      assert.equal(found.length, count);
    }
    assert.deepEqual(
      await forecasts.saveForecasts(
        [forecastOf(lost)],
        4_000,
        claimsOf(await held("b")),
      ),
      new Set(),
    );
    for (const owner of ["a", "b"]) await shards.leave(owner);
  });

  test("saveForecasts() leaves a minute that another process has forecast as it is, by any model", async () => {
    const symbol = await registered();
    const first = claimsOf(await held("a"));
    const made = forecastOf(symbol);
    const save = (rows: readonly Forecast[], claims = first) =>
      forecasts.saveForecasts(rows, undefined, claims);
    assert.deepEqual(await save([made]), new Set());
    assert.deepEqual(await save([made]), new Set(), "it was ours: tried again");
    await save([{ ...made, model: "arima", champion: false }]);
    await shards.bury(["a"]);
    const next = claimsOf(await held("b"));
    const later = epochMicros(made.madeAt + 1_000);
    const others = [1, 2].map((horizon) => ({
      ...made,
      horizon,
      model: "ewma",
      madeAt: later,
    }));
    assert.deepEqual(await save(others, next), new Set([symbol]));
    assert.deepEqual(await shown(symbol), ["1 random-walk"]);
    const after = { ...made, t: epochMicros(made.t + 60_000_000) };
    assert.deepEqual(await save([after], next), new Set());
    await shards.leave("b");
  });

  test("unscored() and unsettled() are of some instruments, if asked for", async () => {
    const [a, b] = [await registered(), await registered()];
    await signals.saveSignals([signalOf(a), signalOf(b)]);
    const due = epochMicros(T + 600_000_000);
    const found = await signals.unsettled(due, 99, [b]);
    assert.deepEqual(
      new Set(found.map(({ signal }) => signal.symbol)),
      new Set([b]),
    );
    assert.deepEqual(await signals.unsettled(due, 99, []), []);
    assert.deepEqual(await scores.unscored(99, []), []);
  });
});

function signalOf(symbol: string): Signal {
  return {
    symbol,
    t: T,
    version: 1,
    madeAt: T,
    model: "random-walk",
    action: "HOLD",
    lean: "flat",
    reason: "",
    confidence: 0.5,
    price: 100,
    expectedBps: 0,
    costBps: 2,
  };
}
