import { GoneProcesses } from "../pipeline/candles/gone_processes.ts";
import { heartbeatRounds } from "../pipeline/candles/heartbeat_rounds.ts";
import {
  FORECAST_SHARDS,
  forecastShardOf,
  type ShardClaim,
} from "../pipeline/domain/forecast_shard.ts";
import { isNearEdge } from "../pipeline/forecast/edge_time.ts";
import {
  aborted,
  type ForecastShare,
} from "../pipeline/forecast/forecast_share.ts";
import type { ForecastShardStore } from "../pipeline/forecast_ports.ts";
import type { Clock, Log, Presence } from "../pipeline/ports.ts";

export interface SharedForecastsOptions {
  readonly owner: string;
  readonly leaseMs: number;
  readonly store: ForecastShardStore;
  /** Knows sooner than the leases which processes are gone. */
  readonly presence?: Presence;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Around an edge nothing is given to a process that has just come: it is to be
 * ready at the next one.
 */
const KEEPS = { beforeMs: 20_000, afterMs: 5_000 };
/** Of a claim that this process does not have: none is so low. */
const NO_EPOCH = -1;

/**
 * The part of the instruments that this process forecasts, of several that
 * share them by shards.
 *
 * In each round a process says that it is alive and claims what nobody has, up
 * to its share; what it holds beyond that it gives up between edges. That is
 * courtesy: that no minute of an instrument is forecast twice is left to the
 * epochs of the claims, which the warehouse checks whenever one is stored.
 */
export class SharedForecasts implements ForecastShare {
  #held: ReadonlyMap<number, ShardClaim> = new Map();
  #drained = false;
  /** A process of an older program forecasts all. */
  #isOthers = false;
  #more = Promise.withResolvers<void>();
  readonly #gone: GoneProcesses;
  /** Of each symbol; they are asked for over and over. */
  readonly #shards = new Map<string, number>();

  constructor(private readonly options: SharedForecastsOptions) {
    this.#gone = new GoneProcesses(options);
  }

  /** What it holds, ascending. */
  get shards(): readonly number[] {
    return [...this.#held.keys()];
  }

  owns(symbol: string): boolean {
    return this.#held.has(this.#shardOf(symbol));
  }

  /** Its claim; of an instrument that it does not own, one that is not true. */
  readonly claimOf = (symbol: string): ShardClaim => {
    const shard = this.#shardOf(symbol);
    return this.#held.get(shard) ?? { shard, epoch: NO_EPOCH };
  };

  async more(signal: AbortSignal): Promise<void> {
    await Promise.race([this.#more.promise, aborted(signal)]);
  }

  /** Gives everything to the others, and claims nothing until `resume`. */
  drain(): void {
    this.#drained = true;
  }

  resume(): void {
    this.#drained = false;
  }

  /** Takes part until aborted, and then leaves. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, owner } = this.options;
    // What it holds stays its own until another process claims it.
    const failed = "Cannot say that this process forecasts";
    const round = () => this.#round();
    await heartbeatRounds(this.options, { round, failed }, signal);
    this.#hold([]);
    await store.leave(owner).catch(() => {});
  }

  /** @returns Milliseconds after which there is something to look at. */
  async #round(): Promise<number> {
    const { owner, store, clock, log } = this.options;
    if (this.#drained && (this.#held.size === 0 || !isNearEdge(clock.now()))) {
      this.#hold([]);
      await store.leave(owner);
      return Infinity;
    }
    let round = await store.round(owner);
    if (round === null) {
      if (!this.#isOthers) {
        log.info("A process of an older program makes all forecasts");
      }
      this.#isOthers = true;
      this.#hold([]);
      return Infinity;
    }
    this.#isOthers = false;
    const { gone, alive, againMs } = await this.#gone.look(round.processes);
    if (gone.size > 0) {
      await store.bury([...gone]);
      round = await store.round(owner) ?? round;
    }
    this.#hold(round.held);
    await this.#giveSurplus(Math.ceil(FORECAST_SHARDS / (1 + alive.length)));
    return againMs;
  }

  async #giveSurplus(share: number): Promise<void> {
    const { owner, store, clock } = this.options;
    const surplus = this.shards.slice(share);
    if (surplus.length === 0 || isNearEdge(clock.now(), KEEPS)) return;
    this.#hold([...this.#held.values()].slice(0, share));
    await store.giveBack(owner, surplus);
  }

  #hold(claims: readonly ShardClaim[]): void {
    const before = this.#held;
    this.#held = new Map(claims.map((claim) => [claim.shard, claim]));
    const isMore = claims.some(({ shard }) => !before.has(shard));
    if (isMore || before.size !== claims.length) {
      this.options.log.info(
        "This process forecasts a part of the instruments",
        {
          shards: claims.length,
          of: FORECAST_SHARDS,
        },
      );
    }
    if (!isMore) return;
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }

  #shardOf(symbol: string): number {
    let shard = this.#shards.get(symbol);
    if (shard === undefined) {
      shard = forecastShardOf(symbol);
      this.#shards.set(symbol, shard);
    }
    return shard;
  }
}
