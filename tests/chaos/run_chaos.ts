import { getJson, until } from "../harness/program.ts";
import type { UnexpectedExit } from "./app.ts";
import { CommitGaps } from "./commit_gaps.ts";
import { type FaultKind, Faults, seededRandom } from "./faults.ts";
import { Load, type LoadOptions } from "./load.ts";
import { Oracle, type Verdict } from "./oracle.ts";
import { redisMemory } from "./redis_command.ts";
import { feedName, PLAN, type TickPlan } from "./ticks.ts";
import type { World } from "./world.ts";

/** What came of a run, as it is published. */
export interface ChaosReport extends Verdict {
  readonly name: string;
  readonly seed: number;
  /** Unique ticks, bad ones included. */
  readonly sent: number;
  readonly acked: number;
  readonly rejected: number;
  readonly duplicatesInjected: number;
  readonly duplicatesFiltered: number;
  readonly faults: number;
  readonly faultsByKind: Readonly<Record<string, number>>;
  /** Longest time in ms that a feed waited for a commit, by kind of fault. */
  readonly longestGapMs: Readonly<Record<string, number>>;
  /** From the last tick sent to the last one acked. */
  readonly drainMs: number;
  readonly rssMbMax: number;
  readonly redisBytesMax: number;
  readonly unexpectedExits: number;
  readonly fallenAcks: number;
  readonly booksBalance: boolean;
  readonly wallSeconds: number;
  readonly ticksPerSecond: number;
  readonly cores: number;
  /** What went wrong, in words; empty is what is wanted. */
  readonly failures: readonly string[];
}

/** Something that a run waited for did not come. */
export class StuckError extends Error {
  override name = "StuckError";
}

/**
 * Liveness: five times and more what a busy machine of two cores needs.
 */
const ACK_MS_MAX = 120_000;
const GIVE_UP_MS = 10_000;
const DRAIN_MS_MAX = 240_000;
/** Commits are far more often than this while anything is taken. */
const STILL_MS = 3_000;

export interface ChaosOptions {
  readonly name: string;
  readonly seed: number;
  readonly plan?: TickPlan;
  readonly load?: Partial<LoadOptions>;
  /** Bound of the resident memory of each program. */
  readonly rssMbMax: number;
  /** What happens while the feeds send; they finish after it. */
  readonly script: (stage: Stage) => Promise<void>;
  /**
   * Lines come in cut, which are sent again; or changed, and those that are
   * in quarantine then are not in candles.
   */
  readonly lines?: "cut" | "changed";
  /** The warehouse forgets what it has said. */
  readonly acksMayFall?: boolean;
  readonly say?: (text: string) => void;
}

/** What a script acts on. */
export interface Stage {
  readonly apps: World["apps"];
  readonly servers: World["servers"];
  readonly databaseUrl: World["databaseUrl"];
  readonly load: Load;
  readonly faults: Faults;
  readonly gaps: CommitGaps;
  readonly random: () => number;
  /** Every feed that has sent something has had a new ack since now. */
  moving(): Promise<void>;
  /** All that was sent until now is acked. */
  acked(): Promise<void>;
  /** No feed has had an ack for a while. */
  still(): Promise<void>;
  /** Waits for a fact of this process. */
  until(what: string, holds: () => boolean): Promise<void>;
}

/**
 * Feeds that send while a script does its worst, then the judgement: every
 * candle against the oracle, the books, the exits and the memory.
 *
 * @returns The report; its `failures` say what does not hold.
 */
export async function runChaos(
  world: World,
  options: ChaosOptions,
): Promise<ChaosReport> {
  const { name, seed, plan = PLAN, say = () => {} } = options;
  const startedAt = performance.now();
  const random = seededRandom(seed);
  const gaps = new CommitGaps(plan.feeds);
  const failures: string[] = [];
  let lastAckAt = startedAt;
  const load = new Load({
    plan,
    ports: world.feedPorts,
    onAck: (feed, port) => {
      lastAckAt = performance.now();
      gaps.onAck(feed, port);
    },
    ...options.load,
  });
  const faults = new Faults(world, random);
  const redis = watchRedis(world);
  const stage: Stage = {
    apps: world.apps,
    servers: world.servers,
    databaseUrl: world.databaseUrl,
    load,
    faults,
    gaps,
    random,
    moving: () => moving(load),
    acked: () => acked(load),
    still: () => still(load),
    until: (what, holds) => fact(what, holds, DRAIN_MS_MAX),
  };
  say(`${name}: seed ${seed}`);
  let drainMs = 0;
  let loadMs = 0;
  try {
    try {
      await stage.moving();
      await options.script(stage);
    } catch (error) {
      failures.push(`The script failed: ${messageOf(error)}`);
    }
    const drainFrom = performance.now();
    // What is stuck already needs no long wait to be told so.
    const stuck = timeout(failures.length > 0 ? GIVE_UP_MS : DRAIN_MS_MAX);
    await Promise.race([load.finish(), stuck.reached]).catch((error) =>
      failures.push(`The feeds did not finish: ${messageOf(error)}`)
    );
    stuck.clear();
    drainMs = Math.max(0, lastAckAt - drainFrom);
    loadMs = lastAckAt - startedAt;
  } finally {
    await load.abort();
    redis.stop();
  }
  say(
    `${name}: ${load.ackedTotal} acked in ${Math.round(loadMs / 1_000)} s, ` +
      `${faults.records.length} faults; judging`,
  );

  const quarantined = options.lines === "changed"
    ? await world.quarantined()
    : null;
  const oracle = new Oracle(
    plan,
    load.sent,
    (feed, seq) => quarantined?.has(`${feedName(feed)} ${seq}`) ?? false,
  );
  const verdict = oracle.judge(await world.candles());
  // deno-lint-ignore no-explicit-any
  const audit: any = await until(
    "books that balance",
    () => getJson(world.apps[0].program, "/api/audit?full=1"),
    ({ balanced }) => balanced,
    ACK_MS_MAX,
  ).catch((error) => ({ failed: messageOf(error), partitions: [], feeds: [] }));
  const exits = world.apps.flatMap(({ unexpected }) => unexpected);
  const rssMbMax = Math.max(...world.apps.map(({ rssMbMax }) => rssMbMax));
  failures.push(
    ...judged({ ...options, verdict, audit, exits, load, oracle }),
    ...(rssMbMax === 0 ? ["No program's memory was seen"] : []),
    ...(rssMbMax > options.rssMbMax
      ? [`A program had ${Math.round(rssMbMax)} MB`]
      : []),
  );
  const report: ChaosReport = {
    name,
    seed,
    sent: load.sentTotal,
    acked: load.ackedTotal,
    rejected: oracle.bad,
    ...verdict,
    duplicatesInjected: load.duplicates,
    duplicatesFiltered: sumOf(audit.feeds, "duplicates"),
    faults: faults.records.length,
    faultsByKind: countBy(faults.records.map(({ kind }) => kind)),
    longestGapMs: gaps.longest(faults.records),
    drainMs: Math.round(drainMs),
    rssMbMax: Math.round(rssMbMax),
    redisBytesMax: redis.bytesMax(),
    unexpectedExits: exits.length,
    fallenAcks: load.fallenAcks,
    booksBalance: audit.balanced === true,
    wallSeconds: Math.round((performance.now() - startedAt) / 100) / 10,
    ticksPerSecond: Math.round(load.ackedTotal / loadMs * 1_000),
    cores: navigator.hardwareConcurrency,
    failures,
  };
  if (failures.length > 0) {
    const history = await Deno.makeTempFile({
      prefix: `tickhouse-chaos-${seed}-`,
      suffix: ".json",
    });
    const logs = world.apps.map((app) => ({
      name: app.name,
      log: logOf(app),
    }));
    await Deno.writeTextFile(
      history,
      JSON.stringify(
        { report, faults: faults.records, audit, exits, logs },
        null,
        1,
      ),
    );
    say(`${name}: failed; history in ${history}`);
  }
  return report;
}

/** Faults of these kinds, one after the other, until there are enough. */
export async function randomFaults(
  { faults, random, moving }: Stage,
  kinds: readonly FaultKind[],
  enough: () => boolean,
): Promise<void> {
  while (!enough()) {
    await new Promise((resolve) => setTimeout(resolve, 100 + random() * 600));
    await faults.doRandom(kinds);
    await moving();
  }
}

function judged(
  { verdict, audit, exits, load, oracle, acksMayFall, lines }: {
    readonly verdict: Verdict;
    // deno-lint-ignore no-explicit-any
    readonly audit: any;
    readonly exits: readonly UnexpectedExit[];
    readonly load: Load;
    readonly oracle: Oracle;
    readonly lines?: ChaosOptions["lines"];
    readonly acksMayFall?: boolean;
  },
): string[] {
  const inQuarantine = sumOf(audit.partitions, "in_quarantine") - oracle.bad;
  const must: readonly (readonly [string, unknown, unknown])[] = [
    ["ticks in candles less ticks sent", verdict.difference, 0],
    ["wrong candles", verdict.wrong, 0],
    ["missing candles", verdict.missing, 0],
    ["candles of nothing", verdict.extra, 0],
    ["acked ticks", load.ackedTotal, load.sentTotal],
    ["acks that fell", acksMayFall ? 0 : load.fallenAcks, 0],
    ["unexpected exits", exits.length, 0],
    ["books that balance", audit.balanced, true],
    ["ticks unaccounted for", audit.ticks_unaccounted, 0],
    [
      "ticks in candles, by the books",
      sumOf(audit.partitions, "in_candles"),
      verdict.expected,
    ],
    [
      "lines that quarantine lacks or has too much",
      // A line that came in damaged may have had no number.
      lines ? Math.min(0, inQuarantine) : inQuarantine,
      0,
    ],
    [
      "ticks accepted of feeds",
      sumOf(audit.feeds, "accepted"),
      verdict.expected,
    ],
  ];
  const failures = must.filter(([, is, wanted]) => is !== wanted)
    .map(([what, is, wanted]) => `${what}: ${is} instead of ${wanted}`);
  for (const { app, code, log } of exits) {
    failures.push(`${app} ended with ${code}: ${log.slice(-5).join("\n")}`);
  }
  if (failures.length > 0) failures.push(...verdict.examples);
  if (audit.failed) failures.push(audit.failed);
  return failures;
}

async function moving(load: Load): Promise<void> {
  const before = load.acked;
  await fact(
    "an ack of every feed",
    () =>
      load.acked.every((seq, feed) =>
        seq > before[feed] || load.sent[feed] === seq && seq > 0
      ),
  );
}

async function acked(load: Load): Promise<void> {
  const goal = load.sent;
  await fact(
    "acks of all that was sent",
    () => load.acked.every((seq, feed) => seq >= goal[feed]),
    DRAIN_MS_MAX,
  );
}

async function still(load: Load): Promise<void> {
  let [at, total] = [performance.now(), load.ackedTotal];
  await fact("feeds that stand still", () => {
    const now = load.ackedTotal;
    if (now !== total) [at, total] = [performance.now(), now];
    return performance.now() - at > STILL_MS;
  });
}

/** Waits for a fact of this process. */
async function fact(
  what: string,
  holds: () => boolean,
  msMax = ACK_MS_MAX,
): Promise<void> {
  const from = performance.now();
  while (!holds()) {
    if (performance.now() - from > msMax) {
      throw new StuckError(`Waited ${msMax} ms for ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function timeout(ms: number) {
  let timer: ReturnType<typeof setTimeout>;
  const reached = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new StuckError(`Waited ${ms} ms`)),
      ms,
    );
  });
  reached.catch(() => {});
  return { reached, clear: () => clearTimeout(timer) };
}

/** The most memory that Redis had, looked at now and then. */
function watchRedis({ servers }: World) {
  let most = 0;
  const timer = setInterval(async () => {
    if (servers === null) return;
    const memory = await redisMemory(servers.redis.port).catch(() => null);
    if (memory !== null) most = Math.max(most, memory.used);
  }, 500);
  return { bytesMax: () => most, stop: () => clearInterval(timer) };
}

function logOf(app: World["apps"][number]): readonly string[] {
  try {
    return app.program.log;
  } catch {
    return [];
  }
}

// deno-lint-ignore no-explicit-any
function sumOf(rows: readonly any[], key: string): number {
  return rows.reduce((sum, row) => sum + row[key], 0);
}

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
