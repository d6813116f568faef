/**
 * The simulator alone, to any listener; `--help` says what it can do.
 *
 * One line of JSON on stdout says what it did. Exits with 0 when all was sent
 * (and acked, unless `--plain`) or it was stopped, 2 for a bad command line, 1
 * for everything else.
 */
import {
  type FeedConnection,
  runFeedClient,
} from "../pipeline/feeds/feed_client.ts";
import { runPlainFeed } from "../pipeline/feeds/run_plain_feed.ts";
import { withFaults } from "../pipeline/feeds/simulator_faults.ts";
import { DEFAULT_MODELS, modelOf } from "../pipeline/feeds/simulator_model.ts";
import { simulatorSource } from "../pipeline/feeds/simulator_source.ts";
import { connectTcp } from "../pipeline/feeds/tcp_connection.ts";
import { SYMBOL_PATTERN } from "../pipeline/domain/instrument.ts";
import { systemClock } from "../pipeline/system_clock.ts";
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
  seconds,
  share,
  tokenOption,
  toOption,
  wholeNumber,
} from "./task_options.ts";

const GIVE_UP_MS = 30_000;
const SHARE = "a share of the ticks, 0 to 1, such as 0.01";

const OPTIONS = {
  to: toOption,
  feed: option({
    takes: "NAME",
    fallback: "simulate",
    wanted: "a name of letters, digits, . _ : @ / and -, at most 64",
    meaning: "Name of the feed",
    read: (text) =>
      /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,63}$/.test(text) ? text : null,
  }),
  token: tokenOption,
  symbols: option({
    takes: "A,B",
    fallback: DEFAULT_MODELS.map(({ symbol }) => symbol).join(","),
    wanted: "symbols with commas between, each once, such as NIFTY50,USDINR",
    meaning: "What to send; prices of a symbol it does not know are made up " +
      "from its name",
    read: readSymbols,
  }),
  seed: option({
    takes: "N",
    fallback: "1",
    wanted: "a whole number, 0 to 4294967295",
    meaning: "Which prices; the same seed gives the same ones",
    read: wholeNumber(0, 0xffff_ffff),
  }),
  rate: optional({
    takes: "N",
    wanted: "ticks a second, above 0 and at most 10000000",
    meaning: "Ticks a second, of all symbols together; one of each without it",
    read: readRate,
  }),
  history: option({
    takes: "TIME",
    fallback: "0s",
    wanted: "a length of time, such as 90s, 15m, 6h or 2d",
    meaning: "Begins that long ago, at full speed up to now",
    read: seconds,
  }),
  duration: optional({
    takes: "TIME",
    wanted: "a length of time, such as 90s, 15m, 6h or 2d",
    meaning: "Ends with what has passed by then",
    read: seconds,
  }),
  count: optional({
    takes: "N",
    wanted: "a whole number of ticks, 1 or more",
    meaning: "Ends after so many ticks",
    read: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  }),
  format: option({
    takes: "FORMAT",
    fallback: "ndjson",
    wanted: "ndjson or csv",
    meaning: "How lines are written",
    read: (text) => text === "ndjson" || text === "csv" ? text : null,
  }),
  plain: flag("Says no hello: no numbers, no acks, best effort"),
  duplicates: option({
    takes: "SHARE",
    fallback: "0",
    wanted: SHARE,
    meaning: "Fault: sent twice",
    read: share,
  }),
  late: option({
    takes: "SHARE",
    fallback: "0",
    wanted: SHARE,
    meaning: "Fault: stamped 5 s to 10 min too early",
    read: share,
  }),
  reorder: flag("Fault: event times go back and forth within 2 s"),
  drop: option({
    takes: "SHARE",
    fallback: "0",
    wanted: SHARE,
    meaning: "Fault: left out until asked for again (lost if --plain)",
    read: share,
  }),
  garbage: option({
    takes: "SHARE",
    fallback: "0",
    wanted: SHARE,
    meaning: "Fault: followed by a line that is no tick",
    read: share,
  }),
  disconnect: optional({
    takes: "TIME",
    wanted: "a length of time above 0, such as 30s",
    meaning: "Fault: cuts its connection that long after each welcome",
    read: (text) => seconds(text) || null,
  }),
  help: helpOption,
};

const USAGE = `Sends made-up ticks to a feed listener.

deno task simulate [OPTIONS]

${describeOptions(OPTIONS)}
`;

/** The task: what it sent and what came of it. */
export async function simulate(
  args: readonly string[],
  { signal, say }: TaskContext,
): Promise<{ readonly report: unknown; readonly ok: boolean } | string> {
  const { values, rest } = parseOptions(OPTIONS, args);
  if (values.help) return USAGE;
  if (rest.length > 0) {
    throw new OptionsError(
      `Cannot use ${JSON.stringify(rest[0])} as simulate takes options only`,
    );
  }
  const startedAt = performance.now();
  const common = {
    connect: (connecting: AbortSignal) => connectWith(values, connecting),
    clock: systemClock,
    signal,
    giveUpAfterMs: GIVE_UP_MS,
    onLost: sayOnce(say),
  };
  const source = sourceOf(values);
  const summary = values.plain
    ? await runPlainFeed({ ...common, source })
    : await runFeedClient({
      ...common,
      hello: {
        feed: values.feed,
        // Numbers of another run stand for other times.
        epoch: Math.floor(Date.now() / 1_000),
        simulated: true,
        token: values.token,
      },
      source: () => source,
    });
  const tookMs = performance.now() - startedAt;
  return {
    report: {
      to: `${values.to.hostname}:${values.to.port}`,
      ...summary,
      seconds: Math.round(tookMs) / 1_000,
      ticks_per_second: Math.round(summary.sent / tookMs * 1_000),
    },
    ok: summary.complete || signal.aborted,
  };
}

function sourceOf(values: OptionValues<typeof OPTIONS>) {
  const models = values.symbols.map(modelOf);
  // The next one: a rate then begins evenly rather than with a burst.
  const nowSecond = Math.ceil(Date.now() / 1_000);
  const startSecond = nowSecond - Math.ceil(values.history);
  const roundMs = models.length * 1_000 / (values.rate ?? models.length);
  const spanSeconds = Math.ceil(values.history) +
    (values.duration ?? Infinity);
  const last = Math.min(
    values.count ?? Infinity,
    Math.floor(spanSeconds * 1_000 / roundMs) * models.length,
  );
  const source = simulatorSource({
    models,
    seed: values.seed,
    startSecond,
    roundMs,
    format: values.format,
    numbered: !values.plain,
    last,
    clock: systemClock,
  });
  const { duplicates, late, reorder, drop, garbage } = values;
  const faulty = duplicates + late + drop + garbage > 0 || reorder;
  return faulty
    ? withFaults(
      source,
      { duplicates, late, reorder, drop, garbage },
      values.seed,
    )
    : source;
}

async function connectWith(
  { to, disconnect }: OptionValues<typeof OPTIONS>,
  signal: AbortSignal,
): Promise<FeedConnection> {
  const connection = await connectTcp(to, signal);
  if (disconnect === undefined) return connection;
  const cut = setTimeout(() => connection.close(), disconnect * 1_000);
  return {
    ...connection,
    close: () => {
      clearTimeout(cut);
      connection.close();
    },
  };
}

function readSymbols(text: string): readonly string[] | null {
  const symbols = text.split(",").map((symbol) => symbol.trim());
  const usable = symbols.every((symbol) => SYMBOL_PATTERN.test(symbol)) &&
    new Set(symbols).size === symbols.length;
  return usable ? symbols : null;
}

function readRate(text: string): number | null {
  if (!/^\d{1,8}(\.\d{1,6})?$/.test(text)) return null;
  const rate = Number(text);
  return rate > 0 && rate <= 10_000_000 ? rate : null;
}

if (import.meta.main) await runTask(simulate);
