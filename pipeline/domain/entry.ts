import type { Reject, TickColumns } from "./tick.ts";
import { tickColumns } from "./tick.ts";
import type { EpochMicros } from "./time.ts";
import { fnv1a } from "./hash.ts";

/** A feed and its numbering; a new epoch starts the sequence again. */
export interface FeedKey {
  readonly feed: string;
  readonly epoch: number;
}

export function feedKeyText(key: FeedKey): string {
  return `${key.feed}#${key.epoch}`;
}

/** Stable number of a feed epoch, for the total order of ticks. */
export function feedOrder(key: FeedKey): number {
  return fnv1a(feedKeyText(key));
}

/**
 * What a feed promises. `acked`: it numbers its ticks, keeps them until they
 * are acked and resends, so nothing is lost. `best_effort`: what it sends
 * while we are away is gone.
 */
export type Delivery = "acked" | "best_effort";

/**
 * Why an entry was appended.
 *
 * `ticks` brings ticks, rejects or counts. `mark` is the listener's clock, once
 * a second: time that passes without ticks. `open` and `close` are a feed's
 * connection. `end` says that the feed's session is complete. `start` is the
 * start of a process, by its node: every connection that it had is gone.
 * `readmit` brings ticks of a feed that were rejected before, and are accepted
 * now because somebody asked for it: it says nothing of the feed's connection.
 */
export const ENTRY_KINDS = [
  "ticks",
  "mark",
  "open",
  "close",
  "end",
  "start",
  "readmit",
] as const;
export type EntryKind = typeof ENTRY_KINDS[number];

/** A symbol of an entry, with the scales that its columns use. */
export interface EntrySymbol {
  readonly symbol: string;
  readonly priceScale: number;
  readonly sizeScale: number;
}

/** Sequence numbers, both included, that a feed never sent. */
export interface SeqGap {
  readonly from: number;
  readonly to: number;
}

/** A row of the quarantine: the entry that brought it, and its place there. */
export interface QuarantinePlace {
  readonly incarnation: string;
  /** Position of the entry in its stream, as `1700000000000-0`. */
  readonly id: string;
  readonly index: number;
}

/** What a `readmit` entry takes out of the quarantine. */
export interface Readmission {
  /**
   * The how manyth of its partition it is, from 1. A number that was applied
   * before is not applied again.
   */
  readonly n: number;
  /** Where the entry's ticks come from: one row a tick, in their order. */
  readonly rows: readonly QuarantinePlace[];
}

/** One entry of a partition's stream: all that a replay needs to decide alike. */
export interface StreamEntry {
  readonly kind: EntryKind;
  /** `feed` is "" for marks and starts, which concern every feed. */
  readonly key: FeedKey;
  readonly delivery: Delivery;
  /** Process that took the lines in; "" if unknown. */
  readonly node: string;
  /** A file played again: it never holds back or closes live candles. */
  readonly replay: boolean;
  /** The listener's clock at the append. */
  readonly receivedAt: EpochMicros;
  /** Lines that came in since the feed's last entry in this partition. */
  readonly received: number;
  /** Of those, lines that were in the stream already. */
  readonly duplicates: number;
  readonly symbols: readonly EntrySymbol[];
  readonly ticks: TickColumns;
  readonly rejects: readonly Reject[];
  /** Sequence numbers of earlier rejects that are accepted in this entry. */
  readonly readmitted: readonly number[];
  readonly gaps: readonly SeqGap[];
  /** Of kind `readmit` only. */
  readonly readmission?: Readmission;
}

const NO_TICKS: TickColumns = tickColumns(0);

/** An entry with nothing in it but what is given. */
export function streamEntry(
  given: Pick<StreamEntry, "kind" | "receivedAt"> & Partial<StreamEntry>,
): StreamEntry {
  return {
    key: { feed: "", epoch: 0 },
    delivery: "best_effort",
    node: "",
    replay: false,
    received: 0,
    duplicates: 0,
    symbols: [],
    ticks: NO_TICKS,
    rejects: [],
    readmitted: [],
    gaps: [],
    ...given,
  };
}
