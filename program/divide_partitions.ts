import type { PartitionLayout } from "../pipeline/domain/partition_layout.ts";
import type { Division } from "../pipeline/domain/partition_map.ts";
import {
  BEFORE_FIRST,
  type Clock,
  compareEntryIds,
  type DivisibleBuffer,
  type DrainedStream,
  type EntryId,
  type LayoutState,
  type LayoutStore,
  type Log,
} from "../pipeline/ports.ts";

export interface DivideOptions {
  readonly layout: PartitionLayout;
  readonly store: Pick<
    LayoutStore,
    "state" | "nodes" | "positions" | "divide"
  >;
  readonly buffer: DivisibleBuffer;
  /** Keeps what is in a stream elsewhere, up to a position; nowhere if absent. */
  readonly archive?: (
    p: number,
    through: EntryId,
    incarnation: string,
  ) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Divides partitions as somebody asked for, one step at a time: to be called
 * again as long as it is asked for. Repeatable at every step, by any process.
 *
 * Nothing depends on who is waited for, or on the seal: what gets into a stream
 * in spite of them is not in the candles, so it is not acked, and is sent again
 * into the new streams. They are there so that nothing has to be, and for the
 * sake of feeds without acks.
 *
 * @returns What it came to: it waits for a process, streams are sealed and not
 * drained yet, or partitions were divided.
 * @throws {Error} If the buffer or the warehouse does not answer.
 */
export async function divideStep(
  options: DivideOptions,
  { divisions, wanted }: LayoutState,
): Promise<"waits" | "sealed" | "divided"> {
  const { layout, store, buffer, archive, clock, log } = options;
  const now = divisions[divisions.length - 1];
  if (wanted === null) return "waits";
  const nodes = await store.nodes();
  const waiting = nodes.some(({ roles, stream, holds, pins }) =>
    stream === null || (wanted.pins !== undefined && !pins) ||
    (roles.includes("feed") && !(holds && stream === now.tag))
  );
  if (waiting) return "waits";
  const startedAtMs = clock.steadyMs();
  const streams = buffer.ofDivision(now.tag);
  const sealed = await Promise.all(
    Array.from({ length: now.partitions }, (_, p) => streams.seal(p, true)),
  );
  const drained = await store.positions(now.partitions);
  if (!drained.every((one) => isDrained(one, sealed[one.p]))) return "sealed";
  if (archive) {
    await Promise.all(drained.map(async ({ p, position, incarnation }) => {
      if (incarnation !== sealed[p].incarnation) return;
      await archive(p, position, incarnation);
    }));
  }
  const next: Division = {
    ...wanted,
    tag: crypto.randomUUID().slice(0, 8),
  };
  if (!await store.divide(divisions, next, drained)) return "sealed";
  layout.become([...divisions, next]);
  log.info("Partitions were divided", {
    from: now.partitions,
    to: next.partitions,
    ...next.pins && { pinned: next.pins },
    last_step_ms: (clock.steadyMs() - startedAtMs) / 1_000,
  });
  return "divided";
}

/** Whether all that a stream has is committed. */
function isDrained(
  { position, incarnation }: DrainedStream,
  stream: { readonly newest: EntryId; readonly incarnation: string },
): boolean {
  if (compareEntryIds(stream.newest, BEFORE_FIRST) === 0) return true;
  return incarnation === stream.incarnation &&
    compareEntryIds(position, stream.newest) >= 0;
}

/**
 * Lets the streams of now take appends: nobody wants them divided. Somebody did
 * where it was given up, or before the backup that this warehouse comes from.
 */
export async function reopenStreams(
  { layout, buffer }: Pick<DivideOptions, "layout" | "buffer">,
): Promise<void> {
  const { partitions, tag } = layout.now;
  const streams = buffer.ofDivision(tag);
  await Promise.all(
    Array.from({ length: partitions }, (_, p) => streams.seal(p, false)),
  );
}
