import type { Delivery } from "../domain/entry.ts";
import type { RejectReason } from "../domain/tick.ts";
import type { EpochMicros } from "../domain/time.ts";
import type { WaitSketch } from "../domain/wait_sketch.ts";

/** Lines and what became of them: received = the other three. */
export interface LineCounts {
  received: number;
  accepted: number;
  duplicates: number;
  rejected: number;
}

export function lineCounts(): LineCounts {
  return { received: 0, accepted: 0, duplicates: 0, rejected: 0 };
}

/** One feed, since this process first saw it; for pages and checks. */
export interface FeedStats extends Readonly<LineCounts> {
  readonly feed: string;
  readonly epoch: number;
  readonly delivery: Delivery;
  readonly replay: boolean;
  readonly connections: number;
  readonly rejectedBy: Readonly<Partial<Record<RejectReason, number>>>;
  /** Highest number with all before it in the buffer; `null` without acks. */
  readonly bufferedSeq: number | null;
  /** Highest number that was acked; `null` without acks. */
  readonly ackedSeq: number | null;
  /** First number of a hole that is being waited for. */
  readonly missingSeq: number | null;
  /** How often it was asked to send again what was missing. */
  readonly resends: number;
  /** Its source said that it has sent everything. */
  readonly ended: boolean;
  /** When its last connection went, unless it had ended. */
  readonly awaySince: EpochMicros | null;
  /** Numbers given up as gaps. */
  readonly missing: number;
  /** Lines without acks that the buffer lost before they were committed. */
  readonly lost: number;
  readonly uncommittedBytes: number;
  /** Its sockets are not read, since what was read is not committed. */
  readonly paused: boolean;
  /** What keeps its lines from the buffer; `null` if nothing does. */
  readonly trouble: string | null;
  readonly lastReceived: EpochMicros | null;
}

/** One connection, open now. */
export interface ConnectionStats extends Readonly<LineCounts> {
  readonly id: number;
  /** The other end, as `host:port`. */
  readonly peer: string;
  readonly format: "ndjson" | "csv";
  /** `null` until it sent its first line. */
  readonly feed: string | null;
  readonly epoch: number | null;
  readonly bytes: number;
  readonly since: EpochMicros;
}

/** How long lines take from coming in, counted as the first of their entry. */
export interface FeedWaits {
  /** To their place in the buffer. */
  readonly buffered: WaitSketch;
  /** To the commit of their candles, as it is known here. */
  readonly committed: WaitSketch;
}
