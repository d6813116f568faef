/**
 * What grows with what: Redis commands and bytes, transactions, and processor
 * time of a tick. Two cores cannot show the rate of many machines, but what each
 * of them would have to do can be counted:
 *
 * - `growth`: 1 to 8 processes that make candles, each with as many ticks and
 *   partitions;
 * - `processes`: the same ticks and partitions, shared by 1 to 8 processes;
 * - `partitions`: 16 to 1,024 partitions, each with as many ticks;
 * - `load`: the same ticks, in 16 to 1,024 partitions.
 *
 * The same of a second of a partition without ticks, and of a tick beyond that.
 * Seconds are counted in marks, one each, so that a machine that does other
 * work as well, or stands still for a while, changes little.
 *
 * `deno task bench:long scaling`; with the name of a part behind
 * `bench/scaling_bench.ts` that part alone, with `4x64` or `4x64@8000` that
 * setup alone: processes, partitions, ticks a second of all.
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
const PARTITIONS_A_PROCESS = full ? 16 : 4;
/** So few that two cores bear those of eight processes, and of all servers. */
const RATE_A_PROCESS = 2_000;
/** So few that two cores bear those of 1,024 partitions. */
const RATE_A_PARTITION = full ? 8 : 400;
/** What one process bears, of all partitions that several share. */
const RATE_SHARED = full ? 8_000 : 3_200;
/** Entries of a partition come one after the other, and at least so often. */
const ENTRY_EVERY_MS_MAX = full ? 4_000 : 500;
const ENTRY_TICKS_MAX = 200;
/** Ticks come for about so long while it is counted. */
const WINDOW_MS = full ? 8_000 : 1_500;
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

interface Setup {
  readonly processes: number;
  readonly partitions: number;
  /** Ticks a second, of all partitions. */
  readonly rate: number;
}

/** Setups that are compared, and what varies from one to the next. */
interface Part {
  readonly setups: readonly Setup[];
  readonly nameOf: (setup: Setup) => string;
  /** A tick is to cost the same in all of them. */
  readonly isSame: boolean;
}

const PARTS: Readonly<Record<string, Part>> = {
  growth: {
    setups: PROCESSES.map((processes) => ({
      processes,
      partitions: processes * PARTITIONS_A_PROCESS,
      rate: processes * RATE_A_PROCESS,
    })),
    nameOf: ({ processes, partitions }) =>
      `${processes} × aggregate with ${partitions / processes} partitions each`,
    isSame: true,
  },
  processes: {
    setups: PROCESSES.map((processes) => ({
      processes,
      partitions: PARTITIONS_FIXED,
      rate: RATE_SHARED,
    })),
    nameOf: ({ processes, partitions }) =>
      `${processes} × aggregate of ${partitions} partitions`,
    isSame: false,
  },
  partitions: {
    setups: PARTITIONS.map((partitions) => ({
      processes: PROCESSES_FIXED,
      partitions,
      rate: partitions * RATE_A_PARTITION,
    })),
    nameOf: ({ partitions }) => `${partitions} partitions`,
    isSame: true,
  },
  load: {
    setups: PARTITIONS.map((partitions) => ({
      processes: PROCESSES_FIXED,
      partitions,
      rate: PROCESSES_FIXED * RATE_A_PROCESS,
    })),
    nameOf: ({ partitions, rate }) =>
      `${partitions} partitions with ${rate} ticks/s`,
    isSame: false,
  },
};

const named = Deno.args.filter((arg) => !arg.startsWith("--"));
const asked: readonly Part[] = named.length > 0
  ? named.map(partOf)
  : full
  ? Object.values(PARTS)
  : [PARTS.growth];

/** A part by its name, or one setup such as `4x64` or `4x64@8000`. */
function partOf(name: string): Part {
  if (Object.hasOwn(PARTS, name)) return PARTS[name];
  const [, ...numbers] = /^(\d+)x(\d+)(?:@(\d+))?$/.exec(name) ?? [];
  if (numbers.length === 0) {
    console.error(
      `scaling: expected ${Object.keys(PARTS).join(", ")} or a setup such as ` +
        `4x64@8000, got ${JSON.stringify(name)}`,
    );
    Deno.exit(2);
  }
  const [processes, partitions] = numbers.map(Number);
  const rate = numbers[2] === undefined
    ? partitions * RATE_A_PARTITION
    : Number(numbers[2]);
  return {
    setups: [{ processes, partitions, rate }],
    nameOf: () => name,
    isSame: false,
  };
}

/** How the ticks of a setup come: the same in each partition. */
function loadOf({ partitions, rate }: Setup) {
  const entryTicks = Math.min(
    ENTRY_TICKS_MAX,
    Math.ceil(rate * ENTRY_EVERY_MS_MAX / 1_000 / partitions),
  );
  const entryEveryMs = 1_000 * entryTicks * partitions / rate;
  const entriesIn = (ms: number) => Math.ceil(ms / entryEveryMs);
  return {
    entryTicks,
    entryEveryMs,
    entries: entriesIn(WINDOW_MS),
    warmEntries: entriesIn(ENTRY_EVERY_MS_MAX),
  };
}

type Load = ReturnType<typeof loadOf>;

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
    const known = new Map<string, Measured>();
    const figures: Figure[] = [];
    for (const part of asked) {
      const measured: Measured[] = [];
      for (const setup of part.setups) {
        const key = JSON.stringify(setup);
        const one = known.get(key) ?? await measure(servers, setup);
        known.set(key, one);
        measured.push(one);
      }
      figures.push(...figuresOf(measured, part));
    }
    console.error(tableOf([...known.values()]));
    return { rounds: 1, hash: "each tick in a candle", figures };
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
  const load = loadOf(setup);
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
    const send = (n: number) => sendEntries(buffer, symbols, load, n);
    const windowMs = load.entries * load.entryEveryMs;
    const warmMs = load.warmEntries * load.entryEveryMs;
    await withinMinute(warmMs + SETTLE_MS + 2 * windowMs + SPARE_MS);
    // Its candles and what is compiled on the way are there then.
    await send(load.warmEntries);
    const round = partitions * load.entryTicks;
    await until("warm", applied, (n) => n === load.warmEntries * round);
    await sleep(SETTLE_MS);

    const idleFrom = await counters.read();
    let from: Counts;
    do {
      await sleep(windowMs);
      from = await counters.read();
      // In a short one a machine that stands still does nothing.
    } while (isEmpty(counters.between(idleFrom, from)));
    await send(load.entries);
    const all = (load.warmEntries + load.entries) * round;
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
        entries: load.entries * partitions,
        ticks: load.entries * round,
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

function isEmpty(counts: Counts): boolean {
  return counts.entries <= 0 || COUNTED.some(({ key }) => counts[key] <= 0);
}

/** What comes to a tick, and to a second of a partition. */
function sharesOf({ idle, busy, entries, ticks }: {
  readonly idle: Counts;
  readonly busy: Counts;
  /** With ticks, of all partitions. */
  readonly entries: number;
  readonly ticks: number;
}): Omit<Measured, "setup"> {
  // A mark is a second of a partition.
  const seconds = busy.entries - entries;
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
  { entryEveryMs, entryTicks }: Load,
  entries: number,
): Promise<void> {
  const slotMs = entryEveryMs / symbols.length;
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
        entry: entryOf(symbols[p], entryTicks),
      }),
    );
  }
  await Promise.all(sent);
}

function entryOf(symbols: readonly string[], length: number) {
  const now = systemClock.now();
  const ticks = tickColumns(length);
  for (let i = 0; i < length; i++) {
    ticks.symbol[i] = i % symbols.length;
    ticks.ts[i] = now - (length - i);
    ticks.price[i] = 100_000 + i % 7;
    ticks.size[i] = 1;
  }
  ticks.length = length;
  return streamEntry({
    kind: "ticks",
    key: { feed: "bench", epoch: 1 },
    node: "bench",
    receivedAt: now,
    received: length,
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
  { nameOf, isSame }: Part,
): readonly Figure[] {
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
        ...isSame && of === "tick" && { atMost: SAME_MAX },
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
