/**
 * What grows with what: Redis commands and bytes, transactions, and processor
 * time of a tick, with 1 to 8 processes that make candles and with 16 to 1,024
 * partitions, each of which has the same ticks a second. Two cores cannot show
 * the rate of many machines, but what each of them would have to do can be
 * counted.
 *
 * The same of a second of a partition without ticks, and of a tick beyond that.
 * Seconds are counted in marks, one each, so that a machine that does other
 * work as well, or stands still for a while, changes little.
 *
 * `deno task bench:long scaling`; with `processes` or `partitions` behind
 * `bench/scaling_bench.ts` that part alone, with `4x64` that setup alone.
 */
import { PartitionLayout } from "../pipeline/domain/partition_layout.ts";
import { connectPg } from "../db/connect_pg.ts";
import { PgInstrumentStore } from "../db/instrument_store.ts";
import { RedisBuffer } from "../pipeline/buffer/redis_buffer.ts";
import { streamEntry } from "../pipeline/domain/entry.ts";
import { partitionOf } from "../pipeline/domain/hash.ts";
import { autoSpec } from "../pipeline/domain/instrument.ts";
import { tickColumns } from "../pipeline/domain/tick.ts";
import { runMarks } from "../pipeline/feeds/run_marks.ts";
import { systemClock } from "../pipeline/system_clock.ts";
import { startProgram, until } from "../tests/harness/program.ts";
import { Counters, countNames, type Counts } from "./harness/counters.ts";
import { bench, benchSize, type Figure } from "./harness/report.ts";
import { BenchServers } from "./harness/subject.ts";
import { silentLog } from "../pipeline/silent_log.ts";

const full = benchSize() === "full";
const PARTITIONS = full ? [16, 64, 256, 1_024] : [4, 8];
const PROCESSES = full ? [1, 2, 4, 8] : [1, 2];
/** Of each, while the other varies. */
const PARTITIONS_FIXED = full ? 64 : 8;
const PROCESSES_FIXED = 2;
/** Each partition has an entry so often, one partition after the other. */
const ENTRY_EVERY_MS = full ? 6_000 : 500;
const ENTRIES = full ? 2 : 3;
/** So few that two cores bear those of 1,024 partitions. */
const ENTRY_TICKS = 200;
const SYMBOLS_A_PARTITION = 4;
/** What is left when it begins is over by then. */
const SETTLE_MS = full ? 4_000 : 500;
/** A joining process is given a part of its share a round. */
const SHARE_MS_MAX = 180_000;
/** How often it is asked whether all ticks are in candles; not counted. */
const ASK_MS = 1_000;
/** After it all candles of the minute before are closed. */
const CLOSED_MS = 5_000;
/** For the reading of counters, and ticks that are late. */
const SPARE_MS = 6_000;
const MINUTE_MS = 60_000;
/** Of a fleet with many partitions. */
const LEASE_MS = "5000";
const SCALE = { priceScale: 2, sizeScale: 0 };
/** Dearest ÷ cheapest that counts as the same. */
const SAME_MAX = 125;

/** Processor time comes in hundredths of a second. */
const COUNTED = countNames.filter(({ unit, key }) =>
  key !== "entries" && (full || unit !== "µs")
);

const named = Deno.args.filter((arg) => !arg.startsWith("--"));
const PARTS = named.length > 0 ? named : ["processes", "partitions"];
const ALONE = named.flatMap((name) => {
  const [, processes, partitions] = /^(\d+)x(\d+)$/.exec(name) ?? [];
  return processes
    ? [{ processes: Number(processes), partitions: Number(partitions) }]
    : [];
});

interface Setup {
  readonly processes: number;
  readonly partitions: number;
}

interface Measured {
  readonly setup: Setup;
  /** Of a tick, at so many a second in each partition. */
  readonly tick: Counts;
  /** Of a second of a partition without ticks. */
  readonly idle: Counts;
  /** Of a tick, beyond what is done without it. */
  readonly more: Counts;
  /** In each partition, while there were some. */
  readonly ticksPerSecond: number;
}

await bench("scaling", full ? "full" : "small", async () => {
  const servers = await BenchServers.start();
  try {
    const byProcesses: Measured[] = [];
    for (const processes of PARTS.includes("processes") ? PROCESSES : []) {
      const setup = { processes, partitions: PARTITIONS_FIXED };
      byProcesses.push(await measure(servers, setup));
    }
    const byPartitions: Measured[] = [];
    for (const partitions of PARTS.includes("partitions") ? PARTITIONS : []) {
      const setup = { processes: PROCESSES_FIXED, partitions };
      const known = byProcesses.find(({ setup: { processes, ...other } }) =>
        processes === PROCESSES_FIXED && other.partitions === partitions
      );
      byPartitions.push(known ?? await measure(servers, setup));
    }
    const alone: Measured[] = [];
    for (const setup of ALONE) alone.push(await measure(servers, setup));
    console.error(
      tableOf([...new Set([...byProcesses, ...byPartitions, ...alone])]),
    );
    return {
      rounds: 1,
      hash: "each tick in a candle",
      figures: [
        ...figuresOf(
          byProcesses,
          ({ processes }) => `${processes} × aggregate`,
        ),
        ...figuresOf(
          byPartitions,
          ({ partitions }) => `${partitions} partitions`,
        ),
        ...figuresOf(
          alone,
          ({ processes, partitions }) => `${processes} × ${partitions}`,
        ),
      ],
    };
  } finally {
    await servers.close();
  }
});

/** Counts what the processes of a setup do, with ticks and without. */
async function measure(
  servers: BenchServers,
  setup: Setup,
): Promise<Measured> {
  const { processes, partitions } = setup;
  const stores = await servers.empty();
  const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-bench-" });
  const ended = new AbortController();
  const closing: (() => Promise<unknown>)[] = [
    () => Deno.remove(dataDir, { recursive: true }),
  ];
  try {
    const start = async (i: number) => {
      const program = await startProgram({
        ...stores,
        DATA_DIR: dataDir,
        HTTP_PORT: "0",
        ROLES: "aggregate",
        NODE_NAME: `bench-${i}`,
        LEASE_MS,
        FEEDS: "",
        SIMULATE: "off",
        PARTITIONS: String(partitions),
      });
      closing.push(() => program.stop());
      return program;
    };
    const programs = [];
    for (let i = 0; i < processes; i++) programs.push(await start(i));
    const db = connectPg({ url: stores.DATABASE_URL });
    closing.push(() => db.close());
    const symbols = symbolsOf(partitions);
    await new PgInstrumentStore(db, partitions, systemClock).upsert(
      symbols.flat().map((symbol) => autoSpec(symbol, SCALE)),
    );
    const buffer = await RedisBuffer.open({
      url: stores.REDIS_URL,
      layout: new PartitionLayout(partitions),
      memoryMaxBytes: 4e9,
      clock: systemClock,
      log: silentLog,
    });
    closing.push(() => buffer.close());
    const marking = runMarks({
      buffer,
      layout: new PartitionLayout(partitions),
      node: "bench",
      clock: systemClock,
      log: silentLog,
      signal: ended.signal,
    });
    closing.push(() => marking);
    const share = Math.ceil(partitions / processes);
    await until(
      "an even share of the partitions",
      () =>
        db.query<{ n: number }>(
          `select count(*)::int as n from offsets where lease_until > now()
            group by owner`,
        ),
      (owners) =>
        owners.length === processes &&
        owners.reduce((sum, { n }) => sum + n, 0) === partitions &&
        owners.every(({ n }) => n <= share),
      SHARE_MS_MAX,
    );
    const applied = async () => {
      const [{ n }] = await db.query<{ n: number }>(
        "select coalesce(sum(applied), 0)::float8 as n from offsets",
      );
      return n;
    };
    const counters = new Counters(servers, programs.map(({ pid }) => pid));
    const send = (n: number) => sendEntries(buffer, symbols, n);
    const windowMs = ENTRIES * ENTRY_EVERY_MS;
    await withinMinute(ENTRY_EVERY_MS + SETTLE_MS + 2 * windowMs + SPARE_MS);
    // Its candles and what is compiled on the way are there then.
    await send(1);
    await until("warm", applied, (n) => n === partitions * ENTRY_TICKS);
    await sleep(SETTLE_MS);

    const idleFrom = await counters.read();
    await sleep(windowMs);
    const from = await counters.read();
    await send(ENTRIES);
    const ticks = ENTRIES * partitions * ENTRY_TICKS;
    const all = ticks + partitions * ENTRY_TICKS;
    let asked = 0;
    do {
      await sleep(ASK_MS);
      asked++;
    } while (await applied() < all);
    const to = await counters.read();

    const measured = {
      setup,
      ...sharesOf({
        idle: counters.between(idleFrom, from),
        busy: withoutAsking(counters.between(from, to), asked),
        partitions,
      }),
    };
    console.error(
      `scaling: ${processes} × aggregate, ${partitions} partitions: ` +
        JSON.stringify(measured),
    );
    return measured;
  } finally {
    ended.abort();
    for (const close of closing.toReversed()) await close();
  }
}

/**
 * Waits until no minute ends for so long: candles that close and go to others
 * would be counted with ticks or without, by chance.
 */
async function withinMinute(ms: number): Promise<void> {
  const gone = Date.now() % MINUTE_MS;
  if (gone >= CLOSED_MS && gone + ms <= MINUTE_MS) return;
  await sleep((CLOSED_MS - gone + MINUTE_MS) % MINUTE_MS);
}

function withoutAsking(counts: Counts, asked: number): Counts {
  return { ...counts, transactions: counts.transactions - asked };
}

/** What comes to a tick, and to a second of a partition. */
function sharesOf({ idle, busy, partitions }: {
  readonly idle: Counts;
  readonly busy: Counts;
  readonly partitions: number;
}): Omit<Measured, "setup"> {
  const ticks = ENTRIES * partitions * ENTRY_TICKS;
  // A mark is a second of a partition.
  const seconds = busy.entries - ENTRIES * partitions;
  const idleSecond = mapCounts(idle, (value) => value / idle.entries);
  return {
    tick: mapCounts(busy, (value) => value / ticks),
    idle: idleSecond,
    more: mapCounts(
      busy,
      (value, key) => (value - seconds * idleSecond[key]) / ticks,
    ),
    ticksPerSecond: ticks / seconds,
  };
}

/** A row for each setup: a tick, an idle second, a tick beyond that. */
function tableOf(measured: readonly Measured[]): string {
  const names = COUNTED.map(({ name, unit }) =>
    unit ? `${name}, ${unit}` : name
  );
  const head = ["aggregate × partitions", "ticks/s", ...names];
  const rows = measured.map(({ setup, ticksPerSecond, ...counts }) => [
    `${setup.processes} × ${setup.partitions}`,
    ticksPerSecond.toFixed(1),
    ...COUNTED.map(({ key }) =>
      [counts.tick, counts.idle, counts.more]
        .map((of) => Number(of[key].toPrecision(3))).join(" / ")
    ),
  ]);
  return [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** So many entries a partition, spread evenly over time. */
async function sendEntries(
  buffer: RedisBuffer,
  symbols: readonly (readonly string[])[],
  entries: number,
): Promise<void> {
  const slotMs = ENTRY_EVERY_MS / symbols.length;
  const startedAt = performance.now();
  const sent: Promise<unknown>[] = [];
  for (let i = 0; i < entries * symbols.length; i++) {
    const p = i % symbols.length;
    const leftMs = startedAt + i * slotMs - performance.now();
    if (leftMs > 0) await sleep(leftMs);
    sent.push(
      buffer.append({
        p,
        key: { feed: "", epoch: 0 },
        expectLast: 0,
        newLast: 0,
        entry: entryOf(symbols[p]),
      }),
    );
  }
  await Promise.all(sent);
}

function entryOf(symbols: readonly string[]) {
  const now = systemClock.now();
  const ticks = tickColumns(ENTRY_TICKS);
  for (let i = 0; i < ENTRY_TICKS; i++) {
    ticks.symbol[i] = i % symbols.length;
    ticks.ts[i] = now - (ENTRY_TICKS - i);
    ticks.price[i] = 100_000 + i % 7;
    ticks.size[i] = 1;
  }
  ticks.length = ENTRY_TICKS;
  return streamEntry({
    kind: "ticks",
    key: { feed: "bench", epoch: 1 },
    node: "bench",
    receivedAt: now,
    received: ENTRY_TICKS,
    symbols: symbols.map((symbol) => ({ symbol, ...SCALE })),
    ticks,
  });
}

/** The same number of symbols of each partition. */
function symbolsOf(partitions: number): readonly (readonly string[])[] {
  const symbols = Array.from({ length: partitions }, (): string[] => []);
  let missing = partitions * SYMBOLS_A_PARTITION;
  for (let i = 0; missing > 0; i++) {
    const symbol = `BENCH.${i}`;
    const own = symbols[partitionOf(symbol, partitions)];
    if (own.length === SYMBOLS_A_PARTITION) continue;
    own.push(symbol);
    missing--;
  }
  return symbols;
}

/** Of each count all setups, and by how much they differ. */
function figuresOf(
  measured: readonly Measured[],
  nameOf: (setup: Setup) => string,
): readonly Figure[] {
  if (measured.length === 0) return [];
  return COUNTED.flatMap(({ key, name, unit }) => {
    const figure = (of: "tick" | "idle" | "more", per: string): Figure[] => [
      ...measured.map(({ setup, ...counts }) => ({
        name: `${name} ${per}, ${nameOf(setup)}`,
        unit,
        values: [counts[of][key]],
      })),
      {
        name: `${name} ${per}, dearest ÷ cheapest of these`,
        unit: "%",
        values: [
          100 * Math.max(...measured.map((one) => one[of][key])) /
          Math.min(...measured.map((one) => one[of][key])),
        ],
        ...of === "tick" && { atMost: SAME_MAX },
      },
    ];
    return [
      ...figure("tick", "of a tick"),
      ...figure("idle", "of a second of an idle partition"),
      // Of few ticks it is less than what others do meanwhile.
      ...full ? figure("more", "of a tick beyond that") : [],
    ];
  });
}

function mapCounts(
  counts: Counts,
  of: (value: number, key: keyof Counts) => number,
): Counts {
  return Object.fromEntries(
    countNames.map(({ key }) => [key, of(counts[key], key)]),
  ) as unknown as Counts;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
