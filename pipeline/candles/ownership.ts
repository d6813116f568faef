import type { Division, PartitionLayout } from "../domain/partition_layout.ts";
import { MICROS_PER_MS } from "../domain/time.ts";
import type {
  AggregateStore,
  Clock,
  LeaseStore,
  Log,
  Presence,
} from "../ports.ts";
import { GoneProcesses } from "./gone_processes.ts";
import { heartbeatRounds } from "./heartbeat_rounds.ts";

/** What a partition's loop asks before and while it works. */
export interface Ownership {
  /** Partitions that this process holds, ascending. */
  readonly owned: readonly number[];
  /** Whether to try to claim a partition now. */
  mayClaim(p: number): boolean;
  /** The partition is being claimed, maybe anew: no epoch is known to hold. */
  onClaiming(p: number): void;
  /** The partition was claimed with this epoch. */
  onClaimed(p: number, leaseEpoch: number): void;
  /** The partition is another's, or was given back. */
  onLost(p: number): void;
  /** Whether to go on: the lease is there, and nobody else is to have it. */
  verdict(p: number): "keep" | "lost" | "yield";
  /** Waits before the next try, no longer than until there is more to claim. */
  rest(ms: number, signal: AbortSignal): Promise<void>;
}

export interface OwnershipOptions {
  readonly owner: string;
  readonly layout: PartitionLayout;
  readonly leaseMs: number;
  readonly store: Pick<AggregateStore, "renew">;
  readonly leases: Pick<LeaseStore, "heartbeat" | "bury" | "leave">;
  /** Knows sooner than the leases which processes are gone. */
  readonly presence?: Presence;
  /** Called once for each process that is gone. */
  readonly onGone?: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Rounds for which a surplus must last: a process that only restarts is soon
 * back. */
const SURPLUS_ROUNDS = 2;
/** Part of a surplus that is given back in one round. */
const YIELD_PART = 1 / 4;
/** Leases after which a partition beyond the share is tried all the same. */
const ORPHAN_LEASES = 3;

interface Held {
  readonly leaseEpoch: number;
  /** Once there is another one, it is lost. */
  readonly division: Division;
  yields: boolean;
}

/**
 * Which partitions this process works on, of several that share them.
 *
 * Each process says that it is alive and renews what it holds, in one round,
 * and takes no more than its share of what there is; one that joins is given
 * its share, a part of what is missing a round. What nobody takes is taken beyond the share.
 * What a process holds that was killed is freed as soon as that is known.
 * All of it is courtesy: that two never write is left to the epoch which the
 * warehouse checks in each commit.
 */
export class SharedOwnership implements Ownership {
  readonly #held = new Map<number, Held>();
  /** When a partition beyond the share was last tried. */
  readonly #triedAt = new Map<number, number>();
  readonly #others: GoneProcesses;
  /** Processes that share the partitions. */
  #alive = 1;
  #drained = false;
  #surplusRounds = 0;
  #more = new AbortController();

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
    this.#more.abort();
    this.#more = new AbortController();
  }

  mayClaim(p: number): boolean {
    if (this.#drained) return false;
    if (this.#held.has(p) || this.#held.size < this.#share) return true;
    const { leaseMs } = this.options;
    const now = this.#nowMs();
    const tried = this.#triedAt.get(p);
    if (tried === undefined) this.#triedAt.set(p, now);
    if (tried === undefined || now - tried < ORPHAN_LEASES * leaseMs) {
      return false;
    }
    this.#triedAt.set(p, now);
    return true;
  }

  onClaiming(p: number): void {
    this.#held.delete(p);
  }

  onClaimed(p: number, leaseEpoch: number): void {
    const { now: division } = this.options.layout;
    this.#held.set(p, { leaseEpoch, division, yields: this.#drained });
    this.#triedAt.delete(p);
  }

  onLost(p: number): void {
    this.#held.delete(p);
    this.#triedAt.set(p, this.#nowMs());
  }

  verdict(p: number): "keep" | "lost" | "yield" {
    const held = this.#held.get(p);
    if (held?.division !== this.options.layout.now) return "lost";
    return held.yields ? "yield" : "keep";
  }

  async rest(ms: number, signal: AbortSignal): Promise<void> {
    const { signal: more } = this.#more;
    await this.options.clock.sleep(ms, AbortSignal.any([signal, more]));
  }

  /** Says that it is alive and renews, until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const failed = "Cannot renew what this process holds";
    const round = () => this.#round();
    await heartbeatRounds(this.options, { round, failed }, signal);
  }

  /** @returns Milliseconds after which there is something to look at. */
  async #round(): Promise<number> {
    const { owner, leases } = this.options;
    if (this.#drained) {
      // Not counted, so that the others share all of it.
      await leases.leave(owner);
      await this.#renew();
      return Infinity;
    }
    const { gone, alive, againMs } = await this.#others.look(
      await leases.heartbeat(owner),
    );
    if (gone.size > 0) await leases.bury([...gone]);
    this.#shareAmong(1 + alive.length);
    await this.#renew();
    this.#yieldSurplus();
    return againMs;
  }

  #shareAmong(alive: number): void {
    const before = this.#share;
    this.#alive = alive;
    if (this.#share <= before) return;
    this.#more.abort();
    this.#more = new AbortController();
  }

  async #renew(): Promise<void> {
    const { store, log } = this.options;
    const asked = [...this.#held].map(([p, { leaseEpoch }]) => ({
      p,
      leaseEpoch,
    }));
    const renewed = new Set(asked.length > 0 ? await store.renew(asked) : []);
    for (const { p, leaseEpoch } of asked) {
      // It may have been claimed anew meanwhile.
      if (renewed.has(p) || this.#held.get(p)?.leaseEpoch !== leaseEpoch) {
        continue;
      }
      log.warn("Another process has taken the partition", { p });
      this.onLost(p);
    }
  }

  #yieldSurplus(): void {
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
    return this.options.clock.now() / MICROS_PER_MS;
  }
}
