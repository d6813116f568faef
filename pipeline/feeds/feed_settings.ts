/** Times and bounds of taking in ticks. */
export interface FeedSettings {
  /** How long a line waits for others to share its entry. */
  readonly lingerMs: number;
  /**
   * So many times as long while a feed is behind: as many as `behindBytes` of
   * it are uncommitted, up to these. Its commits are late anyway, and the fewer
   * entries they have the sooner they catch up. A source that waits for acks
   * is held up by what lingers, others are not.
   */
  readonly lingerTimesMax: {
    readonly acked: number;
    readonly best_effort: number;
  };
  readonly behindBytes: number;
  /** The same for counts of duplicates alone. */
  readonly countsMs: number;
  /** Most bytes of a feed with acks that may be uncommitted. */
  readonly windowBytes: number;
  /** Least that one of many such feeds has. */
  readonly windowBytesMin: number;
  /** What all such feeds share. */
  readonly windowsBytes: number;
  /** Bytes of all other feeds together that may be uncommitted. */
  readonly bestEffortBytes: number;
  /** Of those, bytes that may be in memory, as the buffer does not take them. */
  readonly unappendedBytes: number;
  /** How long a missing number is waited for. */
  readonly holeMs: number;
  /** Shortest time between two rounds of acks. */
  readonly ackMs: number;
  /** How far back a number may lie and still be a duplicate. */
  readonly replayWindow: number;
}

export const FEED_DEFAULTS: FeedSettings = {
  lingerMs: 10,
  lingerTimesMax: { acked: 5, best_effort: 25 },
  behindBytes: 1_048_576,
  countsMs: 1_000,
  windowBytes: 16 * 1_048_576,
  windowBytesMin: 1_048_576,
  windowsBytes: 128 * 1_048_576,
  bestEffortBytes: 64 * 1_048_576,
  unappendedBytes: 64 * 1_048_576,
  holeMs: 5_000,
  ackMs: 50,
  replayWindow: 65_536,
};
