/**
 * Makes one-minute candles anew from their ticks and compares them with the
 * stored ones; `--help` says what it can do.
 *
 * One line of JSON on stdout says what came of it. Exits with 0 if no minute
 * differs, 2 for a bad command line, 1 for everything else.
 */
import { toMillis } from "../pipeline/domain/time.ts";
import { ProgramApi } from "./program_api.ts";
import { runTask, type TaskContext } from "./run_task.ts";
import {
  describeOptions,
  helpOption,
  OptionsError,
  parseOptions,
  symbolOption,
  timeOption,
  urlOption,
} from "./task_options.ts";

const OPTIONS = {
  symbol: symbolOption("Symbol of the candles"),
  from: timeOption("First minute"),
  to: timeOption("Time before which the last minute begins"),
  url: urlOption,
  help: helpOption,
};

const USAGE = `Checks one-minute candles against the ticks they were made of.

deno task rebuild --symbol S --from TIME --to TIME [OPTIONS]

Makes every minute of the range anew from the tick archive and compares it
digit by digit with the stored one. It changes nothing. The program must be
running; API_TOKEN is sent if it is set. Minutes whose ticks the archive has let
go (TICK_RETENTION_DAYS) are counted as without_ticks.

Ticks that came too late for their candle are in quarantine, and not in it:
deno task quarantine readmit takes them in.

${describeOptions(OPTIONS)}
`;

/** The task, on a running program. */
export async function rebuild(
  args: readonly string[],
  apiToken: string | undefined,
  { signal }: Pick<TaskContext, "signal">,
) {
  const { values, rest } = parseOptions(OPTIONS, args);
  if (values.help) return USAGE;
  const { symbol, from, to } = values;
  if (symbol === undefined || from === undefined || to === undefined) {
    throw new OptionsError("Cannot rebuild without --symbol, --from and --to");
  }
  if (rest.length > 0) {
    throw new OptionsError(`Cannot use ${rest.join(" ")}`);
  }
  const api = new ProgramApi({ url: values.url, token: apiToken, signal });
  const report = await api.json("/api/rebuild", {
    symbol,
    from: toMillis(from),
    to: toMillis(to),
  });
  return { report, ok: report.different === 0 };
}

if (import.meta.main) {
  await runTask((args, context) =>
    rebuild(args, Deno.env.get("API_TOKEN"), context)
  );
}
