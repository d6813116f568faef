/**
 * Says what a load needs: which deployment, how many processes, how much of
 * Redis and PostgreSQL; `--help` says what it can be asked.
 *
 * Exits with 0 if the program can bear the load, 1 if it is beyond that, 2 for
 * a bad command line.
 */
import { planCapacity } from "./capacity_plan.ts";
import { describePlan } from "./capacity_table.ts";
import { runTask, type TaskResult } from "./run_task.ts";
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
  instruments: optional<number>({
    takes: "N",
    wanted: "a whole number, 1 to 10000000",
    meaning: "Instruments whose candles are made",
    read: wholeNumber(1, 10_000_000),
  }),
  rate: optional<number>({
    takes: "N",
    wanted: "a whole number, 1 to 1000000000",
    meaning: "Ticks a second at the peak, of all of them together",
    read: wholeNumber(1, 1_000_000_000),
  }),
  viewers: count("100", 0, 100_000_000, "Pages that are open at a time"),
  outage: count("10", 1, 10_080, "Minutes that PostgreSQL may be away"),
  hours: count("24", 1, 24, "Hours a day in which ticks come"),
  retention: count("7", 0, 3_650, "Days that ticks are kept"),
  json: flag("Writes one line of JSON"),
  help: helpOption,
};

const HELP = `Says what a load needs.

deno task capacity --instruments N --rate N

${describeOptions(OPTIONS)}

The figures it plans with, and where they come from: docs/scale.md.
`;

await runTask((args) => Promise.resolve(capacity(args)));

function capacity(args: readonly string[]): TaskResult {
  const { values, rest } = parseOptions(OPTIONS, args);
  if (values.help) return HELP;
  if (rest.length > 0) throw new OptionsError(`Cannot use ${rest.join(" ")}`);
  const { instruments, rate } = values;
  if (instruments === undefined || rate === undefined) {
    throw new OptionsError("Give --instruments and --rate");
  }
  const plan = planCapacity({
    instruments,
    rate,
    viewers: values.viewers,
    outageMinutes: values.outage,
    hours: values.hours,
    tickRetentionDays: values.retention,
  });
  const ok = plan.beyond.length === 0;
  if (values.json) return { report: plan, ok };
  console.log(describePlan(plan));
  return { report: null, ok };
}

function count(fallback: string, min: number, max: number, meaning: string) {
  return option<number>({
    takes: "N",
    fallback,
    wanted: `a whole number, ${min} to ${max}`,
    meaning,
    read: wholeNumber(min, max),
  });
}
