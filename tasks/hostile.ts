import { bundledIn } from "../tests/harness/kept_bundle.ts";
import { until } from "../tests/harness/program.ts";
import {
  findPostgres,
  startPostgres,
} from "../tests/harness/servers/postgres_server.ts";
import {
  findRedis,
  startRedis,
} from "../tests/harness/servers/redis_server.ts";
import {
  auditOf,
  booksOf,
  crowd,
  deafReaders,
  evictedOf,
  fitsOf,
  flood,
  fuzzedFeed,
  fuzzFeed,
  halfHeaders,
  hangBell,
  HISTORY_SYMBOLS,
  longSnapshot,
  openHalf,
  residentMb,
  sendHistory,
  slowBodies,
  streamsOf,
  type Target,
  type Visit,
} from "../tests/hostile/attacks.ts";
import type { FuzzedLines } from "../tests/hostile/fuzz_lines.ts";
import { honestFeed } from "../tests/hostile/honest_feed.ts";
import { startTarget } from "../tests/hostile/target.ts";
import { visitDuring } from "../tests/hostile/visit.ts";
import { runTask, type TaskContext, type TaskResult } from "./run_task.ts";
import {
  describeOptions,
  helpOption,
  option,
  optional,
  OptionsError,
  parseOptions,
  wholeNumber,
} from "./task_options.ts";

const count = (fallback: number, meaning: string) =>
  option({
    takes: "N",
    fallback: String(fallback),
    wanted: "a whole number, 1 to 10000000",
    meaning,
    read: wholeNumber(1, 10_000_000),
  });

const ATTACKS: readonly string[] = [
  "none",
  "slow",
  "feeds",
  "half-open",
  "fuzz",
  "deaf",
  "streams",
  "pages",
];

const OPTIONS = {
  stores: option({
    takes: "KIND",
    fallback: "servers",
    wanted: "servers or embedded",
    meaning: "A Redis and a PostgreSQL of its own, or what is built in",
    read: (text) => text === "servers" || text === "embedded" ? text : null,
  }),
  slow: count(1_000, "Half headers, and a fifth as many slow bodies"),
  flood: count(3_000, "Connections of a flood, of pages and of feeds each"),
  streams: count(10_000, "Streams of events at a time"),
  deaf: count(200, "Streams that nobody reads"),
  lines: count(1_000_000, "Fuzzed lines"),
  seed: count(1, "Seed of the lines"),
  only: optional({
    takes: "NAMES",
    wanted: `comma-separated, of ${ATTACKS.join(", ")}`,
    meaning: "These attacks and no other",
    read: (text) => {
      const names = text.split(",");
      return names.every((name) => ATTACKS.includes(name)) ? names : null;
    },
  }),
  help: helpOption,
};

const USAGE = `Attacks a program of its own, and tells what came of each attack.

deno task hostile [OPTIONS]

${describeOptions(OPTIONS)}
`;

/** The program's own files and listeners. */
const OWN_DESCRIPTORS = 700;
const DEAF_MS_MIN = 10_000;
const TARGETS = { p99Ms: 100, rssMb: { servers: 512, embedded: 700 } };

/** What an attack did, in words and figures. */
interface Outcome {
  readonly said: string;
  readonly [figure: string]: unknown;
}

interface Phase extends Outcome {
  readonly attack: string;
  readonly visit: Visit;
  readonly rssMb: number;
}

async function hostile(
  args: readonly string[],
  { say }: TaskContext,
): Promise<TaskResult> {
  const { values, rest } = parseOptions(OPTIONS, args);
  if (values.help) return USAGE;
  if (rest.length > 0) {
    throw new OptionsError(`Cannot use ${rest.join(" ")}`);
  }
  const attacks = (name: string) => values.only?.includes(name) !== false;
  await using stores = await startStores(values.stores);
  const dir = await Deno.makeTempDir({ prefix: "tickhouse-hostile-" });
  const connections = values.streams + 500;
  const started = () =>
    startTarget(`${dir}/data`, {
      descriptors: connections + OWN_DESCRIPTORS,
      connections,
      streams: values.streams,
    }, stores.settings);
  await startFirst(started, `${dir}/data`);
  const { program, target } = await started();
  // Fuzzed lines leave no room for another instrument.
  if (attacks("streams")) await hangBell(target, program.feeds[0]);
  await yieldCores();
  let ended = false;
  program.ended.then(() => ended = true);
  let rssMb = 0;
  const watch = setInterval(() => {
    residentMb(target).then((mb) => rssMb = Math.max(rssMb, mb))
      .catch(() => {});
  }, 250);
  const phases: Phase[] = [];
  let rssMbMax = 0;
  const attack = async (name: string, run: () => Promise<Outcome>) => {
    if (!attacks(name)) return;
    rssMb = await residentMb(target);
    const { came, visit } = await visitDuring(target, run);
    rssMbMax = Math.max(rssMbMax, rssMb);
    phases.push({ ...came, attack: name, visit, rssMb });
    say(`${name}: p99 ${visit.p99Ms} ms, ${rssMb} MB, ${came.said}`);
  };
  try {
    const honest = honestFeed(program.feeds[0]);
    // It finds code that was never run, a feed that catches up on hours and
    // models that were never fitted: told, and no attack.
    const { visit: atStart } = await visitDuring(target, async () => {
      await sendHistory(program.feeds[0]);
      await until(
        "the history to be committed",
        () => auditOf(target),
        ({ ticks_unaccounted }) => ticks_unaccounted === 0,
      );
      await until(
        "the first models",
        () => fitsOf(target),
        ({ fits, waiting }) => fits >= HISTORY_SYMBOLS && waiting === 0,
      );
      await idle(5_000);
    });
    say(`start: p99 ${atStart.p99Ms} ms of ${atStart.requests} requests`);
    await attack("none", () => idle(5_000));
    await attack("slow", async () => {
      const [headers, bodies] = await Promise.all([
        halfHeaders(target, values.slow),
        slowBodies(target, Math.ceil(values.slow / 5)),
      ]);
      const cutMsMax = Math.max(headers.cutMsMax, bodies.cutMsMax);
      const cut = headers.cut + bodies.cut;
      const opened = headers.opened + bodies.opened;
      return {
        said: `${cut} of ${opened} cut, the last after ${cutMsMax} ms`,
        opened,
        cut,
        cutMsMax,
      };
    });
    await attack("feeds", async () => {
      const { tried, held, refused } = await flood(
        program.feeds[1],
        values.flood,
        () => pause(2_000),
      );
      return { said: `${refused} of ${tried} refused`, tried, held, refused };
    });
    await attack("half-open", () => halfOpen(program.feeds[0]));
    if (attacks("fuzz")) {
      const half = { seed: values.seed, lines: Math.ceil(values.lines / 2) };
      const made = [
        fuzzedFeed({ ...half, format: "ndjson" }),
        fuzzedFeed({ ...half, seed: half.seed + 1, format: "csv" }),
      ];
      await attack("fuzz", () => fuzz(target, program.feeds, made));
    }
    await attack(
      "deaf",
      () => deafWaves(target, program.feeds[0], values.deaf),
    );
    await attack("streams", async () => {
      const came = await crowd(target, values.streams, program.feeds[0]);
      return {
        ...came,
        said: `${came.served} of ${came.asked} served, each of ten events to ` +
          `all of them within ${came.spreadP99Ms} ms (p99)` +
          (came.deaf > 0 ? `, ${came.deaf} events not to all` : ""),
      };
    });
    if (attacks("pages")) {
      // Nobody is let in meanwhile, by design: what counts is afterwards.
      const pages = await flood(
        program.http,
        connections + values.flood,
        () => pause(2_000),
      );
      await until(
        "an answer after the flood",
        () => residentMb(target),
        (mb) => mb > 0,
      );
      await attack("pages", async () => ({
        ...await idle(5_000),
        ...pages,
        said: `${pages.refused} of ${pages.tried} refused before`,
      }));
    }
    const { sent, acked, faults } = await honest.finish();
    const audit = await until(
      "the books to balance",
      () => auditOf(target),
      ({ balanced, ticks_unaccounted }) => balanced && ticks_unaccounted === 0,
    );
    const alive = !ended;
    const { code } = await program.stop();
    const p99MsMax = Math.max(
      ...phases.map(({ visit }) => visit.p99Ms ?? Infinity),
    );
    const verdicts = {
      alive,
      books_balance: audit.balanced && audit.ticks_unaccounted === 0,
      feed_unharmed: faults.length === 0 && sent === acked,
      deaf_cut_off: phases.every(({ open = 0 }) => open === 0),
      visitors_answered: phases.every(({ visit }) => visit.faults.length === 0),
      p99_ms: p99MsMax < TARGETS.p99Ms,
      rss_mb: rssMbMax <= TARGETS.rssMb[values.stores],
    };
    console.log(tableOf(phases));
    return {
      report: {
        stores: values.stores,
        verdicts,
        p99_ms_max: p99MsMax,
        p99_ms_at_start: atStart.p99Ms,
        rss_mb_max: rssMbMax,
        honest_feed: { sent, acked, faults },
        ticks_unaccounted: audit.ticks_unaccounted,
        exit_code: code,
        attacks: phases.map(({ said: _, ...figures }) => figures),
      },
      ok: code === 0 && Object.values(verdicts).every(Boolean),
    };
  } finally {
    clearInterval(watch);
    await program.kill().catch(() => {});
    await Deno.remove(dir, { recursive: true });
  }
}

/**
 * Has it make its folder, the warehouse and the islands' code, and ends it:
 * what a first start takes is not what an attack takes.
 */
async function startFirst(
  start: () => ReturnType<typeof startTarget>,
  dataDir: string,
): Promise<void> {
  const { program } = await start();
  await until(
    "the islands' code",
    () => bundledIn(dataDir),
    (builds) => builds.length > 0,
  );
  const { code, log } = await program.stop();
  if (code !== 0) throw new Error(`The first start ended with ${code}: ${log}`);
}

/** The servers that it works on, if any, until they are disposed of. */
async function startStores(kind: "servers" | "embedded"): Promise<
  AsyncDisposable & { readonly settings: Readonly<Record<string, string>> }
> {
  if (kind === "embedded") {
    return { settings: {}, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  if (findRedis() === null || findPostgres() === null) {
    throw new Error(
      "redis-server and PostgreSQL must be installed, or --stores=embedded",
    );
  }
  const redis = await startRedis();
  const postgres = await startPostgres();
  return {
    settings: {
      REDIS_URL: redis.url,
      DATABASE_URL: await postgres.createDatabase(),
    },
    async [Symbol.asyncDispose]() {
      await redis.close();
      await postgres.close();
    },
  };
}

/**
 * Attackers are elsewhere: here they leave the cores to the program first, to
 * the visitor and to the honest feed. What is told to be nice is the thread
 * that runs this, not those of the others, nor what was started before.
 */
async function yieldCores(): Promise<void> {
  const { success } = await new Deno.Command("renice", {
    args: ["-n", "10", "-p", String(Deno.pid)],
    stdout: "null",
    stderr: "null",
  }).output();
  if (!success) throw new Error("Cannot run renice, which util-linux has");
}

/** One wave after the other, so that there are visits enough to tell of. */
async function deafWaves(
  target: Target,
  feed: string,
  count: number,
): Promise<Outcome> {
  let [readers, evicted, open, waves] = [0, 0, 0, 0];
  const began = performance.now();
  while (open === 0 && performance.now() - began < DEAF_MS_MIN) {
    await until(
      "a warehouse that has time for long snapshots",
      () => longSnapshot(target),
      (status) => status === 200,
    );
    const before = await evictedOf(target);
    const deaf = await deafReaders(target, count);
    await until("deaf streams", () => streamsOf(target), (open) => open > 0);
    open = await until(
      "deaf streams to be cut off",
      async () => {
        await sendHistory(feed, 20);
        await pause(400);
        return await streamsOf(target);
      },
      (open) => open === 0,
    ).catch(() => streamsOf(target));
    evicted += await evictedOf(target) - before;
    for (const connection of deaf) connection.close();
    readers += deaf.length;
    waves++;
  }
  // What a busy warehouse does not answer in time is refused.
  const refused = readers - evicted - open;
  return {
    said: `${evicted} of ${readers} cut off` +
      (refused > 0 ? `, ${refused} not let in` : "") +
      (open > 0 ? `, ${open} still open` : ""),
    readers,
    waves,
    evicted,
    refused,
    open,
  };
}

async function halfOpen(feed: string): Promise<Outcome> {
  const missedMs = await openHalf(feed);
  return { said: `missed after ${missedMs} ms`, missedMs };
}

async function fuzz(
  target: Target,
  feeds: readonly string[],
  made: readonly (readonly FuzzedLines[])[],
): Promise<Outcome> {
  const before = await booksOf(target, 0);
  const began = performance.now();
  const sent = await Promise.all(
    made.map((feed, i) => fuzzFeed(feeds[i], feed)),
  );
  const all = sent[0] + sent[1];
  const books = await booksOf(target, before.received + all);
  const received = books.received - before.received;
  const accepted = books.accepted - before.accepted;
  const duplicates = books.duplicates - before.duplicates;
  const rejected = books.rejected - before.rejected;
  const linesPerSecond = Math.round(all / (performance.now() - began) * 1_000);
  return {
    said: `${all} lines, ${linesPerSecond} a second: ${accepted} accepted, ` +
      `${rejected} rejected, ${all - accepted - duplicates - rejected} lost`,
    lines: all,
    received,
    accepted,
    duplicates,
    rejected,
    unaccounted: all - accepted - duplicates - rejected,
    linesPerSecond,
  };
}

function tableOf(phases: readonly Phase[]): string {
  const rows = [
    ["attack", "requests", "p50 ms", "p99 ms", "RSS MB", "what came of it"],
    ...phases.map(({ attack, visit, rssMb, said }) => [
      attack,
      String(visit.requests),
      String(visit.p50Ms),
      String(visit.p99Ms),
      String(rssMb),
      [said, ...visit.faults].filter(Boolean).join("; "),
    ]),
  ];
  const widths = rows[0].map((_, i) =>
    Math.max(...rows.map((row) => row[i].length))
  );
  return rows.map((row) =>
    row.map((cell, i) =>
      i > 0 && i < 5 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])
    ).join("  ").trimEnd()
  ).join("\n");
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const idle = (ms: number): Promise<Outcome> =>
  pause(ms).then(() => ({ said: "" }));

await runTask(hostile);
