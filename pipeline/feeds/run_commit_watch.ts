import { feedKeyText } from "../domain/entry.ts";
import type { PartitionLayout } from "../domain/partition_layout.ts";
import type { Clock, FeedStore, Log, TickBuffer } from "../ports.ts";
import type { Ingest } from "./ingest.ts";

export interface CommitWatchOptions {
  readonly ingest: Pick<
    Ingest,
    "unsettled" | "streams" | "onCommitted" | "onStreamsGone"
  >;
  readonly store: Pick<FeedStore, "committed">;
  readonly buffer: Pick<TickBuffer, "incarnation">;
  readonly layout: PartitionLayout;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

const COMMITS_MS = 100;
const STREAMS_MS = 1_000;
const RETRY_MS = 200;

/**
 * Tells the feeds of commits, whichever process made them, and of streams that
 * are gone. Asks nothing while all that they appended is committed.
 *
 * Runs until aborted.
 */
export async function runCommitWatch(
  options: CommitWatchOptions,
): Promise<void> {
  await Promise.all([
    repeat(options, COMMITS_MS, "commits", () => tellCommits(options)),
    repeat(options, STREAMS_MS, "streams", () => tellStreamsGone(options)),
  ]);
}

async function repeat(
  { clock, log, signal, ingest }: CommitWatchOptions,
  everyMs: number,
  what: string,
  work: () => Promise<void>,
): Promise<void> {
  let failing = false;
  for (;;) {
    await clock.sleep(failing ? RETRY_MS : everyMs, signal);
    if (signal.aborted) return;
    if (ingest.unsettled.length === 0) continue;
    try {
      await work();
      failing = false;
    } catch (error) {
      if (!failing && !signal.aborted) {
        log.warn("Cannot ask what became of appended lines, will try again", {
          what,
          error: String(error),
        });
      }
      failing = true;
    }
  }
}

async function tellCommits(
  { ingest, store }: CommitWatchOptions,
): Promise<void> {
  const keys = ingest.unsettled;
  for (const { p, feeds, ...place } of await store.committed(keys)) {
    const found = new Set(feeds.map(({ key }) => feedKeyText(key)));
    // What the warehouse has no number of, it has nothing of.
    const others = keys.filter((key) => !found.has(feedKeyText(key)))
      .map((key) => ({ key, lastSeq: 0 }));
    ingest.onCommitted(p, {
      ...place,
      feeds: [...feeds, ...others],
      tooLate: [],
    });
  }
}

/**
 * Three steps, in this order: which streams lines are in, which ones there are
 * now, and what was committed. So a stream that was begun in between is not
 * taken for gone, nor what was committed before its stream went for lost.
 */
async function tellStreamsGone(options: CommitWatchOptions): Promise<void> {
  const { ingest, buffer, layout: { partitions } } = options;
  const gone = new Map<number, ReadonlySet<string>>();
  await Promise.all(Array.from({ length: partitions }, async (_, p) => {
    const streams = ingest.streams(p);
    if (streams.size === 0) return;
    const now = await buffer.incarnation(p);
    const others = [...streams].filter((stream) => stream !== now);
    if (others.length > 0) gone.set(p, new Set(others));
  }));
  if (gone.size === 0) return;
  await tellCommits(options);
  for (const [p, streams] of gone) ingest.onStreamsGone(p, streams);
}
