/**
 * Simulates the pipeline with faults, by seeds; `--help` says what it can do.
 *
 * One line of JSON on stdout says what came of it. Exits with 0 if every seed
 * is sound, 2 for a bad command line, 1 for everything else.
 */
import { replayCommand, runSeed } from "../tests/dst/run_seed.ts";
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

const SEED_MAX = 4_294_967_295;

const OPTIONS = {
  seed: optional({
    takes: "N",
    wanted: `a whole number from 0 to ${SEED_MAX}`,
    meaning: "Runs this seed alone, and tells all that happens",
    read: wholeNumber(0, SEED_MAX),
  }),
  seeds: option({
    takes: "N",
    fallback: "2000",
    wanted: "a whole number from 1 to 100000000",
    meaning: "Runs so many seeds",
    read: wholeNumber(1, 100_000_000),
  }),
  from: option({
    takes: "N",
    fallback: "1",
    wanted: `a whole number from 0 to ${SEED_MAX}`,
    meaning: "First of the seeds",
    read: wholeNumber(0, SEED_MAX),
  }),
  help: helpOption,
};

const HELP = `Runs the real code of feeds and candles over a simulated buffer,
warehouse and clock, in which calls fail and processes die, and checks that
every line is counted once.

${describeOptions(OPTIONS)}
`;

await runTask(async (args, context): Promise<TaskResult> => {
  const { values, rest } = parseOptions(OPTIONS, args);
  if (values.help) return HELP;
  if (rest.length > 0) {
    throw new OptionsError(`Cannot use ${JSON.stringify(rest[0])}`);
  }
  return values.seed === undefined
    ? await runMany(values.from, values.seeds, context)
    : await runOne(values.seed);
});

async function runOne(seed: number): Promise<TaskResult> {
  const { trace, failure, hash, calls, virtualMs } = await runSeed(seed, {
    keepsTrace: true,
  });
  for (const line of trace) console.error(line);
  const report = { seed, failure: text(failure), hash, calls, virtualMs };
  return { report, ok: failure === null };
}

async function runMany(
  from: number,
  seeds: number,
  { signal, say }: TaskContext,
): Promise<TaskResult> {
  const startedAt = performance.now();
  let calls = 0;
  let done = 0;
  const failed: number[] = [];
  for (let seed = from; done < seeds && !signal.aborted; seed++, done++) {
    const result = await runSeed(seed);
    calls += result.calls;
    if (result.failure !== null) {
      failed.push(seed);
      say(`Seed ${seed} fails: ${text(result.failure)}`);
      say(`See it with: ${replayCommand(seed)}`);
    }
    // Lets a signal come through.
    await new Promise((resolve) => setTimeout(resolve));
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const report = {
    seeds: done,
    calls,
    failed,
    seconds: Math.round(seconds),
    seedsPerMinute: Math.round(done / seconds * 60),
  };
  return { report, ok: failed.length === 0 && done === seeds };
}

function text(failure: unknown): string | null {
  return failure === null ? null : String(failure);
}
