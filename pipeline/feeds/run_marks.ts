import { streamEntry } from "../domain/entry.ts";
import type { Clock, Log, TickBuffer } from "../ports.ts";

export interface MarksOptions {
  readonly buffer: TickBuffer;
  readonly partitions: number;
  /** Name of this process: a start says that its connections are gone. */
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Marks and starts concern every feed, so their chain has no numbers. */
const EVERY_FEED = { feed: "", epoch: 0 };
const MARK_MS = 1_000;

/**
 * Says in every partition that the program has started, so that every
 * connection before is gone. To be done before the first feed is let in.
 */
export async function appendStart(options: MarksOptions): Promise<void> {
  await appendAll(options, "start");
}

/**
 * Puts the listener's clock into every partition once a second, so that time
 * that passes without ticks is part of the stream. Runs until aborted.
 */
export async function runMarks(
  options: MarksOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const { clock, signal, log } = options;
  while (!signal.aborted) {
    try {
      await appendAll(options, "mark");
    } catch (error) {
      log.warn("Cannot append marks to the buffer, will try again", {
        error: String(error),
      });
    }
    await clock.sleep(MARK_MS, signal);
  }
}

async function appendAll(
  { buffer, partitions, node, clock }: MarksOptions,
  kind: "mark" | "start",
): Promise<void> {
  const receivedAt = clock.now();
  await Promise.all(
    Array.from({ length: partitions }, (_, p) =>
      buffer.append({
        p,
        key: EVERY_FEED,
        expectLast: 0,
        newLast: 0,
        entry: streamEntry({ kind, receivedAt, key: EVERY_FEED, node }),
      })),
  );
}
