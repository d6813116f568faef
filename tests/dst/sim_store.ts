import { MemoryStore } from "../../pipeline/candles/testing/memory_store.ts";
import { type FeedKey, feedKeyText } from "../../pipeline/domain/entry.ts";
import type {
  Instrument,
  InstrumentSpec,
} from "../../pipeline/domain/instrument.ts";
import {
  type PartitionLayout,
  writeDivision,
  writeWanted,
} from "../../pipeline/domain/partition_layout.ts";
import {
  type Division,
  mapsOf,
  PartitionMap,
  type WantedDivision,
} from "../../pipeline/domain/partition_map.ts";
import type { FollowLayoutOptions } from "../../program/follow_layout.ts";
import { MICROS_PER_MS } from "../../pipeline/domain/time.ts";
import type {
  AggregateStore,
  Commit,
  CommitResult,
  CommittedPartition,
  DrainedStream,
  FeedStore,
  InstrumentStore,
  LayoutNode,
  LeaseRound,
  LeaseStore,
  PartitionState,
  WarehouseContent,
} from "../../pipeline/ports.ts";
import type { SimProcess } from "./sim_process.ts";
import type { SimScheduler } from "./sim_scheduler.ts";

export const LEASE_MS = 1_500;
const NODE_ALIVE_MS = 2_000;

/**
 * The warehouse that outlives the processes: `MemoryStore`, with leases that
 * run out by the warehouse's own clock, acks and instruments.
 */
export class SimWarehouse extends MemoryStore {
  readonly #leaseUntil = new Map<number, number>();
  /** Highest number acked, by feed and epoch. */
  readonly #acks = new Map<string, Map<number, number>>();
  readonly #instruments = new Map<string, Instrument>();
  readonly #seen = new Map<string, number>();
  readonly #tasks = new Map<string, { owner: string; until: number }>();
  #content: WarehouseContent | null = null;

  #maps: readonly PartitionMap[];
  /** What partitions are to be divided into. */
  wanted: WantedDivision | null = null;
  readonly #nodes = new Map<
    string,
    { at: number; stream: string; holds: boolean }
  >();

  constructor(
    private readonly scheduler: SimScheduler,
    /** Partitions at first. */
    readonly first: number,
  ) {
    super();
    this.#maps = mapsOf([{ partitions: first, tag: "" }]);
  }

  get divisions(): readonly Division[] {
    return this.#maps;
  }

  /** Which partition has a symbol now. */
  get map(): PartitionMap {
    return this.#maps.at(-1)!;
  }

  get partitions(): number {
    return this.map.partitions;
  }

  get tag(): string {
    return this.map.tag;
  }

  override claim(
    p: number,
    owner: string,
    stream = this.tag,
  ): Promise<PartitionState | null> {
    if (stream !== this.tag) return Promise.resolve(null);
    if (this.scheduler.now > (this.#leaseUntil.get(p) ?? -1)) this.steal(p);
    const owned = this.ownerOf(p);
    if (owned === null || owned === owner) this.#extend(p);
    return super.claim(p, owner);
  }

  override async commit(commit: Commit): Promise<CommitResult> {
    const committing = super.commit(commit);
    const result = await committing;
    if (result.kind === "committed") this.#extend(commit.p);
    return result;
  }

  #extend(p: number): void {
    this.#leaseUntil.set(p, this.scheduler.now + LEASE_MS * MICROS_PER_MS);
  }

  // -------------------------------------------------------------- divisions

  say(owner: string, what: { stream: string; holds: boolean }): boolean {
    this.#nodes.set(owner, { at: this.scheduler.now, ...what });
    return true;
  }

  nodes(): readonly LayoutNode[] {
    const since = this.scheduler.now - NODE_ALIVE_MS * MICROS_PER_MS;
    return [...this.#nodes].filter(([, { at }]) => at >= since)
      .map(([owner, { stream, holds }]) => ({
        owner,
        node: owner,
        roles: ["feed", "aggregate"],
        stream,
        holds,
        pins: true,
      }));
  }

  divide(
    before: readonly Division[],
    next: Division,
    drained: readonly DrainedStream[],
  ): boolean {
    if (before.at(-1)!.tag !== this.tag) return false;
    const wanted = this.wanted && writeWanted(this.wanted);
    if (wanted !== writeWanted(next)) return false;
    if (!this.dividePartitions(this.map, next, drained)) return false;
    this.#maps = [...this.#maps, new PartitionMap(next, this.map)];
    this.wanted = null;
    this.scheduler.note(`divided into ${writeDivision(next)}`);
    return true;
  }

  // ------------------------------------------------------------------ feeds

  loadAck(feed: string, epoch?: number) {
    const epochs = this.#acks.get(feed);
    const wanted = epoch ?? Math.max(...(epochs?.keys() ?? []));
    const seq = epochs?.get(wanted);
    return seq === undefined ? null : { epoch: wanted, seq };
  }

  saveAcks(acks: readonly { key: FeedKey; seq: number }[]): void {
    for (const { key: { feed, epoch }, seq } of acks) {
      const epochs = this.#acks.get(feed) ?? new Map<number, number>();
      epochs.set(epoch, Math.max(seq, epochs.get(epoch) ?? 0));
      this.#acks.set(feed, epochs);
    }
  }

  committedSeq(p: number, key: FeedKey): number {
    return this.committedOf(p).feeds.get(feedKeyText(key))?.lastSeq ?? 0;
  }

  committed(keys: readonly FeedKey[]): readonly CommittedPartition[] {
    return Array.from({ length: this.partitions }, (_, p) => {
      const { position, incarnation } = this.committedOf(p);
      const feeds = keys.map((key) => ({
        key,
        lastSeq: this.committedSeq(p, key),
      })).filter(({ lastSeq }) => lastSeq > 0);
      return { p, position, incarnation, feeds };
    });
  }

  get content(): WarehouseContent | null {
    return this.#content;
  }

  claimContent(content: WarehouseContent): WarehouseContent {
    return this.#content ??= content;
  }

  // ------------------------------------------------------------ instruments

  loadInstruments(): readonly Instrument[] {
    return [...this.#instruments.values()];
  }

  /** What is registered already stays as it is. */
  register(specs: readonly InstrumentSpec[]): readonly Instrument[] {
    return specs.map((spec) => {
      const known = this.#instruments.get(spec.symbol);
      const row = known ?? { ...spec, id: this.#instruments.size + 1 };
      this.#instruments.set(spec.symbol, row);
      return row;
    });
  }

  widen(
    symbol: string,
    scales: { readonly priceScale: number; readonly sizeScale: number },
  ): Instrument {
    const known = this.#instruments.get(symbol)!;
    const wider = {
      ...known,
      priceScale: Math.max(known.priceScale, scales.priceScale),
      sizeScale: Math.max(known.sizeScale, scales.sizeScale),
    };
    this.#instruments.set(symbol, wider);
    return wider;
  }

  // ----------------------------------------------------------------- leases

  round(
    owner: string,
    { held, isCounted }: Parameters<LeaseStore["round"]>[1],
    stream: string,
  ): LeaseRound {
    const { now } = this.scheduler;
    if (isCounted) this.#seen.set(owner, now);
    else this.leave(owner);
    const kept = held.filter(({ p, leaseEpoch }) =>
      this.state(p).leaseEpoch === leaseEpoch
    ).map(({ p }) => p);
    for (const p of kept) this.#extend(p);
    return {
      processes: [...this.#seen]
        .map(([owner, at]) => ({
          owner,
          leftMs: LEASE_MS - (now - at) / MICROS_PER_MS,
        }))
        .filter(({ leftMs }) => leftMs >= 0),
      kept,
      free: stream === this.tag
        ? [...Array(this.partitions).keys()].filter((p) => this.#isFree(p))
        : [],
    };
  }

  #isFree(p: number): boolean {
    return this.ownerOf(p) === null ||
      this.scheduler.now > (this.#leaseUntil.get(p) ?? -1);
  }

  bury(owners: readonly string[]): readonly number[] {
    const buried = [...Array(this.partitions).keys()].filter((p) => {
      const owner = this.ownerOf(p);
      return owner !== null && owners.includes(owner);
    });
    for (const p of buried) this.steal(p);
    for (const [task, held] of this.#tasks) {
      if (owners.includes(held.owner)) this.#tasks.delete(task);
    }
    return buried;
  }

  hold(task: string, owner: string): boolean {
    const { now } = this.scheduler;
    const held = this.#tasks.get(task);
    if (held && held.owner !== owner && held.until > now) return false;
    this.#tasks.set(task, { owner, until: now + LEASE_MS * MICROS_PER_MS });
    return true;
  }

  leaveTask(task: string, owner: string): void {
    if (this.#tasks.get(task)?.owner === owner) this.#tasks.delete(task);
  }

  leave(owner: string): void {
    this.#seen.delete(owner);
    for (const [task, held] of this.#tasks) {
      if (held.owner === owner) this.#tasks.delete(task);
    }
  }
}

/** The warehouse as one process reaches it: every call may go wrong. */
export function simStore(
  warehouse: SimWarehouse,
  process: SimProcess,
  layout: PartitionLayout,
): {
  readonly aggregate: AggregateStore;
  readonly feeds: FeedStore;
  readonly instruments: InstrumentStore;
  readonly leases: LeaseStore;
  readonly layouts: FollowLayoutOptions["store"];
} {
  const call = <T>(name: string, work: () => T | Promise<T>): Promise<T> =>
    process.call(name, async () => await work());
  return {
    aggregate: {
      claim: (p, owner) => {
        const { tag } = layout.now;
        return call("claim", () => warehouse.claim(p, owner, tag));
      },
      commit: (commit) => call("commit", () => warehouse.commit(commit)),
      rollUp: (p, limit) => call("rollUp", () => warehouse.rollUp(p, limit)),
      rollUpForming: (lease, minutes) =>
        call("rollUpForming", () => warehouse.rollUpForming(lease, minutes)),
      release: (p, leaseEpoch) =>
        call("release", () => warehouse.release(p, leaseEpoch)),
      checkpoint: () => call("checkpoint", () => warehouse.checkpoint()),
    },
    feeds: {
      loadAck: (feed, epoch) =>
        call("loadAck", () => warehouse.loadAck(feed, epoch)),
      saveAcks: (acks) => call("saveAcks", () => warehouse.saveAcks(acks)),
      committedSeq: (p, key) =>
        call("committedSeq", () => warehouse.committedSeq(p, key)),
      committed: (keys) => call("committed", () => warehouse.committed(keys)),
      content: () => call("content", () => warehouse.content),
      claimContent: (content) =>
        call("claimContent", () => warehouse.claimContent(content)),
    },
    instruments: {
      changes: () =>
        call("changes", () => ({
          instruments: warehouse.loadInstruments(),
          seen: "",
        })),
      upsert: (specs) => call("upsert", () => warehouse.register(specs)),
      widen: (symbol, scales) =>
        call("widen", () => warehouse.widen(symbol, scales)),
    },
    leases: {
      round: (owner, round) => {
        const { tag } = layout.now;
        return call("round", () => warehouse.round(owner, round, tag));
      },
      bury: (owners) => call("bury", () => warehouse.bury(owners)),
      hold: (task, owner) => call("hold", () => warehouse.hold(task, owner)),
      release: (task, owner) =>
        call("release", () => warehouse.leaveTask(task, owner)),
      leave: (owner) => call("leave", () => warehouse.leave(owner)),
    },
    layouts: {
      state: () =>
        call("layout", () => ({
          divisions: warehouse.divisions,
          wanted: warehouse.wanted,
        })),
      nodes: () => call("nodes", () => warehouse.nodes()),
      say: (owner, what) => call("say", () => warehouse.say(owner, what)),
      positions: (partitions) =>
        call("positions", () =>
          Array.from({ length: partitions }, (_, p) => {
            const { position, incarnation } = warehouse.committedOf(p);
            return { p, position, incarnation };
          })),
      divide: (before, next, drained) =>
        call("divide", () => warehouse.divide(before, next, drained)),
    },
  };
}
