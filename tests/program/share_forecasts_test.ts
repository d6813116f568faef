/** Processes that share the forecasts, in one process and without waiting. */
import assert from "node:assert/strict";
import { alwaysOpen } from "../../pipeline/calendars/always_open.ts";
import type { StoredCandle } from "../../pipeline/domain/candle.ts";
import {
  FORECAST_SHARDS,
  forecastShardOf,
} from "../../pipeline/domain/forecast_shard.ts";
import type { Instrument } from "../../pipeline/domain/instrument.ts";
import type { LiveEvent } from "../../pipeline/domain/live_event.ts";
import {
  MICROS_PER_MINUTE,
  MICROS_PER_MS,
} from "../../pipeline/domain/time.ts";
import { fitInstrument } from "../../pipeline/forecast/fit_instrument.ts";
import { Forecaster } from "../../pipeline/forecast/run_forecaster.ts";
import { knownPhi } from "../../pipeline/forecast/testing/known_phi.ts";
import {
  makeCandles,
  storedCandle,
} from "../../pipeline/forecast/testing/make_candles.ts";
import {
  MemoryCandles,
  MemoryForecasts,
} from "../../pipeline/forecast/testing/memory_stores.ts";
import { ManualClock, turns } from "../../pipeline/testing/manual_clock.ts";
import type { ForecastShardStore } from "../../pipeline/forecast_ports.ts";
import type { Clock } from "../../pipeline/ports.ts";
import { SharedForecasts } from "../../program/share_forecasts.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

const T0 = 29_400_000 * MICROS_PER_MINUTE;
const MINUTES = 4;
const SYMBOLS = Array.from({ length: 12 }, (_, i) => `S${i}`);
const ENGINE = knownPhi(0.6);

function instrument(symbol: string): Instrument {
  return {
    id: 1,
    symbol,
    name: symbol,
    exchange: "test",
    type: "index",
    currency: "INR",
    priceScale: 2,
    sizeScale: 0,
    tickSize: "0.01",
    lotSize: 1,
    calendar: "24x7",
    costBps: 2,
    auto: false,
    note: null,
    validFrom: null,
    validTo: null,
  };
}

/** The warehouse's shards: what `PgForecastShardStore` does, in memory. */
class MemoryShards implements ForecastShardStore {
  readonly owners = new Map<number, string>();
  readonly alive = new Map<string, number>();
  /** A process of an older program has the task. */
  older = false;

  constructor(
    private readonly clock: Clock,
    private readonly leaseMs: number,
    private readonly epochs: Map<number, number>,
  ) {}

  round(owner: string) {
    if (this.older) return Promise.resolve(null);
    const now = this.clock.now() / MICROS_PER_MS;
    this.alive.set(owner, now + this.leaseMs);
    for (const [other, until] of this.alive) {
      if (until < now) this.alive.delete(other);
    }
    const share = Math.ceil(FORECAST_SHARDS / this.alive.size);
    const held = () =>
      [...this.owners].filter(([, of]) => of === owner).map(([shard]) => shard);
    for (let shard = 0; shard < FORECAST_SHARDS; shard++) {
      const of = this.owners.get(shard);
      if (of !== undefined && this.alive.has(of)) continue;
      if (held().length >= share) break;
      this.owners.set(shard, owner);
      this.epochs.set(shard, (this.epochs.get(shard) ?? 0) + 1);
    }
    return Promise.resolve({
      held: held().sort((a, b) => a - b).map((shard) => ({
        shard,
        epoch: this.epochs.get(shard)!,
      })),
      processes: [...this.alive].map(([owner, until]) => ({
        owner,
        leftMs: until - now,
      })),
    });
  }

  giveBack(owner: string, shards: readonly number[]): Promise<void> {
    for (const shard of shards) {
      if (this.owners.get(shard) === owner) this.owners.delete(shard);
    }
    return Promise.resolve();
  }

  bury(owners: readonly string[]): Promise<void> {
    for (const owner of owners) this.alive.delete(owner);
    return Promise.resolve();
  }

  leave(owner: string): Promise<void> {
    this.alive.delete(owner);
    return Promise.resolve();
  }
}

/** Candles of which each is there once it is over. */
class CandlesInTime extends MemoryCandles {
  constructor(private readonly clock: Clock) {
    super();
  }

  override of(symbol: string): readonly StoredCandle[] {
    return super.of(symbol).filter(({ end }) => end <= this.clock.now());
  }
}

/** Some processes on one warehouse, from half a minute before T0. */
function fleet(leaseMs = 1_500) {
  const clock = new ManualClock(T0 - 30_000 * MICROS_PER_MS);
  const candles = new CandlesInTime(clock);
  const forecasts = new MemoryForecasts(candles);
  const store = new MemoryShards(clock, leaseMs, forecasts.epochs);
  const market = makeCandles({
    n: 300 + MINUTES,
    start: T0 - 300 * MICROS_PER_MINUTE,
    phi: 0.6,
    sd: 2e-3,
    seed: 7,
  });
  for (const symbol of SYMBOLS) {
    for (const candle of market) candles.put(storedCandle(symbol, candle));
  }
  const killed = new Set<string>();

  /** @param fits Whether it has models, or but the random walk. */
  const start = (owner: string, fits: boolean) => {
    const abort = new AbortController();
    let going = Promise.withResolvers<void>();
    going.resolve();
    const state = { pauseAtSave: false };
    const pause = () => {
      going = Promise.withResolvers();
    };
    /** Nothing goes on in a process that stands still. */
    const gate = async () => {
      for (let now; now !== going;) await (now = going).promise;
    };
    const own: Clock = {
      now: () => clock.now(),
      steadyMs: () => clock.steadyMs(),
      async sleep(ms, signal) {
        await clock.sleep(ms, signal);
        await gate();
      },
    };
    const gated = <T extends object>(of: T): T =>
      new Proxy(of, {
        get(target, name) {
          const value = Reflect.get(target, name, target);
          if (typeof value !== "function") return value;
          return async (...args: unknown[]) => {
            if (name === "saveForecasts" && state.pauseAtSave) {
              state.pauseAtSave = false;
              pause();
            }
            await gate();
            return value.apply(target, args);
          };
        },
      });
    const share = new SharedForecasts({
      owner,
      leaseMs,
      store: gated<ForecastShardStore>(store),
      presence: {
        missing: (owners) =>
          Promise.resolve(owners.filter((one) => killed.has(one))),
      },
      clock: own,
      log: silentLog,
    });
    const kept = gated(forecasts);
    const events: LiveEvent[] = [];
    const forecaster = new Forecaster({
      clock: own,
      log: silentLog,
      candles,
      forecasts: kept,
      scores: kept,
      signals: kept,
      catalog: {
        all: () => SYMBOLS.map(instrument),
        calendarOf: () => alwaysOpen(),
      },
      pool: {
        fit: (job) =>
          Promise.resolve(
            fits
              ? { kind: "fitted", outcome: fitInstrument(ENGINE, job) }
              : { kind: "failed", reason: "no engine" },
          ),
        close() {},
      },
      share,
      publish: (some) => events.push(...some),
      position: () => "17-3",
    });
    const done = Promise.all([
      share.run(abort.signal),
      forecaster.run(abort.signal),
    ]);
    return {
      share,
      forecaster,
      events,
      state,
      resume: () => going.resolve(),
      /** Nothing of it is heard of any more. */
      kill() {
        killed.add(owner);
        pause();
      },
      async stop() {
        abort.abort();
        going.resolve();
        await clock.advance(1);
        await done;
      },
    };
  };
  const shown = (edge: number) =>
    [...forecasts.rows.values()].filter((row) =>
      row.t === edge && row.horizon === 1 && row.champion
    );
  return {
    clock,
    store,
    forecasts,
    start,
    shown,
    /** Each symbol has one forecast that is shown at this edge. */
    assertOnce(edge: number) {
      assert.deepEqual(
        shown(edge).map(({ symbol }) => symbol).sort(),
        SYMBOLS.toSorted(),
      );
    },
  };
}

const edge = (n: number) => T0 + n * MICROS_PER_MINUTE;

Deno.test("processes share the instruments, each minute of one is forecast once, whoever comes and goes", async () => {
  const { clock, start, assertOnce, forecasts, store } = fleet();
  const a = start("a", false);
  await clock.advance(1_000);
  assert.equal(a.share.shards.length, FORECAST_SHARDS);
  const b = start("b", false);
  await clock.advance(8_000);
  assert.equal(a.share.shards.length, FORECAST_SHARDS / 2);
  assert.equal(b.share.shards.length, FORECAST_SHARDS / 2);
  await clock.advance(22_000);
  assertOnce(edge(0));
  for (const { share, forecaster } of [a, b]) {
    const own = SYMBOLS.filter((symbol) => share.owns(symbol));
    assert(own.length > 0 && own.length < SYMBOLS.length);
    assert.equal(forecaster.newestEdge?.others, 0);
    for (const symbol of SYMBOLS) {
      assert.equal(
        forecaster.report(symbol) !== null,
        own.includes(symbol),
        symbol,
      );
    }
  }
  await a.stop();
  await clock.advance(75_000);
  assertOnce(edge(1));
  assert.equal(b.share.shards.length, FORECAST_SHARDS);
  assert.equal(store.alive.size, 1);
  // All that came true of the first minute has a score.
  assert.equal(
    [...forecasts.scores.values()].filter(({ t, horizon }) =>
      t === T0 && horizon === 1
    ).length,
    [...forecasts.rows.values()].filter(({ t, horizon }) =>
      t === T0 && horizon === 1
    ).length,
  );
  await b.stop();
});

Deno.test("what a process had is forecast by another at the same edge, when it is killed just before", async () => {
  const { clock, start, assertOnce } = fleet();
  const a = start("a", false);
  const b = start("b", false);
  await clock.advance(29_900);
  const left = SYMBOLS.filter((symbol) => a.share.owns(symbol));
  assert(left.length > 0);
  a.kill();
  await clock.advance(2_000);
  assertOnce(edge(0));
  assert.equal(b.share.shards.length, FORECAST_SHARDS);
  // Taken over after the others had been forecast, and told.
  assert.equal(b.forecaster.newestEdge?.edge, T0);
  assert.equal(
    b.events.filter((one) => one.kind === "signal").length,
    SYMBOLS.length,
  );
  await a.stop();
  await b.stop();
});

Deno.test("a process that stood still while another took over adds no second forecast", async () => {
  const { clock, start, shown, assertOnce, forecasts } = fleet(300);
  const a = start("a", true);
  const b = start("b", false);
  await clock.advance(29_900);
  const own = SYMBOLS.filter((symbol) => a.share.owns(symbol));
  assert(own.length > 0);
  a.state.pauseAtSave = true;
  await clock.advance(750);
  assertOnce(edge(0));
  assert(
    shown(edge(0)).every(({ model }) => model === "random-walk"),
    "b, which has no other model, made them all",
  );
  const signals = forecasts.kept.length;
  a.resume();
  await clock.advance(100);
  await turns();
  assertOnce(edge(0));
  assert.equal(a.forecaster.newestEdge?.others, own.length);
  assert.equal(a.forecaster.newestEdge?.stored, 0);
  assert.equal(forecasts.kept.length, signals);
  assert.deepEqual(a.events, []);
  await clock.advance(60_000);
  assertOnce(edge(1));
  assert.equal(
    a.share.shards.length,
    FORECAST_SHARDS / 2,
    "it has a share again",
  );
  await a.stop();
  await b.stop();
});

Deno.test("a process that stood still keeps what nobody took, and forecasts it", async () => {
  const { clock, start, assertOnce } = fleet();
  const a = start("a", false);
  await clock.advance(29_900);
  a.state.pauseAtSave = true;
  await clock.advance(800);
  a.resume();
  await clock.advance(100);
  assertOnce(edge(0));
  await a.stop();
});

Deno.test("a process that is drained gives all to the others, and takes its share back", async () => {
  const { clock, start, assertOnce } = fleet();
  const a = start("a", false);
  const b = start("b", false);
  await clock.advance(10_000);
  a.share.drain();
  await clock.advance(1_000);
  assert.deepEqual(a.share.shards, []);
  assert.equal(b.share.shards.length, FORECAST_SHARDS);
  await clock.advance(20_000);
  assertOnce(edge(0));
  a.share.resume();
  await clock.advance(10_000);
  assert.equal(a.share.shards.length, FORECAST_SHARDS / 2);
  // Around an edge it would be of no use to whoever gets it.
  await clock.advance(45_500);
  b.share.drain();
  await clock.advance(4_000);
  assert.equal(b.share.shards.length, 0);
  await clock.advance(10_000);
  assertOnce(edge(1));
  await a.stop();
  await b.stop();
});

Deno.test("while a process of an older program makes all forecasts, none are shared", async () => {
  const { clock, start, store, shown, assertOnce } = fleet();
  const a = start("a", false);
  await clock.advance(1_000);
  store.older = true;
  await clock.advance(31_000);
  assert.deepEqual(a.share.shards, []);
  assert.deepEqual(shown(edge(0)), []);
  store.older = false;
  await clock.advance(60_000);
  assertOnce(edge(1));
  await a.stop();
});

Deno.test("shards are of about the same size", () => {
  const counts = Array(FORECAST_SHARDS).fill(0);
  for (let i = 0; i < 100 * FORECAST_SHARDS; i++) {
    counts[forecastShardOf(`NSE.${i}`)]++;
  }
  assert(Math.min(...counts) > 50, String(Math.min(...counts)));
  assert(Math.max(...counts) < 200, String(Math.max(...counts)));
});
