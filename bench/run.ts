/**
 * Runs the benchmarks one after the other and writes `bench/RESULTS.md` with
 * its plots; those that take long, and `bench/RESULTS-long.md`, with `--long`,
 * and the one beside others, and `bench/RESULTS-compare.md`, with `--compare`.
 *
 * `deno task bench [NAME…]`: those, and nothing is written; without names all.
 */
import { plotSvg } from "./harness/plot.ts";
import type { BenchReport } from "./harness/report.ts";
import { resultsPage } from "./harness/results.ts";
import { COMPARE_SUITE, LONG_SUITE, runBench, SUITE } from "./harness/suite.ts";

const HERE = new URL("./", import.meta.url);
/** What is run, by the flag that asks for it, and where it is written. */
const RUNS = {
  "": { suite: SUITE, page: "RESULTS.md", task: "bench" },
  "--long": { suite: LONG_SUITE, page: "RESULTS-long.md", task: "bench:long" },
  "--compare": {
    suite: COMPARE_SUITE,
    page: "RESULTS-compare.md",
    task: "bench:compare",
  },
};
type RunFlag = keyof typeof RUNS;

const flags = Deno.args.filter((arg): arg is RunFlag => arg in RUNS);
const { suite, page, task } = RUNS[flags[0] ?? ""];
const asked = Deno.args.filter((arg) => !(arg in RUNS));
const unknown = asked.filter((name) => !suite.includes(name));
if (unknown.length > 0) {
  console.error(
    `bench: NAME must be one of ${suite.join(", ")}, got ${unknown.join(" ")}`,
  );
  Deno.exit(2);
}
const names = asked.length > 0 ? asked : suite;
const reports: BenchReport[] = [];
for (const name of names) {
  console.error(`bench: ${name}`);
  const report = await runBench(name, "full");
  reports.push(report);
  console.log(JSON.stringify(report));
}
if (asked.length === 0) await write(reports);

async function write(reports: readonly BenchReport[]): Promise<void> {
  await Deno.mkdir(new URL("results/", HERE), { recursive: true });
  for (const plot of reports.flatMap(({ plots }) => plots)) {
    const file = new URL(`results/${plot.name}.svg`, HERE);
    await Deno.writeTextFile(file, plotSvg(plot));
  }
  const text = resultsPage(reports, {
    command: `deno task ${task}`,
    commit: await output("git", ["rev-parse", "--short", "HEAD"]),
    machine: `${navigator.hardwareConcurrency} cores of ${await processor()}`,
    versions: {
      Deno: Deno.version.deno,
      Redis: version(await output("redis-server", ["--version"])),
      PostgreSQL: version(await output("psql", ["--version"])),
    },
    date: new Date().toISOString().slice(0, 10),
  });
  await Deno.writeTextFile(new URL(page, HERE), text);
  // As all files of the project are.
  await output(Deno.execPath(), ["fmt", "--quiet", HERE.pathname]);
  console.error(`bench: written to bench/${page}`);
}

async function processor(): Promise<string> {
  const info = await output("cat", ["/proc/cpuinfo"]);
  return /model name\s*:\s*(.+)/.exec(info)?.[1] ?? Deno.build.arch;
}

function version(text: string): string {
  return /\d+\.\d+(\.\d+)?/.exec(text)?.[0] ?? "unknown";
}

async function output(
  command: string,
  args: readonly string[],
): Promise<string> {
  try {
    const { stdout } = await new Deno.Command(command, {
      args: [...args],
      cwd: HERE,
    }).output();
    return new TextDecoder().decode(stdout).trim();
  } catch {
    return "unknown";
  }
}
