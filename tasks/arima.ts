/**
 * Fits ARIMA models to the series on standard input; `--help` says what it can
 * do.
 *
 * A line out for each line in, as soon as it is read. Exits with 0 once the
 * input is read through, whatever its lines said; 2 for a bad command line, 1
 * for everything else.
 */
import { LineSplitter } from "../pipeline/feeds/line_splitter.ts";
import {
  type CaseAnswer,
  type CaseEngine,
  nativeCaseEngine,
} from "./arima_answer.ts";
import { readCase } from "./arima_case.ts";
import { describeAnswer } from "./arima_table.ts";
import { runTask, type TaskContext, type TaskResult } from "./run_task.ts";
import {
  describeOptions,
  helpOption,
  option,
  OptionsError,
  parseOptions,
} from "./task_options.ts";

/** Longest line, in characters: over a million values. */
const LINE_MAX = 33_554_432;

const OPTIONS = {
  engine: option<"native" | "wasm">({
    takes: "ENGINE",
    fallback: "native",
    wanted: "native or wasm",
    meaning: "What fits: our own, or npm arima behind guards",
    read: (text) => text === "native" || text === "wasm" ? text : null,
  }),
  format: option<"json" | "table">({
    takes: "FORMAT",
    fallback: "json",
    wanted: "json or table",
    meaning: "A line of JSON for each case, or a table for people",
    read: (text) => text === "json" || text === "table" ? text : null,
  }),
  help: helpOption,
};

const HELP = `Fits ARIMA models by exact maximum likelihood, and forecasts.

Usage: deno task arima [OPTIONS] < cases.ndjson

Reads one case a line from standard input and writes one answer a line:

  {"id":"a","y":[1.2,null,0.7,…],"order":[1,1,1],"horizon":5}

  id         Any text, number, true, false or null
  y          The series; null is a missing value
  order      [p,d,q], or "auto"
  seasonal   [P,D,Q]; with "auto" it is chosen, where period is 2 or more
  period     Values a season, such as 12 for months
  constant   "mean" (the default), "drift" or "none". As in R's Arima(), a mean
             is left out where the series is differenced, a drift where it is
             twice; a drift of a series that is not differenced is a straight
             line. With "auto" both may be chosen, or the one that is named
  horizon    Steps to forecast, 1 to 10000 (default 12)
  xreg       Regressors: a list of numbers for each, as long as y and without
             null, as "xreg":[[…],[…]]. y is then a regression on them with
             ARIMA errors; their coefficients are xreg, or xreg1, xreg2…
  newxreg    Their values at the steps to forecast, a list for each; horizon
             may then be left out

Signs, names and criteria are those of R's arima(method = "ML"). A series that
cannot be fitted has the status "failed" and a reason, a line that is no case
"error". Forecasts take the coefficients as known.

${describeOptions(OPTIONS)}
`;

async function arima(
  args: readonly string[],
  { signal }: TaskContext,
): Promise<TaskResult> {
  const { values, rest } = parseOptions(OPTIONS, args);
  if (values.help) return HELP;
  if (rest.length > 0) {
    throw new OptionsError(
      `Cannot use ${JSON.stringify(rest[0])} as cases come on standard input`,
    );
  }
  const engine = await engineOf(values.engine);
  const write = values.format === "json"
    ? (answer: CaseAnswer) => JSON.stringify(answer)
    : describeAnswer;
  try {
    for await (const { text, line } of linesOf(Deno.stdin.readable, signal)) {
      await writeAll(`${write(answerLine(engine, text, line))}\n`);
    }
  } catch (error) {
    // Who reads the answers has enough of them, as `head` does.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
  return { report: null, ok: !signal.aborted };
}

async function engineOf(name: "native" | "wasm"): Promise<CaseEngine> {
  if (name === "native") return nativeCaseEngine;
  const { wasmCaseEngine } = await import("./arima_wasm_answer.ts");
  return wasmCaseEngine();
}

/** Lines that are not empty, by their number from 1. */
async function* linesOf(
  input: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<{ readonly text: string; readonly line: number }> {
  const splitter = new LineSplitter(LINE_MAX + 1);
  let line = 0;
  const reader = input.getReader();
  const cancel = () => void reader.cancel();
  signal.addEventListener("abort", cancel);
  while (!signal.aborted) {
    const { value, done } = await reader.read();
    const texts = done ? splitter.flush() : splitter.push(value);
    for (const text of texts) {
      if (signal.aborted) return;
      line++;
      if (text.trim() !== "") yield { text, line };
    }
    if (done) return;
  }
}

function answerLine(
  engine: CaseEngine,
  text: string,
  line: number,
): CaseAnswer {
  if (text.length > LINE_MAX) {
    const error =
      `Cannot use line ${line} as it must have at most ${LINE_MAX} ` +
      `characters`;
    return { id: null, status: "error", line, error };
  }
  const read = readCase(text);
  if (read.kind === "case") return engine.answer(read.case);
  const error = `Cannot use line ${line}: ${read.reason}`;
  return { id: read.id, status: "error", line, error };
}

async function writeAll(text: string): Promise<void> {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) {
    bytes = bytes.subarray(await Deno.stdout.write(bytes));
  }
}

await runTask(arima);
