/**
 * Divides the partitions of a running fleet; `--help` says what it can do.
 *
 * One line of JSON on stdout says what came of it. Exits with 0 if it was done,
 * 2 for a bad command line, 1 for everything else.
 */
import { type Db, DbError } from "../db/db.ts";
import { PgInstrumentStore } from "../db/instrument_store.ts";
import { PgLayoutStore } from "../db/layout_store.ts";
import { writeWanted } from "../pipeline/domain/partition_layout.ts";
import {
  type Division,
  mapOf,
  type PartitionMap,
  type WantedDivision,
} from "../pipeline/domain/partition_map.ts";
import type { LayoutNode } from "../pipeline/ports.ts";
import { systemClock } from "../pipeline/system_clock.ts";
import {
  type Asked,
  askedOf,
  PARTITIONS_MAX,
  readSymbols,
  wantedOf,
} from "./asked_division.ts";
import { CommitPause } from "./commit_pause.ts";
import {
  type FleetConfig,
  onFleetDatabase,
  runFleetTask,
} from "./fleet_task.ts";
import type { TaskContext, TaskResult } from "./run_task.ts";
import {
  describeOptions,
  flag,
  helpOption,
  option,
  optional,
  OptionsError,
  parseOptions,
  seconds,
} from "./task_options.ts";

const LOOK_MS = 25;
/** Processes that have only just started are waited for so long at most. */
const STARTING_SECONDS_MAX = 30;
/** Ticks are counted for so long once they come again: the end of the pause. */
const AFTER_MS = 1_000;

const OPTIONS = {
  pin: optional({
    takes: "SYMBOLS",
    wanted: "instruments with a comma in between, such as NIFTY50,BTC/USD",
    meaning: "Gives each of these instruments a partition of its own, for good",
    read: readSymbols,
  }),
  cancel: flag(
    "Leaves the partitions as they are, if they are not divided yet",
  ),
  wait: option({
    takes: "N",
    fallback: "60",
    wanted: "a number of seconds, or a length of time such as 2m",
    meaning: "How long it may take until it is given up",
    read: seconds,
  }),
  help: helpOption,
};

const USAGE =
  `Divides the partitions of processes that share a Redis and a PostgreSQL, while
they run: no tick is lost and none counts twice.

deno task repartition [PARTITIONS] [OPTIONS]

Feeds wait while what was taken in is committed, and go on in the new number of
partitions, which must be a multiple of the present one. Those of instruments
that were pinned are not counted in it; with them there are at most
${PARTITIONS_MAX}. Without a number and --pin nothing is changed, and the
partitions are told. DATABASE_URL is that of the processes, as is
DATABASE_WS_URL where it leads through a relay; their PARTITIONS need not be
changed.

${describeOptions(OPTIONS)}
`;

/** The task, on the database of a running fleet. */
export async function repartition(
  args: readonly string[],
  config: FleetConfig,
  { signal, say }: TaskContext,
): Promise<TaskResult> {
  const { values, rest } = parseOptions(OPTIONS, args);
  if (values.help) return USAGE;
  if (rest.length > 1) {
    throw new OptionsError(`Cannot use ${rest.slice(1).join(" ")}`);
  }
  const asked = askedOf(rest[0], values.pin);
  if (asked !== null && values.cancel) {
    throw new OptionsError("Cannot both divide and cancel");
  }
  const { databaseUrl } = config;
  if (databaseUrl === null) {
    throw new Error(
      "Cannot divide partitions without DATABASE_URL: of embedded stores one " +
        "process makes all candles, so it would change nothing; to spread them " +
        "over processes, start with a Redis, a PostgreSQL and PARTITIONS",
    );
  }
  return await onFleetDatabase(databaseUrl, config, async (db) => {
    const store = new PgLayoutStore(db);
    if (values.cancel) {
      if (!await store.giveUp()) throw new Error("Nothing is under way");
      return { report: await reportOf(store), ok: true };
    }
    if (asked === null) return { report: await reportOf(store), ok: true };
    const context = { signal, say };
    const way = await begin(db, store, asked, values.wait, context);
    return await follow({ db, store, ...way }, values.wait, context);
  });
}

/** What a division goes from, and what it comes to. */
interface Way {
  readonly from: PartitionMap;
  readonly wanted: WantedDivision;
}

/** Asks for it, if it can be done. */
async function begin(
  db: Db,
  store: PgLayoutStore,
  asked: Asked,
  waitSeconds: number,
  context: TaskContext,
): Promise<Way> {
  const { divisions, wanted: other } = await store.state();
  const from = mapOf(divisions);
  if (other !== null) {
    throw new Error(
      `Cannot begin as ${from.partitions} partitions are being divided into ` +
        `${other.partitions}; wait for that, or --cancel it`,
    );
  }
  const wanted = wantedOf(from, asked);
  await requireRegistered(db, wanted);
  const starting = Math.min(waitSeconds, STARTING_SECONDS_MAX);
  await untilAllKnow(store, wanted, starting, context);
  if (!await store.want(divisions, wanted)) {
    throw new Error("Cannot divide partitions: somebody else is about to");
  }
  return { from, wanted };
}

/** A process that has just started says within seconds what it knows of. */
async function untilAllKnow(
  store: PgLayoutStore,
  wanted: WantedDivision,
  waitSeconds: number,
  { signal, say }: TaskContext,
): Promise<void> {
  const deadline = performance.now() + waitSeconds * 1_000;
  let said = "";
  for (;;) {
    const trouble = troubleOf(await store.nodes(), wanted);
    if (trouble === null) return;
    if (signal.aborted || performance.now() > deadline) {
      throw new Error(`Cannot divide partitions: ${trouble}`);
    }
    if (trouble !== said) say(`It waits: ${said = trouble}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** A partition is for good: a symbol that is mistyped must not get one. */
async function requireRegistered(
  db: Db,
  { partitions, pins = [] }: WantedDivision,
): Promise<void> {
  const instruments = new PgInstrumentStore(db, partitions, systemClock);
  const known = await instruments.find(pins);
  const unknown = pins.filter((symbol) => !known.has(symbol));
  if (unknown.length > 0) {
    throw new Error(`Cannot pin ${unknown.join(", ")}: not registered yet`);
  }
}

/** What keeps these processes from it, in words; for good, or as they start. */
function troubleOf(
  nodes: readonly LayoutNode[],
  wanted: WantedDivision,
): string | null {
  if (!nodes.some(({ roles }) => roles.includes("aggregate"))) {
    return "no process with the role aggregate is there to do it";
  }
  const older = namesOf(
    nodes.filter(({ stream, pins }) =>
      stream === null || (wanted.pins !== undefined && !pins)
    ),
  );
  return older === ""
    ? null
    : `${older} is of an older version, or has only just started`;
}

function namesOf(nodes: readonly LayoutNode[]): string {
  return [...new Set(nodes.map(({ node }) => node))].join(", ");
}

/** Waits until it is done, and says what it waits for. */
async function follow(
  { db, store, from, wanted }: Way & {
    readonly db: Db;
    readonly store: PgLayoutStore;
  },
  waitSeconds: number,
  { signal, say }: TaskContext,
): Promise<TaskResult> {
  const startedAt = performance.now();
  const pause = new CommitPause(db, signal);
  const watching = pause.watch();
  let said = "";
  const tell = (text: string) => {
    if (text !== said) say(said = text);
  };
  try {
    for (;;) {
      const { text, state } = await look(store, { from, wanted });
      if (state === "done") {
        return await done(store, { pause, startedAt, say: tell });
      }
      if (state === "cancelled") throw new Error("It was cancelled meanwhile");
      tell(text);
      const late = performance.now() - startedAt > waitSeconds * 1_000;
      if (signal.aborted || late) {
        // Whoever wins: it is done, or it is as it was.
        if (!await store.giveUp()) continue;
        throw new Error(
          `Given up after ${
            Math.round((performance.now() - startedAt) / 1e3)
          } ` +
            `s, and feeds go on in ${from.partitions} partitions. At the end: ${text}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    pause.stop();
    await watching;
  }
}

/** How it goes, in words. */
async function look(
  store: PgLayoutStore,
  { from, wanted }: Way,
): Promise<{
  readonly text: string;
  readonly state: "under way" | "done" | "cancelled";
}> {
  try {
    const { divisions, wanted: still } = await store.state();
    const now = divisions[divisions.length - 1];
    if (still === null) {
      const isDone = writeWanted(now) === writeWanted(wanted);
      const state = isDone ? "done" : "cancelled";
      return { text: "", state };
    }
    const text = waitsFor(await store.nodes(), now, wanted) ??
      `Every feed waits; what is in the ${from.partitions} streams is committed`;
    return { text, state: "under way" };
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    // It goes on without this task.
    return {
      text: `PostgreSQL does not answer: ${error.message}`,
      state: "under way",
    };
  }
}

/** Which processes it waits for; `null` if none. */
function waitsFor(
  nodes: readonly LayoutNode[],
  { tag }: Division,
  wanted: WantedDivision,
): string | null {
  const trouble = troubleOf(nodes, wanted);
  if (trouble !== null) return `It waits: ${trouble}`;
  const feeding = nodes.filter(({ roles, stream, holds }) =>
    roles.includes("feed") && !(holds && stream === tag)
  );
  return feeding.length === 0
    ? null
    : `It waits until what ${namesOf(feeding)} took in is committed`;
}

async function done(
  store: PgLayoutStore,
  { pause, startedAt, say }: {
    readonly pause: CommitPause;
    readonly startedAt: number;
    readonly say: (text: string) => void;
  },
): Promise<TaskResult> {
  const tookMs = performance.now() - startedAt;
  const report = await reportOf(store);
  const there = `There are ${wordsOf(report)}`;
  say(`${there}; ticks are counted for a moment more`);
  await pause.over();
  await new Promise((resolve) => setTimeout(resolve, AFTER_MS));
  const { longestMs, ticksPerSecond } = pause.result;
  say(
    longestMs === null
      ? `${there}. No ticks came, so that nothing waited`
      : `${there}. Candles stood still for ` +
        `${(longestMs / 1_000).toFixed(2)} s at ${ticksPerSecond} ticks/s`,
  );
  return {
    report: {
      ...report,
      took_ms: Math.round(tookMs),
      pause_ms: longestMs === null ? null : Math.round(longestMs),
      ticks_per_second: ticksPerSecond,
    },
    ok: true,
  };
}

async function reportOf(store: PgLayoutStore) {
  const { divisions, wanted } = await store.state();
  const { partitions, pinned } = mapOf(divisions);
  return {
    partitions,
    pinned: Object.fromEntries(pinned),
    before: divisions.slice(0, -1).map(({ partitions }) => partitions),
    wanted: wanted?.partitions ?? null,
  };
}

function wordsOf(
  { partitions, pinned }: Pick<
    Awaited<ReturnType<typeof reportOf>>,
    "partitions" | "pinned"
  >,
): string {
  const pins = Object.keys(pinned);
  return pins.length === 0
    ? `${partitions} partitions`
    : `${partitions} partitions, ${pins.length} of them for ${pins.join(", ")}`;
}

if (import.meta.main) await runFleetTask(repartition);
