import { OptionsError } from "./task_options.ts";

export interface TaskContext {
  /** Aborts when the user wants the task to stop. */
  readonly signal: AbortSignal;
  /** Tells the user something, on stderr. */
  readonly say: (text: string) => void;
}

/**
 * A text to print, or what was done as one line of JSON; `null` if all is
 * printed already.
 */
export type TaskResult =
  | string
  | { readonly report: unknown; readonly ok: boolean };

/**
 * Runs a command-line task with this process's arguments, and ends the
 * process: 0 if it did what it was asked for, 2 for a bad command line, 1 for
 * any other failure. SIGINT and SIGTERM ask it to stop; a second one ends it.
 */
export async function runTask(
  task: (
    args: readonly string[],
    context: TaskContext,
  ) => Promise<TaskResult>,
): Promise<never> {
  const stop = new AbortController();
  const say = (text: string) => console.error(text);
  const signals = Deno.build.os === "windows"
    ? ["SIGINT"] as const
    : ["SIGINT", "SIGTERM"] as const;
  for (const name of signals) {
    Deno.addSignalListener(name, () => {
      if (stop.signal.aborted) Deno.exit(130);
      stop.abort();
    });
  }
  try {
    const result = await task(Deno.args, { signal: stop.signal, say });
    if (typeof result === "string") {
      console.log(result.trimEnd());
      Deno.exit(0);
    }
    if (result.report !== null) console.log(JSON.stringify(result.report));
    Deno.exit(result.ok ? 0 : 1);
  } catch (error) {
    const expected = error instanceof Error;
    say(expected ? error.message : String(error));
    if (error instanceof OptionsError) {
      say("Use --help to see all options");
      Deno.exit(2);
    }
    Deno.exit(1);
  }
}

/** Tells of a lost connection, the same cause once and not at every try. */
export function sayOnce(
  say: TaskContext["say"],
): (cause: unknown) => void {
  let said = "";
  return (cause) => {
    const text = cause instanceof Error ? cause.message : String(cause);
    if (text !== said) say(`Connecting again: ${text}`);
    said = text;
  };
}
