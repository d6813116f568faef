import { type EntryKind, streamEntry } from "../domain/entry.ts";
import type { PartitionLayout } from "../domain/partition_layout.ts";
import type { AppendOrigin, Clock, Log, TickBuffer } from "../ports.ts";

export interface MarksOptions {
  readonly buffer: TickBuffer;
  readonly layout: PartitionLayout;
  /** Name of this process: a start says that its connections are gone. */
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How many processes mark the same partitions; one if absent. */
  readonly markers?: () => Promise<number>;
  /** From 0 to 1; for when to see whether marks of others still come. */
  readonly random?: () => number;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/** Marks and starts concern every feed, so their chain has no numbers. */
const EVERY_FEED = { feed: "", epoch: 0 };
const MARK_MS = 1_000;
/** One mark a second is enough, however many processes take feeds. */
const SPACING_MS = 900;
/** How often those who mark are counted. */
const COUNT_MS = 10_000;
/** How long an append may take before its partition is asked again. */
const APPEND_MS_MAX = 5_000;
const START_RETRY_MS = 500;

/**
 * Says in every partition that the program has started, so that every
 * connection before is gone. To be done before the first feed is let in.
 *
 * Tries until each partition's append works, or the signal aborts.
 */
export async function appendStart(options: MarksOptions): Promise<void> {
  const { clock, signal, layout } = options;
  // One that arrives late would end connections that were made since.
  const from = { writer: crypto.randomUUID(), n: 1 };
  // Partitions may be divided before all have it.
  for (let done = 0; done < layout.partitions && !signal.aborted;) {
    const { partitions } = layout;
    await Promise.all(
      Array.from({ length: partitions - done }, async (_, i) => {
        const append = appendTo(options, done + i);
        while (!await append("start", from) && !signal.aborted) {
          await clock.sleep(START_RETRY_MS, signal);
        }
      }),
    );
    done = partitions;
  }
}

/**
 * Puts the listener's clock into every partition once a second, so that time
 * that passes without ticks is part of the stream; whichever process is first,
 * of several whose clocks agree. Runs until aborted.
 *
 * Who finds that another one has marked a partition stands back, the longer the
 * more there are: together they look about once a second, and soon one finds
 * out that no mark comes any more. Each partition by itself: one whose append
 * fails holds up no other.
 */
export async function runMarks(options: MarksOptions): Promise<void> {
  const { clock, signal, layout, random = Math.random } = options;
  let others = 0;
  const restMs = (by: Marked) =>
    by === "another"
      ? Math.max(MARK_MS, others * MARK_MS * (0.5 + random()))
      : MARK_MS;
  await Promise.all([
    countMarkers(options, (markers) => others = markers - 1),
    layout.forEach(signal, async (p) => {
      const append = appendTo(options, p);
      while (!signal.aborted) {
        await clock.sleep(restMs(await append("mark")), signal);
      }
    }),
  ]);
}

async function countMarkers(
  { clock, signal, log, markers }: MarksOptions,
  use: (markers: number) => void,
): Promise<void> {
  if (markers === undefined) return;
  let failing = false;
  while (!signal.aborted) {
    try {
      use(await markers());
      failing = false;
    } catch (error) {
      if (!failing) {
        log.warn("Cannot count the processes that mark partitions", {
          error: String(error),
        });
      }
      failing = true;
    }
    await clock.sleep(COUNT_MS, signal);
  }
}

/** Who marked a partition; nobody, as far as it is known. */
type Marked = "this" | "another" | null;

/** @returns Whose entry is known to be there; it never rejects. */
type Append = (
  kind: EntryKind & ("mark" | "start"),
  from?: AppendOrigin,
) => Promise<Marked>;

function appendTo(options: MarksOptions, p: number): Append {
  let failing = false;
  return async (kind, from) => {
    try {
      const appended = await appendOne(options, p, kind, from);
      failing = false;
      return appended;
    } catch (error) {
      if (!failing && !options.signal.aborted) {
        options.log.warn("Cannot append marks, will try again", {
          p,
          kind,
          error: String(error),
        });
      }
      failing = true;
      return null;
    }
  };
}

/**
 * @returns `null` if the stream takes none now.
 * @throws {Error} If it failed, took too long, or was given up.
 */
async function appendOne(
  { buffer, node, clock, signal }: MarksOptions,
  p: number,
  kind: "mark" | "start",
  from?: AppendOrigin,
): Promise<Marked> {
  const receivedAt = clock.now();
  const answered = new AbortController();
  const late = clock.sleep(
    APPEND_MS_MAX,
    AbortSignal.any([signal, answered.signal]),
  ).then((): never => {
    throw new Error("the buffer does not answer");
  });
  const appending = buffer.append({
    p,
    key: EVERY_FEED,
    expectLast: 0,
    newLast: 0,
    entry: streamEntry({ kind, receivedAt, key: EVERY_FEED, node }),
    ...from && { from },
    ...kind === "mark" && { spacingMs: SPACING_MS },
  });
  // Whichever comes second is no longer waited for.
  late.catch(() => {});
  appending.catch(() => {});
  try {
    const result = await Promise.race([appending, late]);
    if (result.kind !== "appended") return null;
    return result.already ? "another" : "this";
  } finally {
    answered.abort();
  }
}
