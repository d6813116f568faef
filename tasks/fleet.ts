import { type Act, ACTS, runFleet } from "../tests/fleet/run_fleet.ts";
import { runTask, type TaskContext, type TaskResult } from "./run_task.ts";
import {
  describeOptions,
  flag,
  helpOption,
  option,
  optional,
  OptionsError,
  parseOptions,
  wholeNumber,
} from "./task_options.ts";

const OPTIONS = {
  small: flag("One process of all roles on each host, and fewer happenings"),
  acts: optional({
    takes: "LIST",
    wanted: `some of ${ACTS.join(",")}`,
    meaning: "What happens, so that a run can be done in pieces; all of it " +
      "if absent, or what a small fleet takes",
    read(text): ReadonlySet<Act> | null {
      const named = text.split(",");
      const acts = ACTS.filter((act) => named.includes(act));
      return acts.length === named.length ? new Set(acts) : null;
    },
  }),
  rate: option({
    takes: "N",
    fallback: "20000",
    wanted: "a whole number of ticks a second",
    meaning: "Ticks a second of all three feeds",
    read: wholeNumber(1, 10_000_000),
  }),
  viewers: option({
    takes: "N",
    fallback: "200",
    wanted: "a whole number",
    meaning: "Streams that are open all the time",
    read: wholeNumber(0, 10_000),
  }),
  help: helpOption,
};

const ALL: ReadonlySet<Act> = new Set(ACTS);
const SMALL_ACTS: ReadonlySet<Act> = new Set(["kill", "failover", "cut"]);

const USAGE = `Runs a fleet on three hosts, which are network namespaces that it
makes: a Redis Cluster of three primaries and three replicas, a PostgreSQL behind
PgBouncer, processes by roles, feeds with acks and viewers. Kills, pauses and
replaces every kind of process, fails over a primary, cuts a host off and divides
the partitions, and compares every candle. Root alone may make hosts.

deno task fleet [OPTIONS]

${describeOptions(OPTIONS)}
`;

/** The task; its report says what came of it. */
export async function fleet(
  args: readonly string[],
  { say }: TaskContext,
): Promise<TaskResult> {
  const { values, rest } = parseOptions(OPTIONS, args);
  if (values.help) return USAGE;
  if (rest.length > 0) {
    throw new OptionsError(`Cannot use ${rest.join(" ")}`);
  }
  const { small, rate, viewers } = values;
  const acts = values.acts ?? (small ? SMALL_ACTS : ALL);
  const report = await runFleet({
    size: small ? "small" : "full",
    rate,
    viewers,
    acts,
    say,
  });
  for (const failure of report.failures) say(`FAILED: ${failure}`);
  return { report, ok: report.failures.length === 0 };
}

if (import.meta.main) await runTask(fleet);
