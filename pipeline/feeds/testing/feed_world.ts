import { PartitionLayout } from "../../domain/partition_layout.ts";
import { MemoryBuffer } from "../../buffer/testing/memory_buffer.ts";
import { CLEAN_DEFAULTS } from "../../candles/clean.ts";
import { Catalog } from "../../catalog.ts";
import type { Calendar } from "../../domain/calendar.ts";
import {
  type FeedKey,
  feedKeyText,
  type StreamEntry,
} from "../../domain/entry.ts";
import type { Instrument, InstrumentSpec } from "../../domain/instrument.ts";
import { WaitSketch } from "../../domain/wait_sketch.ts";
import {
  type AppendRequest,
  type AppendResult,
  BEFORE_FIRST,
  type Clock,
  type CommittedPartition,
  type EntryId,
  type FeedStore,
  type InstrumentStore,
  type Log,
  type ReadBatch,
  type ReadEntry,
  type TickBuffer,
  type WarehouseContent,
} from "../../ports.ts";
import type { FeedSettings } from "../feed_settings.ts";
import { Ingest } from "../ingest.ts";
import { ManualClock, turns } from "../../testing/manual_clock.ts";
import { silentLog } from "../../silent_log.ts";

const alwaysOpen: Calendar = {
  id: "24x7",
  zone: "UTC",
  stateAt: () => ({ kind: "unknown" }),
  bucketAt: () => {
    throw new Error("not asked for when ticks are taken in");
  },
  sessionsBetween: () => [],
};

/** Instruments in memory. */
class MemoryInstruments implements InstrumentStore {
  readonly #bySymbol = new Map<string, Instrument>();

  changes() {
    return Promise.resolve({
      instruments: [...this.#bySymbol.values()],
      seen: "",
    });
  }

  upsert(specs: readonly InstrumentSpec[]): Promise<readonly Instrument[]> {
    return Promise.resolve(specs.map((spec) => {
      const instrument = { ...spec, id: this.#bySymbol.size + 1 };
      this.#bySymbol.set(spec.symbol, instrument);
      return instrument;
    }));
  }

  widen(
    symbol: string,
    scales: { readonly priceScale: number; readonly sizeScale: number },
  ): Promise<Instrument> {
    const wider = { ...this.#bySymbol.get(symbol)!, ...scales };
    this.#bySymbol.set(symbol, wider);
    return Promise.resolve(wider);
  }
}

/** What the feeds need of the warehouse, in memory. */
export class MemoryFeedStore implements FeedStore {
  readonly acks = new Map<string, Map<number, number>>();
  /** Chain positions as committed. */
  readonly chains = new Map<string, number>();
  /** Numbers of ticks and rejects that were applied, by feed. */
  readonly applied = new Map<string, number[]>();
  readonly positions = new Map<
    number,
    { readonly position: EntryId; readonly incarnation: string }
  >();
  #content: WarehouseContent | null = null;
  failing = false;
  /** What saving acks waits for. */
  slow: Promise<void> | null = null;

  loadAck(feed: string, epoch?: number) {
    const epochs = this.acks.get(feed);
    const wanted = epoch ?? Math.max(...(epochs?.keys() ?? []));
    const seq = epochs?.get(wanted);
    return Promise.resolve(seq === undefined ? null : { epoch: wanted, seq });
  }

  async saveAcks(acks: readonly { key: FeedKey; seq: number }[]) {
    await this.slow;
    if (this.failing) throw new Error("the warehouse is down");
    for (const { key, seq } of acks) {
      const epochs = this.acks.get(key.feed) ?? new Map<number, number>();
      epochs.set(key.epoch, Math.max(seq, epochs.get(key.epoch) ?? 0));
      this.acks.set(key.feed, epochs);
    }
  }

  /** Takes in an entry, but for numbers that were applied before. */
  apply(p: number, { key, ticks, rejects, gaps }: StreamEntry): void {
    const chain = `${p} ${feedKeyText(key)}`;
    const last = this.chains.get(chain) ?? 0;
    const lines = [...ticks.seq, ...rejects.map(({ seq }) => seq ?? 0)];
    const applied = this.applied.get(key.feed) ?? [];
    applied.push(...lines.filter((seq) => seq > last));
    this.applied.set(key.feed, applied);
    this.chains.set(
      chain,
      Math.max(last, ...lines, ...gaps.map(({ to }) => to)),
    );
  }

  committedSeq(p: number, key: FeedKey): Promise<number> {
    return Promise.resolve(this.chains.get(`${p} ${feedKeyText(key)}`) ?? 0);
  }

  committed(
    keys: readonly FeedKey[],
  ): Promise<readonly CommittedPartition[]> {
    return Promise.resolve(
      [...this.positions].map(([p, { position, incarnation }]) => ({
        p,
        position,
        incarnation,
        feeds: keys.flatMap((key) => {
          const lastSeq = this.chains.get(`${p} ${feedKeyText(key)}`);
          return lastSeq === undefined ? [] : [{ key, lastSeq }];
        }),
      })),
    );
  }

  content(): Promise<WarehouseContent | null> {
    return Promise.resolve(this.#content);
  }

  claimContent(content: WarehouseContent): Promise<WarehouseContent> {
    return Promise.resolve(this.#content ??= content);
  }
}

/** A buffer that fails when a test says so. */
export class ShakyBuffer extends MemoryBuffer {
  /** What happens to the next appends, in order. */
  readonly plan: ("ok" | "refused" | "reply lost")[] = [];

  override async append(request: AppendRequest): Promise<AppendResult> {
    const fate = this.plan.shift() ?? "ok";
    if (fate === "refused") throw new Error("the buffer is full");
    const result = await super.append(request);
    if (fate === "reply lost") throw new Error("the reply is lost");
    return result;
  }
}

/** Everything around the ingest, in memory, with a hand on the clock. */
export class FeedWorld<C extends Clock = ManualClock> {
  readonly clock: C;
  readonly store: MemoryFeedStore;
  readonly instruments = new MemoryInstruments();
  readonly waits = { buffered: new WaitSketch(), committed: new WaitSketch() };
  ingest: Ingest;
  catalog!: Catalog;
  constructor(
    readonly options: {
      readonly partitions?: number;
      /** Instead of a number, where partitions are divided. */
      readonly layout?: PartitionLayout;
      readonly buffer?: TickBuffer;
      readonly store?: MemoryFeedStore;
      readonly settings?: Partial<FeedSettings>;
      readonly autoRegister?: boolean;
      readonly log?: Log;
      /** Stands still if absent. */
      readonly clock?: C;
    } = {},
  ) {
    this.clock = options.clock ?? new ManualClock() as Clock as C;
    this.store = options.store ?? new MemoryFeedStore();
    this.buffer = options.buffer ?? new MemoryBuffer();
    this.layout = options.layout ??
      new PartitionLayout(options.partitions ?? 1);
    this.ingest = this.start();
  }

  readonly buffer: TickBuffer;
  readonly layout: PartitionLayout;

  get partitions(): number {
    return this.layout.partitions;
  }

  /** A new process on the same stores; the old one is gone at once. */
  start(): Ingest {
    this.ingest?.dispose();
    this.catalog = new Catalog(
      this.instruments,
      new Map([["24x7", alwaysOpen]]),
      { autoRegister: this.options.autoRegister ?? true },
    );
    this.ingest = new Ingest({
      buffer: this.buffer,
      store: this.store,
      catalog: this.catalog,
      clean: CLEAN_DEFAULTS,
      layout: this.layout,
      node: "test",
      clock: this.clock,
      log: this.options.log ?? silentLog,
      settings: this.options.settings,
      waits: this.waits,
    });
    return this.ingest;
  }

  /** All entries of a partition, or of all. */
  async entries(p?: number): Promise<readonly ReadEntry[]> {
    const all: ReadEntry[] = [];
    for (let q = 0; q < this.partitions; q++) {
      if (p !== undefined && p !== q) continue;
      all.push(...(await this.#after(q, BEFORE_FIRST)).entries);
    }
    return all;
  }

  /**
   * Commits what is in the buffer, of one partition or of all, as another
   * process would.
   */
  async commitElsewhere(only?: number): Promise<void> {
    await turns();
    for (let p = 0; p < this.partitions; p++) {
      if (only !== undefined && only !== p) continue;
      const known = this.store.positions.get(p);
      const now = await this.buffer.incarnation(p);
      const after = known?.incarnation === now ? known.position : BEFORE_FIRST;
      const { incarnation, entries } = await this.#after(p, after);
      let position = after;
      for (const { id, entry } of entries) {
        position = id;
        this.store.apply(p, entry);
      }
      this.store.positions.set(p, { position, incarnation });
    }
  }

  /** Commits what is in the buffer, of one partition or of all. */
  async commit(only?: number): Promise<void> {
    await this.commitElsewhere(only);
    const keys = this.ingest.stats().map(({ feed, epoch }) => ({
      feed,
      epoch,
    }));
    for (const { p, ...news } of await this.store.committed(keys)) {
      if (only !== undefined && only !== p) continue;
      this.ingest.onCommitted(p, { ...news, tooLate: [] });
    }
    await turns();
  }

  /** Major number of the position that a partition is committed to. */
  committedTo(p: number): number {
    const { position } = this.store.positions.get(p) ??
      { position: BEFORE_FIRST };
    return Number(position.split("-")[0]);
  }

  #after(p: number, after: EntryId): Promise<ReadBatch> {
    return this.buffer.read(p, after, {
      maxEntries: 1e6,
      maxBytes: 1e9,
      waitMs: 0,
    });
  }
}
