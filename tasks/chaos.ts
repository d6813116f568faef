import { FAULT_KINDS, type FaultKind } from "../tests/chaos/faults.ts";
import {
  type ChaosReport,
  randomFaults,
  runChaos,
} from "../tests/chaos/run_chaos.ts";
import { serversWorld, startServers } from "../tests/chaos/world.ts";
import { runTask, type TaskContext, type TaskResult } from "./run_task.ts";
import {
  describeOptions,
  helpOption,
  option,
  optional,
  OptionsError,
  parseOptions,
  seconds,
  wholeNumber,
} from "./task_options.ts";

/** Of each program, with room. */
const RSS_MB_MAX = 640;

const OPTIONS = {
  seconds: option({
    takes: "N",
    fallback: "30",
    wanted: "a number of seconds, or a length of time such as 10m",
    meaning: "At least so long",
    read: seconds,
  }),
  ticks: option({
    takes: "N",
    fallback: "0",
    wanted: "a whole number of ticks",
    meaning: "And at least so many ticks",
    read: wholeNumber(0, 1_000_000_000),
  }),
  faults: option({
    takes: "N",
    fallback: "0",
    wanted: "a whole number",
    meaning: "And at least so many faults",
    read: wholeNumber(0, 1_000_000),
  }),
  only: optional<FaultKind>({
    takes: "KIND",
    wanted: `one of ${FAULT_KINDS.join(", ")}`,
    meaning: "Faults of this kind only, so that each gap is of it",
    read: (text) => FAULT_KINDS.find((kind) => kind === text) ?? null,
  }),
  rate: optional({
    takes: "N",
    wanted: "a whole number of ticks a second",
    meaning:
      "Ticks a second of all feeds; as fast as they are taken without it",
    read: wholeNumber(1, 10_000_000),
  }),
  seed: option({
    takes: "N",
    fallback: String(Date.now() % 1_000_000),
    wanted: "a whole number",
    meaning:
      "Which faults; real processes do not repeat themselves all the same",
    read: wholeNumber(0, 0xffff_ffff),
  }),
  out: optional({
    takes: "FILE",
    wanted: "a path",
    meaning: "Writes the report there, as JSON",
    read: (text) => text,
  }),
  help: helpOption,
};

const USAGE = `Kills, pauses, crashes and wipes two programs, a Redis and a
PostgreSQL of its own while three feeds send, and compares every candle.

deno task chaos [OPTIONS]

${describeOptions(OPTIONS)}
`;

/** The task: faults at random until there are enough, then the judgement. */
export async function chaos(
  args: readonly string[],
  { signal, say }: TaskContext,
): Promise<TaskResult> {
  const { values, rest } = parseOptions(OPTIONS, args);
  if (values.help) return USAGE;
  if (rest.length > 0) {
    throw new OptionsError(
      `Cannot use ${JSON.stringify(rest[0])} as chaos takes options only`,
    );
  }
  const servers = await startServers();
  try {
    const world = await serversWorld(servers);
    try {
      const report = await runChaos(world, {
        name: "chaos",
        seed: values.seed,
        rssMbMax: RSS_MB_MAX,
        load: { rate: values.rate },
        say,
        script(stage) {
          const { load, faults } = stage;
          const until = performance.now() + values.seconds * 1_000;
          let said = performance.now();
          const kinds = values.only ? [values.only] : FAULT_KINDS;
          return randomFaults(stage, kinds, () => {
            if (performance.now() - said > 60_000) {
              said = performance.now();
              say(
                `${faults.records.length} faults, ${load.ackedTotal} ticks acked`,
              );
            }
            return signal.aborted || performance.now() >= until &&
                load.ackedTotal >= values.ticks &&
                faults.records.length >= values.faults;
          });
        },
      });
      say(table(report));
      if (values.out !== undefined) {
        await Deno.writeTextFile(
          values.out,
          `${JSON.stringify(report, null, 2)}\n`,
        );
      }
      return { report, ok: report.failures.length === 0 };
    } finally {
      await world.close();
    }
  } finally {
    await servers.close();
  }
}

/** The report as people read it. */
function table(report: ChaosReport): string {
  const { examples: _, failures, ...figures } = report;
  const rows = Object.entries(figures).flatMap(([name, value]) =>
    typeof value === "object"
      ? Object.entries(value).map(([kind, n]) => [`${name}, ${kind}`, n])
      : [[name, value]]
  );
  const width = Math.max(...rows.map(([name]) => String(name).length));
  const lines = rows.map(([name, value]) => {
    const text = typeof value === "number"
      ? value.toLocaleString("en")
      : String(value);
    return `${String(name).padEnd(width)}  ${text}`;
  });
  return [...lines, ...failures.map((failure) => `FAILED: ${failure}`)]
    .join("\n");
}

if (import.meta.main) await runTask(chaos);
