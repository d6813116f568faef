/**
 * Divides the partitions of a running fleet; `--help` says what it can do.
 *
 * One line of JSON on stdout says what came of it. Exits with 0 if it was done,
 * 2 for a bad command line, 1 for everything else.
 */
import { connectPg } from "../db/connect_pg.ts";
import { type Db, DbError } from "../db/db.ts";
import { PgLayoutStore } from "../db/layout_store.ts";
import { type Config, parseConfig } from "../pipeline/config.ts";
import { divides } from "../pipeline/domain/partition_layout.ts";
import type { LayoutNode } from "../pipeline/ports.ts";
import { readSecretFiles } from "../pipeline/secret_files.ts";
import { CommitPause } from "./commit_pause.ts";
import { runTask, type TaskContext, type TaskResult } from "./run_task.ts";
import {
  describeOptions,
  flag,
  helpOption,
  option,
  OptionsError,
  parseOptions,
  seconds,
} from "./task_options.ts";

const PARTITIONS_MAX = 1_024;
const LOOK_MS = 25;
/** Ticks are counted for so long once they come again: the end of the pause. */
const AFTER_MS = 1_000;

const OPTIONS = {
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
partitions, which must be a multiple of the present one and at most
${PARTITIONS_MAX}. Without a number nothing is changed, and the partitions are
told. DATABASE_URL is that of the processes; their PARTITIONS need not be
changed.

${describeOptions(OPTIONS)}
`;

/** The task, on the database of a running fleet. */
export async function repartition(
  args: readonly string[],
  { databaseUrl }: Pick<Config, "databaseUrl">,
  { signal, say }: TaskContext,
): Promise<TaskResult> {
  const { values, rest } = parseOptions(OPTIONS, args);
  if (values.help) return USAGE;
  if (rest.length > 1) {
    throw new OptionsError(`Cannot use ${rest.slice(1).join(" ")}`);
  }
  const to = rest.length === 0 ? null : wantedOf(rest[0]);
  if (to !== null && values.cancel) {
    throw new OptionsError("Cannot both divide and cancel");
  }
  if (databaseUrl === null) {
    throw new Error(
      "Cannot divide partitions without DATABASE_URL: of embedded stores one " +
        "process makes all candles, so it would change nothing; to spread them " +
        "over processes, start with a Redis, a PostgreSQL and PARTITIONS",
    );
  }
  const db = connectPg({ url: databaseUrl });
  try {
    const store = new PgLayoutStore(db);
    if (values.cancel) {
      if (!await store.giveUp()) throw new Error("Nothing is under way");
      return { report: await reportOf(store), ok: true };
    }
    if (to === null) return { report: await reportOf(store), ok: true };
    const from = await begin(store, to);
    return await follow({ db, store, from, to }, values.wait, { signal, say });
  } finally {
    await db.close();
  }
}

function wantedOf(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= PARTITIONS_MAX) return count;
  throw new OptionsError(
    `PARTITIONS must be a whole number from 1 to ${PARTITIONS_MAX}, got ` +
      JSON.stringify(text),
  );
}

/**
 * Asks for it, if it can be done.
 *
 * @returns How many there are now.
 */
async function begin(store: PgLayoutStore, to: number): Promise<number> {
  const { divisions, wanted } = await store.state();
  const { partitions: from } = divisions[divisions.length - 1];
  if (wanted !== null) {
    throw new Error(
      `Cannot divide into ${to} as ${from} partitions are being divided into ` +
        `${wanted}; wait for that, or --cancel it`,
    );
  }
  if (to === from) throw new Error(`There are ${to} partitions already`);
  if (!divides(from, to)) {
    throw new Error(
      `Cannot go from ${from} to ${to} partitions: partitions can only be ` +
        `divided, so the number must be a multiple of ${from} above it`,
    );
  }
  const trouble = troubleOf(await store.nodes());
  if (trouble !== null) throw new Error(`Cannot divide partitions: ${trouble}`);
  if (!await store.want(from, to)) {
    throw new Error("Cannot divide partitions: somebody else is about to");
  }
  return from;
}

/** What keeps these processes from it for good, in words. */
function troubleOf(nodes: readonly LayoutNode[]): string | null {
  if (!nodes.some(({ roles }) => roles.includes("aggregate"))) {
    return "no process with the role aggregate is there to do it";
  }
  const older = namesOf(nodes.filter(({ stream }) => stream === null));
  return older === ""
    ? null
    : `${older} is of an older version, or has only just started`;
}

function namesOf(nodes: readonly LayoutNode[]): string {
  return [...new Set(nodes.map(({ node }) => node))].join(", ");
}

/** Waits until it is done, and says what it waits for. */
async function follow(
  { db, store, from, to }: {
    readonly db: Db;
    readonly store: PgLayoutStore;
    readonly from: number;
    readonly to: number;
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
      const { text, state } = await look(store, { from, to });
      if (state === "done") {
        return await done(store, { pause, startedAt, to, say: tell });
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
            `s, and feeds go on in ${from} partitions. At the end: ${text}`,
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
  { from, to }: { readonly from: number; readonly to: number },
): Promise<{
  readonly text: string;
  readonly state: "under way" | "done" | "cancelled";
}> {
  try {
    const { divisions, wanted } = await store.state();
    const now = divisions[divisions.length - 1];
    if (wanted === null) {
      const state = now.partitions === to ? "done" : "cancelled";
      return { text: "", state };
    }
    const text = waitsFor(await store.nodes(), now.tag) ??
      `Every feed waits; what is in the ${from} streams is committed`;
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
function waitsFor(nodes: readonly LayoutNode[], tag: string): string | null {
  const trouble = troubleOf(nodes);
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
  { pause, startedAt, to, say }: {
    readonly pause: CommitPause;
    readonly startedAt: number;
    readonly to: number;
    readonly say: (text: string) => void;
  },
): Promise<TaskResult> {
  const tookMs = performance.now() - startedAt;
  say(`There are ${to} partitions; ticks are counted for a moment more`);
  await pause.over();
  await new Promise((resolve) => setTimeout(resolve, AFTER_MS));
  const { longestMs, ticksPerSecond } = pause.result;
  say(
    longestMs === null
      ? `There are ${to} partitions. No ticks came, so that nothing waited`
      : `There are ${to} partitions. Candles stood still for ` +
        `${(longestMs / 1_000).toFixed(2)} s at ${ticksPerSecond} ticks/s`,
  );
  return {
    report: {
      ...await reportOf(store),
      took_ms: Math.round(tookMs),
      pause_ms: longestMs === null ? null : Math.round(longestMs),
      ticks_per_second: ticksPerSecond,
    },
    ok: true,
  };
}

async function reportOf(store: PgLayoutStore) {
  const { divisions, wanted } = await store.state();
  return {
    partitions: divisions[divisions.length - 1].partitions,
    before: divisions.slice(0, -1).map(({ partitions }) => partitions),
    wanted,
  };
}

if (import.meta.main) {
  await runTask((args, context) =>
    repartition(
      args,
      parseConfig(readSecretFiles(Deno.env.toObject())),
      context,
    )
  );
}
