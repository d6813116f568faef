/**
 * The embedded stores: ticks appended to the buffer and read back, candles
 * committed and closed, and closed candles revised by ticks that come late.
 *
 * `deno task bench:long commit`
 */
import { type CandleFold, candleView } from "../pipeline/domain/candle.ts";
import { type StreamEntry, streamEntry } from "../pipeline/domain/entry.ts";
import { fnv1a } from "../pipeline/domain/hash.ts";
import { tickColumns } from "../pipeline/domain/tick.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
  MICROS_PER_MS,
  toMillis,
} from "../pipeline/domain/time.ts";
import {
  BEFORE_FIRST,
  type CandleStep,
  type CommittedCandle,
  type EntryId,
} from "../pipeline/ports.ts";
import { systemClock } from "../pipeline/system_clock.ts";
import { type OpenStores, openStores } from "../db/open_stores.ts";
import { hashCandles } from "./harness/hash_candles.ts";
import { bench, benchSize } from "./harness/report.ts";
import { silentLog } from "../pipeline/silent_log.ts";

const full = benchSize() === "full";
const ROUNDS = full ? 5 : 1;
const ENTRIES = full ? 400 : 10;
const TICKS_AN_ENTRY = 500;
const COMMITS = full ? 10 : 2;
const CANDLES_A_COMMIT = 500;
/** Closed candles that one commit revises, and how many such commits. */
const REVISED = [1, 100, 800];
const REVISING_COMMITS = full ? 5 : 1;
const TICKS_A_FOLD = 3;
const SYMBOLS = Array.from({ length: 50 }, (_, i) => `SYM${i}`);
const START = epochMicros(Date.UTC(2025, 0, 6) * MICROS_PER_MS);
const KEY = { feed: "bench", epoch: 1 };

type Rates = Record<
  "append" | "read" | "insert" | "merge" | "close",
  number[]
>;

async function measure(stores: OpenStores) {
  const stream = new Stream(stores);
  const warehouse = await Warehouse.claim(stores);
  const rates: Rates = {
    append: [],
    read: [],
    insert: [],
    merge: [],
    close: [],
  };
  const revisionMs = REVISED.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    rates.append.push(await stream.append());
    rates.read.push(await stream.read());
    const commits = Array.from(
      { length: COMMITS },
      (_, i) =>
        candles((round * COMMITS + i) * CANDLES_A_COMMIT, CANDLES_A_COMMIT),
    );
    // The same ones again merge with their rows.
    rates.insert.push(await warehouse.rate(commits, merging, "updated"));
    rates.merge.push(await warehouse.rate(commits, merging, "updated"));
    rates.close.push(await warehouse.rate(commits, closing, "closed"));
    let from = round * COMMITS * CANDLES_A_COMMIT;
    for (const [i, count] of REVISED.entries()) {
      const late = Array.from(
        { length: REVISING_COMMITS },
        () => candles((from += count) - count, count),
      );
      const rate = await warehouse.rate(late, merging, "revised");
      revisionMs[i].push(1_000 * count / rate);
    }
  }
  const { balanced } = await stores.audit.audit();
  if (!balanced) throw new Error("The books do not balance");
  const perSecond = (name: string, unit: string, values: number[]) => ({
    name,
    unit: `${unit}/s`,
    values,
  });
  const each = `${CANDLES_A_COMMIT} a commit`;
  return {
    rounds: ROUNDS,
    hash: `${stream.hash} ${await warehouse.hash()}`,
    figures: [
      perSecond("ticks appended", "ticks", rates.append),
      perSecond("ticks read back", "ticks", rates.read),
      perSecond(`new candles, ${each}`, "candles", rates.insert),
      perSecond(
        `candles that take more ticks, ${each}`,
        "candles",
        rates.merge,
      ),
      perSecond(`candles closed, ${each}`, "candles", rates.close),
      ...REVISED.map((count, i) => ({
        name: `a commit that revises ${count} closed ${
          count === 1 ? "candle" : "candles"
        }`,
        unit: "ms",
        values: revisionMs[i],
      })),
    ],
  };
}

/** The buffer's stream of one feed. */
class Stream {
  #seq = 0;
  #readAfter = BEFORE_FIRST;
  #hash = 0;

  constructor(private readonly stores: OpenStores) {}

  /** Of what was read. */
  get hash(): string {
    return this.#hash.toString(16).padStart(8, "0");
  }

  /** Appends as a feed does: the next goes out before the last is answered. */
  async append(): Promise<number> {
    let last = this.#seq;
    const entries = Array.from({ length: ENTRIES }, () => this.#entry());
    const startedAt = performance.now();
    await Promise.all(entries.map((entry) => {
      const expectLast = last;
      last += TICKS_AN_ENTRY;
      return this.stores.buffer.append({
        p: 0,
        key: KEY,
        expectLast,
        newLast: last,
        entry,
      });
    }));
    return ENTRIES * TICKS_AN_ENTRY / seconds(startedAt);
  }

  async read(): Promise<number> {
    const startedAt = performance.now();
    let ticks = 0;
    while (ticks < ENTRIES * TICKS_AN_ENTRY) {
      const { entries } = await this.stores.buffer.read(0, this.#readAfter, {
        maxEntries: 64,
        maxBytes: 1_048_576,
        waitMs: 0,
      });
      for (const { id, entry } of entries) {
        this.#readAfter = id;
        ticks += entry.ticks.length;
        const { price, seq } = entry.ticks;
        this.#hash = fnv1a(`${this.#hash} ${price[9]} ${seq[9]}`);
      }
    }
    return ticks / seconds(startedAt);
  }

  #entry(): StreamEntry {
    const ticks = tickColumns(TICKS_AN_ENTRY);
    for (let i = 0; i < TICKS_AN_ENTRY; i++) {
      const seq = ++this.#seq;
      ticks.symbol[i] = i % SYMBOLS.length;
      ticks.ts[i] = START + seq * 1_000;
      ticks.price[i] = 2_432_155 + (seq * 7) % 1_000;
      ticks.size[i] = seq % 300;
      ticks.seq[i] = seq;
    }
    ticks.length = TICKS_AN_ENTRY;
    return streamEntry({
      kind: "ticks",
      key: KEY,
      delivery: "acked",
      receivedAt: START,
      received: TICKS_AN_ENTRY,
      symbols: SYMBOLS.map((symbol) => ({
        symbol,
        priceScale: 2,
        sizeScale: 0,
      })),
      ticks,
    });
  }
}

interface Key {
  readonly symbol: string;
  readonly t: EpochMicros;
}

/** The warehouse's one partition, as its owner commits to it. */
class Warehouse {
  #position = 0;

  private constructor(
    private readonly stores: OpenStores,
    private readonly leaseEpoch: number,
    private readonly incarnation: string,
  ) {}

  static async claim(stores: OpenStores): Promise<Warehouse> {
    const state = await stores.aggregate.claim(0, "bench");
    if (!state) {
      throw new Error("Cannot claim the partition of a new warehouse");
    }
    const incarnation = await stores.buffer.incarnation(0);
    return new Warehouse(stores, state.leaseEpoch, incarnation);
  }

  /**
   * Commits one step for each list of candles, one after the other.
   *
   * @returns Candles a second.
   * @throws {Error} If something else than `change` came of a candle.
   */
  async rate(
    commits: readonly (readonly Key[])[],
    step: (keys: readonly Key[]) => CandleStep,
    change: CommittedCandle["change"],
  ): Promise<number> {
    const steps = commits.map(step);
    let changed = 0;
    const startedAt = performance.now();
    for (const one of steps) {
      const committed = await this.#commit(one);
      changed += committed.filter((candle) => candle.change === change).length;
    }
    const took = seconds(startedAt);
    const count = commits.flat().length;
    if (changed !== count) {
      throw new Error(`${changed} of ${count} candles were ${change}`);
    }
    return count / took;
  }

  async #commit(step: CandleStep): Promise<readonly CommittedCandle[]> {
    const result = await this.stores.aggregate.commit({
      p: 0,
      leaseEpoch: this.leaseEpoch,
      expect: `${this.#position}-0` as EntryId,
      next: `${++this.#position}-0` as EntryId,
      incarnation: this.incarnation,
      markedAt: START,
      steps: [step],
      forgotten: [],
      dirty: [],
      progress: [],
      feeds: [],
      rejected: [],
      quarantine: [],
      readmitted: [],
      gaps: [],
      applied: step.deltas.length * TICKS_A_FOLD,
    });
    if (result.kind === "fenced") throw new Error("The commit was fenced");
    return result.candles;
  }

  /** Of all candles. */
  async hash(): Promise<string> {
    const rows = await Promise.all(
      SYMBOLS.map((symbol) =>
        this.stores.candles.candles({ symbol, interval: "1m", limit: 10_000 })
      ),
    );
    return hashCandles(
      rows.flat().map((candle) => ({
        symbol: candle.symbol,
        ...candleView(candle),
      })),
      toMillis(START),
    );
  }
}

/** Minute by minute, one of each symbol. */
function candles(from: number, count: number): readonly Key[] {
  return Array.from({ length: count }, (_, i) => {
    const minute = Math.floor((from + i) / SYMBOLS.length);
    return {
      symbol: SYMBOLS[(from + i) % SYMBOLS.length],
      t: epochMicros(START + minute * MICROS_PER_MINUTE),
    };
  });
}

function merging(keys: readonly Key[]): CandleStep {
  return {
    deltas: keys.map((key) => ({
      fold: fold(key),
      end: epochMicros(key.t + MICROS_PER_MINUTE),
    })),
    closes: [],
    recovered: [],
  };
}

function closing(keys: readonly Key[]): CandleStep {
  return {
    deltas: [],
    closes: keys.map((key) => ({
      ...key,
      closedBy: "watermark",
      coverageMs: 60_000,
      complete: true,
    })),
    recovered: [],
  };
}

function fold({ symbol, t }: Key): CandleFold {
  return {
    symbol,
    t,
    priceScale: 2,
    sizeScale: 0,
    open: 2_432_155,
    high: 2_432_200,
    low: 2_432_100,
    close: 2_432_170,
    firstTs: t,
    firstFeed: 1,
    firstSeq: 1,
    lastTs: t + 1,
    lastFeed: 1,
    lastSeq: TICKS_A_FOLD,
    volume: 300,
    notional: 729_646_500n,
    n: TICKS_A_FOLD,
  };
}

function seconds(startedAt: number): number {
  return (performance.now() - startedAt) / 1_000;
}

await bench("commit", full ? "full" : "small", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-bench-" });
  try {
    const stores = await openStores({
      dataDir,
      partitions: 1,
      clock: systemClock,
      log: silentLog,
      bucketOf: (_symbol, _interval, t) => ({
        start: t,
        end: epochMicros(t + MICROS_PER_MINUTE),
      }),
    });
    try {
      return await measure(stores);
    } finally {
      await stores.close();
    }
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});
