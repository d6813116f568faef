/**
 * Plays recorded ticks to a listener; `--help` says what it can do.
 *
 * One line of JSON on stdout says what came of it. Exits with 0 when every tick
 * was acked, 2 for a bad command line, 1 for everything else.
 */
import {
  type FeedSummary,
  runFeedClient,
  type TickSource,
} from "../pipeline/feeds/feed_client.ts";
import { lineBlocks } from "../pipeline/feeds/line_blocks.ts";
import { LineSplitter } from "../pipeline/feeds/line_splitter.ts";
import {
  guessFormat,
  ReplayDecoder,
  type ReplayFormat,
} from "../pipeline/feeds/replay_decoder.ts";
import {
  ReplayFormatError,
  TIME_UNITS,
} from "../pipeline/feeds/replay_fields.ts";
import { replaySource } from "../pipeline/feeds/replay_source.ts";
import { connectTcp } from "../pipeline/feeds/tcp_connection.ts";
import { systemClock } from "../pipeline/system_clock.ts";
import { SYMBOL_PATTERN } from "../pipeline/domain/instrument.ts";
import { Progress } from "./progress.ts";
import { runTask, sayOnce, type TaskContext } from "./run_task.ts";
import {
  describeOptions,
  flag,
  helpOption,
  option,
  optional,
  OptionsError,
  type OptionValues,
  parseOptions,
  tokenOption,
  toOption,
} from "./task_options.ts";
import { hashTickFile, openTickFile, readTickFile } from "./tick_file.ts";

const GIVE_UP_MS = 30_000;
/** Rejected ticks that are told one by one. */
const NACKS_TOLD = 10;

const OPTIONS = {
  to: toOption,
  speed: option({
    takes: "N",
    fallback: "max",
    wanted:
      "max or a number above 0: 1 is as it happened, 60 a minute a second",
    meaning: "How fast event time passes",
    read: readSpeed,
  }),
  symbol: optional({
    takes: "S",
    wanted: "letters, digits, . _ : / and -, at most 32",
    meaning: "Symbol of every line, for files that do not name one",
    read: (text) => SYMBOL_PATTERN.test(text) ? text : null,
  }),
  feed: optional({
    takes: "NAME",
    wanted: "a name of letters, digits, . _ : @ / and -, at most 64",
    meaning: "Name of the feed; by default replay: and the content's hash",
    read: (text) =>
      /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,63}$/.test(text) ? text : null,
  }),
  again: flag("Adds the ticks once more although they are there"),
  format: optional({
    takes: "FORMAT",
    wanted: "csv or ndjson",
    meaning:
      "How the file is written; by default what its first line looks like",
    read: (text): ReplayFormat | null =>
      text === "csv" || text === "ndjson" ? text : null,
  }),
  "time-unit": option({
    takes: "UNIT",
    fallback: "ms",
    wanted: `one of ${TIME_UNITS.join(", ")}`,
    meaning: "What numbers of the time column count since 1970",
    read: (text) => TIME_UNITS.find((unit) => unit === text) ?? null,
  }),
  token: tokenOption,
  help: helpOption,
};

const USAGE = `Plays files of ticks to a feed listener, each tick once.

deno task replay [OPTIONS] FILE…

CSV with a header, or one JSON object a line; gzip too. Columns by name: ts,
ts_ms, time or timestamp; price; volume, size, qty, quantity or amount; symbol.
The number of a tick is its line's, so a second run adds nothing, and one that
was stopped goes on.

${describeOptions(OPTIONS)}
`;

type Options = OptionValues<typeof OPTIONS>;

/** The task: a report of one file, or of `files`. */
export async function replay(
  args: readonly string[],
  context: TaskContext,
): Promise<{ readonly report: unknown; readonly ok: boolean } | string> {
  const { values, rest: paths } = parseOptions(OPTIONS, args);
  if (values.help) return USAGE;
  if (paths.length === 0) {
    throw new OptionsError("Cannot replay nothing as it needs a FILE");
  }
  if (values.feed !== undefined && paths.length > 1) {
    throw new OptionsError(
      `Cannot use --feed ${values.feed} for ${paths.length} files as their ` +
        `ticks must have different numbers`,
    );
  }
  // All of them first: a typing error shows before anything was sent.
  const files = [];
  for (const path of paths) files.push(await openTickFile(path));
  let ok = true;
  const reports: unknown[] = [];
  for (const file of files) {
    const report = await replayFile(file, values, context);
    reports.push(report);
    ok &&= report.complete;
    if (context.signal.aborted) break;
  }
  return { report: reports.length === 1 ? reports[0] : { files: reports }, ok };
}

async function replayFile(
  file: TickFile,
  values: Options,
  { signal, say: write }: TaskContext,
) {
  const progress = new Progress();
  const say = (text: string) => {
    progress.done();
    write(text);
  };
  const startedAt = performance.now();
  const { sha256, bytes, lines } = await hashTickFile(file, signal);
  if (bytes === 0) {
    throw new Error(`${file.path}: the file must have a header line`);
  }
  const feed = values.feed ?? `replay:${sha256.slice(0, 16)}`;
  const format = values.format ?? await formatOf(file);
  const source = replaySource({
    blocks: () => lineBlocks(readTickFile(file)),
    decoder: () =>
      new ReplayDecoder({
        format,
        symbol: values.symbol,
        timeUnit: values["time-unit"],
      }),
    speed: values.speed,
    clock: systemClock,
  });
  await checkHead(file, source, signal);
  let told = 0;
  const summary = await runFeedClient({
    hello: {
      feed,
      // Above every epoch that was counted from 1 or begun earlier.
      epoch: values.again ? Math.floor(Date.now() / 1_000) : undefined,
      replay: true,
      token: values.token,
    },
    connect: (connecting) => connectTcp(values.to, connecting),
    source: () => source,
    clock: systemClock,
    signal,
    giveUpAfterMs: GIVE_UP_MS,
    onLost: sayOnce(say),
    onProgress: progressOf(lines, progress),
    onNack: ({ seq, reason }) => {
      if (++told <= NACKS_TOLD) {
        say(`${file.path}: data line ${seq ?? "?"} was rejected: ${reason}`);
      } else if (told === NACKS_TOLD + 1) {
        say(`${file.path}: more lines were rejected; they are counted`);
      }
    },
  }).finally(() => progress.done());
  if (summary.complete && summary.sent === 0 && summary.acked > 0) {
    say(
      `${file.path}: all ${summary.acked} ticks are there from before, so ` +
        `nothing was sent; --again adds them once more`,
    );
  }
  return {
    file: file.path,
    ...summary,
    added: summary.acked - summary.resumedAfter - summary.rejected,
    seconds: Math.round(performance.now() - startedAt) / 1_000,
  };
}

type TickFile = Awaited<ReturnType<typeof openTickFile>>;

async function formatOf(file: TickFile): Promise<ReplayFormat> {
  const splitter = new LineSplitter();
  const isLine = (line: string) => line.trim() !== "";
  for await (const bytes of readTickFile(file)) {
    const first = splitter.push(bytes).find(isLine);
    if (first !== undefined) return guessFormat(first);
  }
  return guessFormat(splitter.flush().find(isLine) ?? "");
}

/** Fails where the file as a whole cannot be played, before it says hello. */
async function checkHead(
  file: TickFile,
  source: TickSource,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const _ of source.from(1, { max: 1, signal })) return;
  } catch (cause) {
    if (!(cause instanceof ReplayFormatError)) throw cause;
    throw new Error(`${file.path}: ${cause.message}`, { cause });
  }
}

/** How far it is of what is new to the listener, and how quick. */
function progressOf(
  lines: number,
  progress: Progress,
): (summary: FeedSummary) => void {
  const startedAt = performance.now();
  return ({ acked, resumedAfter }) => {
    const [done, all] = [acked - resumedAfter, lines - resumedAfter];
    if (done <= 0) return;
    const rate = done / (performance.now() - startedAt) * 1_000;
    progress.at(
      Math.min(1, done / Math.max(1, all)),
      `${acked.toLocaleString("en")} of about ${lines.toLocaleString("en")} ` +
        `ticks are stored, ${Math.round(rate).toLocaleString("en")} a second`,
    );
  };
}

function readSpeed(text: string): number | null {
  if (text === "max") return Infinity;
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(text)) return null;
  return Number(text) || null;
}

if (import.meta.main) await runTask(replay);
