/**
 * Looks at what was not accepted, and takes rows back; `--help` says what it
 * can do.
 *
 * Exits with 0 if it did what it was asked for, 2 for a bad command line, 1
 * for everything else.
 */
import { REJECT_REASONS, type RejectReason } from "../pipeline/domain/tick.ts";
import { toMillis } from "../pipeline/domain/time.ts";
import { plain, ProgramApi } from "./program_api.ts";
import { runTask, type TaskContext, type TaskResult } from "./run_task.ts";
import {
  describeOptions,
  flag,
  helpOption,
  option,
  optional,
  OptionsError,
  type OptionValues,
  parseOptions,
  symbolOption,
  timeOption,
  urlOption,
  wholeNumber,
} from "./task_options.ts";

const PAGE = 1_000;
const REFUSED_TOLD = 10;

const OPTIONS = {
  url: urlOption,
  reason: optional<RejectReason>({
    takes: "REASON",
    wanted: `one of ${REJECT_REASONS.join(", ")}`,
    meaning: "Rows of this reason only",
    read: (text) => REJECT_REASONS.find((reason) => reason === text) ?? null,
  }),
  symbol: symbolOption("Rows of this symbol only"),
  feed: optional<string>({
    takes: "NAME",
    wanted: "a name of at most 64 characters",
    meaning: "Rows of this feed only",
    read: (text) => /^.{1,64}$/u.test(text) ? text : null,
  }),
  from: timeOption("Lines that came in at this time or later"),
  to: timeOption("Lines that came in before this time"),
  limit: option<number>({
    takes: "N",
    fallback: "10000",
    wanted: "a whole number, 1 to 1000000",
    meaning: "Rows at most",
    read: wholeNumber(1, 1_000_000),
  }),
  format: option<"csv" | "ndjson">({
    takes: "FORMAT",
    fallback: "ndjson",
    wanted: "csv or ndjson",
    meaning: "How an export is written",
    read: (text) => text === "csv" || text === "ndjson" ? text : null,
  }),
  yes: flag("Takes the rows back, and does not only count them"),
  help: helpOption,
};
type Options = OptionValues<typeof OPTIONS>;

const HELP = `Looks at lines that were not accepted, and takes them back.

Usage: deno task quarantine list|export|readmit [options]

  list      How many there are by reason, and the first ones
  export    The lines with their reasons, on stdout
  readmit   Puts the ticks of rows into candles; needs --reason

A program that asks for an API token is asked with API_TOKEN.

Options:
${describeOptions(OPTIONS)}
`;

/** A page of rows, as the API gives it. */
interface Page {
  readonly rows: readonly {
    readonly id: string;
    readonly received_at: number;
    readonly feed: string;
    readonly symbol: string | null;
    readonly reason: string;
    readonly detail: string;
    readonly readmitted: boolean;
  }[];
  readonly counts: Readonly<Record<string, number>>;
  readonly next: string | null;
}

/** What came of asking for rows, as the API says it. */
interface Readmitted {
  readonly readmitted: readonly string[];
  readonly refused: readonly { readonly id: string; readonly why: string }[];
  readonly pending: readonly string[];
  readonly next: string | null;
}

/** The task, for a process's arguments and environment. */
export async function quarantine(
  args: readonly string[],
  { API_TOKEN: token }: { readonly API_TOKEN?: string },
  context: TaskContext,
): Promise<TaskResult> {
  const { values, rest } = parseOptions(OPTIONS, args);
  if (values.help) return HELP;
  const api = new Api(values, token, context.signal);
  const [command, ...more] = rest;
  if (more.length > 0) {
    throw new OptionsError(`Cannot use ${more.join(" ")}`);
  }
  switch (command) {
    case "list":
      return await list(api);
    case "export":
      return await exportRows(api, values);
    case "readmit":
      return await readmit(api, values, context);
    default:
      throw new OptionsError(
        `Cannot do ${command ?? "nothing"} as it must be list, export or ` +
          `readmit`,
      );
  }
}

async function list(api: Api): Promise<string> {
  const { rows, counts, next } = await api.page({ limit: "20" });
  const reasons = Object.entries(counts)
    .map(([reason, count]) => `${String(count).padStart(9)}  ${reason}`);
  const lines = rows.map((
    { received_at, feed, symbol, reason, detail, ...row },
  ) =>
    `${new Date(received_at).toISOString()}  ${feed}  ${symbol ?? "-"}  ` +
    `${reason}${row.readmitted ? " (taken back)" : ""}: ${plain(detail)}`
  );
  return [
    "In quarantine now:",
    ...reasons.length > 0 ? reasons : ["        0"],
    "",
    ...lines,
    ...next === null ? [] : ["… export gives all of them"],
  ].join("\n");
}

async function exportRows(api: Api, { format, limit }: Options) {
  const pages: string[] = [];
  let left = limit;
  let cursor: string | null = null;
  do {
    const text: { body: string; next: string | null } = await api.text({
      format,
      limit: String(Math.min(left, PAGE)),
      ...cursor !== null && { cursor },
    });
    const header = format === "csv" && pages.length > 0;
    pages.push(
      header ? text.body.slice(text.body.indexOf("\n") + 1) : text.body,
    );
    cursor = text.next;
    left -= PAGE;
  } while (cursor !== null && left > 0);
  return pages.join("");
}

async function readmit(
  api: Api,
  { reason, limit, yes }: Options,
  { say }: TaskContext,
): Promise<TaskResult> {
  if (reason === undefined) {
    throw new OptionsError("Cannot readmit without --reason");
  }
  const report = { found: 0, readmitted: 0, refused: 0, pending: 0 };
  let cursor: string | null = null;
  do {
    const size = String(Math.min(limit - report.found, PAGE));
    const part = { limit: size, ...cursor !== null && { cursor } };
    if (!yes) {
      const page: Page = await api.page({ ...part, readmitted: "0" });
      report.found += page.rows.length;
      cursor = page.next;
      continue;
    }
    const done: Readmitted = await api.readmit(part);
    const { readmitted, refused, pending } = done;
    for (const { id, why } of refused) {
      if (report.refused++ < REFUSED_TOLD) say(`${id} stays: ${plain(why)}`);
    }
    report.found += readmitted.length + refused.length + pending.length;
    report.readmitted += readmitted.length;
    report.pending += pending.length;
    cursor = done.next;
  } while (cursor !== null && report.found < limit);
  if (!yes) {
    say("Nothing was changed; --yes takes back those that can be");
    return { report: { found: report.found }, ok: true };
  }
  if (report.pending > 0) {
    say("Some are not committed yet; asking again does no harm");
  }
  return { report, ok: report.pending === 0 };
}

/** The program's HTTP API, with the filter of a command line. */
class Api {
  readonly #api: ProgramApi;

  constructor(
    private readonly options: Options,
    token: string | undefined,
    signal: AbortSignal,
  ) {
    this.#api = new ProgramApi({ url: options.url, token, signal });
  }

  async page(more: Readonly<Record<string, string>>): Promise<Page> {
    const response = await this.#get(more);
    return await response.json();
  }

  async text(more: Readonly<Record<string, string>>) {
    const response = await this.#get(more);
    const link = /<([^>]+)>; rel="next"/.exec(
      response.headers.get("link") ?? "",
    );
    const next = link && new URL(link[1], this.options.url)
      .searchParams.get("cursor");
    return { body: await response.text(), next };
  }

  async readmit(more: Readonly<Record<string, string>>): Promise<Readmitted> {
    const response = await this.#api.fetch("/api/quarantine/readmit", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...this.#filter(), ...more }),
    });
    return await response.json();
  }

  #get(more: Readonly<Record<string, string>>): Promise<Response> {
    const query = new URLSearchParams({ ...this.#filter(), ...more });
    return this.#api.fetch(`/api/quarantine?${query}`, {});
  }

  #filter(): Record<string, string> {
    const { reason, symbol, feed, from, to } = this.options;
    const time = (t: typeof from) =>
      t === undefined ? undefined : String(toMillis(t));
    return Object.fromEntries(
      Object.entries({ reason, symbol, feed, from: time(from), to: time(to) })
        .filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
  }
}

if (import.meta.main) {
  await runTask((args, context) =>
    quarantine(args, { API_TOKEN: Deno.env.get("API_TOKEN") }, context)
  );
}
