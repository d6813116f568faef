import type { BenchReport, BenchSize } from "./report.ts";

/** Benchmarks whose figures are in RESULTS.md, in its order. */
export const SUITE = [
  "rate",
  "backlog",
  "latency",
  "symbols",
  "sockets",
  "start",
];

/** Of one part, or that take long; their figures are in RESULTS-long.md. */
export const LONG_SUITE = ["queries", "scaling", "replay", "commit", "growth"];

/** Beside others, where they are installed; its figures are in RESULTS-compare.md. */
export const COMPARE_SUITE = ["compare"];

/**
 * Runs a benchmark in a process of its own.
 *
 * @param name As in `rate`, of `bench/rate_bench.ts`.
 * @throws {Error} If it fails, or prints no report.
 */
export async function runBench(
  name: string,
  size: BenchSize,
): Promise<BenchReport> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--allow-net=127.0.0.1,localhost"],
      ...["--allow-read", "--allow-write", "--allow-env", "--allow-run"],
      "--allow-sys",
      new URL(`../${name}_bench.ts`, import.meta.url).pathname,
      ...size === "small" ? ["--small"] : [],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`The benchmark ${name} failed`);
  const line = new TextDecoder().decode(stdout).trim().split("\n").at(-1)!;
  return JSON.parse(line);
}
