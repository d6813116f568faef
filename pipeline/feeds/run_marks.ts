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
 * out that no mark comes any more. Where many are gone at once, those who are
 * left stand back as few do, once they are counted. Each partition by itself: one whose append
 * fails holds up no other.
 */
export async function runMarks(options: MarksOptions): Promise<void> {
  const { clock, signal, layout, random = Math.random } = options;
  let others = 0;
  /** Aborts when there are fewer. */
  let fewer = new AbortController();
  const standBack = async () => {
    let ms = others * MARK_MS * (0.5 + random());
    for (;;) {
      const count = fewer.signal;
      const woken = AbortSignal.any([signal, count]);
      await clock.sleep(Math.max(MARK_MS, ms), woken);
      if (signal.aborted || !count.aborted) return;
      ms = others * MARK_MS * random(); // not all of them at once
    }
  };
  await Promise.all([
    countMarkers(options, (markers) => {
      const were = others;
      others = markers - 1;
      if (others >= were) return;
      fewer.abort();
      fewer = new AbortController();
    }),
    layout.forEach(signal, async (p) => {
      const append = appendTo(options, p);
      while (!signal.aborted) {
        if (await append("mark") === "another") await standBack();
        else await clock.sleep(MARK_MS, signal);
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
