import type { PartitionLayout } from "../domain/partition_layout.ts";
import type { PartitionMap } from "../domain/partition_map.ts";
import { partitionOf } from "../domain/hash.ts";
import type {
  Clock,
  LeaseStore,
  Log,
  PartitionLease,
  Presence,
} from "../ports.ts";
import { GoneProcesses } from "./gone_processes.ts";
import { heartbeatRounds } from "./heartbeat_rounds.ts";

/** What a partition's loop asks before and while it works. */
export interface Ownership {
  /** Partitions that this process holds, ascending. */
  readonly owned: readonly number[];
  /**
   * Waits until it is time to claim a partition, or until aborted: no timer runs
   * for each partition that others have.
   */
  turn(p: number, signal: AbortSignal): Promise<void>;
  /** The partition is being claimed, maybe anew: no epoch is known to hold. */
  onClaiming(p: number): void;
  /** The partition was claimed with this epoch. */
  onClaimed(p: number, leaseEpoch: number): void;
  /** The partition is another's, or was given back. */
  onLost(p: number): void;
  /** Whether to go on: the lease is there, and nobody else is to have it. */
  verdict(p: number): "keep" | "lost" | "yield";
}

export interface OwnershipOptions {
  readonly owner: string;
  readonly layout: PartitionLayout;
  readonly leaseMs: number;
  readonly leases: Pick<LeaseStore, "round" | "bury">;
  /** Knows sooner than the leases which processes are gone. */
  readonly presence?: Presence;
  /** Called for each process that is gone, and again once its leases are. */
  readonly onGone?: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Rounds for which a surplus must last: a process that only restarts is soon
 * back. */
const SURPLUS_ROUNDS = 2;
/** Part of a surplus that is given back in one round. */
const YIELD_PART = 1 / 4;
/** Leases after which a partition beyond the share is taken all the same. */
const ORPHAN_LEASES = 3;

interface Held {
  readonly leaseEpoch: number;
  /** Once there is another one, it is lost. */
  readonly division: PartitionMap;
  yields: boolean;
}

/**
 * Which partitions this process works on, of several that share them.
 *
 * Each process says that it is alive, renews what it holds and looks what nobody
 * holds, in one round. It takes no more than its share of what there is; one that joins is given
 * its share, a part of what is missing a round. What nobody takes is taken
 * beyond the share. What a process holds that was killed is freed as soon as
 * that is known.
 * All of it is courtesy: that two never write is left to the epoch which the
 * warehouse checks in each commit.
 */
export class SharedOwnership implements Ownership {
  readonly #held = new Map<number, Held>();
  /** It is their turn to be claimed. */
  readonly #claiming = new Set<number>();
  /** What nobody held in the last round, as it is claimed, and since when. */
  #free = new Map<number, number>();
  /** Those who wait for their turn. */
  readonly #waiting = new Map<number, () => void>();
  readonly #others: GoneProcesses;
  /** Processes that share the partitions. */
  #alive = 1;
  #drained = false;
  #surplusRounds = 0;

  constructor(private readonly options: OwnershipOptions) {
    this.#others = new GoneProcesses(options);
  }

  get #share(): number {
    return Math.ceil(this.options.layout.partitions / this.#alive);
  }

  get owned(): readonly number[] {
    return [...this.#held.keys()].sort((a, b) => a - b);
  }

  /** Gives everything back, and claims nothing until `resume`. */
  drain(): void {
    this.#drained = true;
    for (const held of this.#held.values()) held.yields = true;
  }

  resume(): void {
    this.#drained = false;
    for (const held of this.#held.values()) held.yields = false;
    for (const p of this.#claiming) this.#waiting.get(p)?.();
  }

  async turn(p: number, signal: AbortSignal): Promise<void> {
    while (!this.#isTurnOf(p) && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = () => resolve();
      this.#waiting.set(p, wake);
      signal.addEventListener("abort", wake);
      await promise;
      signal.removeEventListener("abort", wake);
    }
    this.#waiting.delete(p);
  }

  /** What is held is claimed anew at any time, as after an outage. */
  #isTurnOf(p: number): boolean {
    return this.#held.has(p) || !this.#drained && this.#claiming.has(p);
  }

  onClaiming(p: number): void {
    this.#held.delete(p);
    this.#claiming.add(p);
  }

  onClaimed(p: number, leaseEpoch: number): void {
    const { now: division } = this.options.layout;
    this.#held.set(p, { leaseEpoch, division, yields: this.#drained });
    this.#claiming.delete(p);
    this.#takeFree();
  }

  onLost(p: number): void {
    this.#held.delete(p);
    this.#claiming.delete(p);
    this.#takeFree();
  }

  verdict(p: number): "keep" | "lost" | "yield" {
    const held = this.#held.get(p);
    if (held?.division !== this.options.layout.now) return "lost";
    return held.yields ? "yield" : "keep";
  }

  /** Says that it is alive and renews, until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const failed = "Cannot renew what this process holds";
    const round = () => this.#round();
    await heartbeatRounds(this.options, { round, failed }, signal);
  }

  /** @returns Milliseconds after which there is something to look at. */
  async #round(): Promise<number> {
    const { owner, leases, onGone } = this.options;
    const held = [...this.#held].map(([p, { leaseEpoch }]) => ({
      p,
      leaseEpoch,
    }));
    // While it is drained, the others share all of it.
    const isCounted = !this.#drained;
    const round = await leases.round(owner, { held, isCounted });
    this.#keep(held, round.kept);
    this.#noteFree(round.free);
    if (!isCounted) return Infinity;
    const { gone, alive, againMs } = await this.#others.look(round.processes);
    if (gone.size > 0) {
      const buried = await leases.bury([...gone]);
      this.#noteFree([...round.free, ...buried]);
      // Its last commit may have been stored since that was told first, and who
      // claims what is buried takes it for given back.
      if (buried.length > 0) onGone?.();
    }
    this.#alive = 1 + alive.length;
    this.#takeFree();
    this.#yieldSurplus();
    return againMs;
  }

  #keep(asked: readonly PartitionLease[], kept: readonly number[]): void {
    const stay = new Set(kept);
    for (const { p, leaseEpoch } of asked) {
      // It may have been claimed anew meanwhile.
      if (stay.has(p) || this.#held.get(p)?.leaseEpoch !== leaseEpoch) continue;
      this.options.log.warn("Another process has taken the partition", { p });
      this.onLost(p);
    }
  }

  /** Each process begins elsewhere, so that two seldom claim the same. */
  #noteFree(free: readonly number[]): void {
    const { owner, layout: { partitions } } = this.options;
    const now = this.#nowMs();
    const before = this.#free;
    const first = partitionOf(owner, partitions);
    const order = [
      ...free.filter((p) => p >= first),
      ...free.filter((p) => p < first),
    ];
    const since = (p: number) => Math.min(now, before.get(p) ?? now);
    this.#free = new Map(order.map((p) => [p, since(p)]));
  }

  /** It is the turn of what nobody has, up to the share. */
  #takeFree(): void {
    if (this.#drained) return;
    const { leaseMs } = this.options;
    const longAgo = this.#nowMs() - ORPHAN_LEASES * leaseMs;
    for (const [p, since] of this.#free) {
      if (this.#held.has(p) || this.#claiming.has(p)) continue;
      const some = this.#held.size + this.#claiming.size;
      if (some >= this.#share && since > longAgo) continue;
      this.#free.delete(p);
      this.#claiming.add(p);
      this.#waiting.get(p)?.();
    }
  }

  #yieldSurplus(): void {
    if (this.#drained) return; // since the round began: all of it is given back
    if (this.#held.size <= this.#share) {
      this.#surplusRounds = 0;
      for (const held of this.#held.values()) held.yields = false;
      return;
    }
    if (++this.#surplusRounds < SURPLUS_ROUNDS) return;
    const surplus = Math.ceil((this.#held.size - this.#share) * YIELD_PART);
    const last = [...this.#held].toSorted(([a], [b]) => a - b).slice(-surplus);
    for (const [, held] of last) held.yields = true;
  }

  #nowMs(): number {
    return this.options.clock.steadyMs();
  }
}
