import type { PartitionLayout } from "../domain/partition_layout.ts";
import type { EpochMicros } from "../domain/time.ts";
import {
  compareEntryIds,
  type EntryId,
  type TickArchive,
  type TickBuffer,
} from "../ports.ts";
import type { SymbolTicks } from "./symbol_ticks.ts";
import { TickGatherer } from "./tick_gatherer.ts";

export interface TickSources {
  readonly archive: TickArchive;
  readonly buffer: TickBuffer;
  readonly layout: PartitionLayout;
}

export interface TickRange {
  readonly symbol: string;
  readonly from: EpochMicros;
  readonly to: EpochMicros;
  /** The position that ticks are read up to, as committed. */
  readonly through: EntryId;
  /** Of the stream that the position is in; `null` before the first commit. */
  readonly incarnation: string | null;
  readonly ticksMax: number;
}

const TAIL_ENTRIES = 512;
/** Little enough for one answer over a slow network. */
const TAIL_BYTES = 256 * 1_024;

/**
 * Ticks of [from, to) that are in candles of the position `through`: from the
 * archive, and from the buffer what is not archived yet.
 *
 * What the archive has let go, or a buffer lost before it was archived, is
 * not there.
 *
 * @throws {TooManyTicksError} If there are more than `ticksMax`.
 */
export async function readTicks(
  { archive, buffer, layout }: TickSources,
  range: TickRange,
): Promise<SymbolTicks> {
  const { symbol, from, to, through, incarnation } = range;
  const [p, ...before] = layout.everOf(symbol);
  const gatherer = new TickGatherer(range);
  if (incarnation !== null) {
    // The buffer first: what is archived meanwhile is found twice, not never.
    let after = await archive.archivedThrough(p, incarnation);
    while (
      compareEntryIds(after, through) < 0 &&
      await buffer.incarnation(p) === incarnation
    ) {
      const raw = await buffer.readRaw(p, after, {
        through,
        maxEntries: TAIL_ENTRIES,
        maxBytes: TAIL_BYTES,
      });
      if (raw.length === 0 || await buffer.incarnation(p) !== incarnation) {
        break;
      }
      for (const entry of raw) gatherer.add({ incarnation, ...entry });
      after = raw[raw.length - 1].id;
    }
  }
  // What came before a division was archived before it.
  for (const home of [p, ...before]) {
    for await (const page of archive.entries({ p: home, symbol, from, to })) {
      for (const entry of page) {
        const later = entry.incarnation === incarnation &&
          compareEntryIds(entry.id, through) > 0;
        if (!later) gatherer.add(entry);
      }
    }
  }
  const questions = gatherer.questions();
  return gatherer.ticks(
    questions.entries.length === 0
      ? { places: [], numbers: [] }
      : await archive.refused(p, questions),
  );
}
