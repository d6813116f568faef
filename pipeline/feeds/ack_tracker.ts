import type { EpochMicros } from "../domain/time.ts";
import { compareEntryIds, type EntryId } from "../ports.ts";

/**
 * Lines that were handed to one partition together, from their first number
 * on, until the entry that holds them is committed.
 */
export interface Handed {
  /** Lowest number among them; Infinity if none has one. */
  from: number;
  /** Highest number among them; 0 if none has one. */
  to: number;
  lines: number;
  /** Bytes of the lines: what a window counts. */
  bytes: number;
  /** Bytes among them of lines that were rejected. */
  rejectedBytes: number;
  /** When the first of them came. */
  readonly since: EpochMicros;
  /** Where they stand in the stream; `null` until appended. */
  place: Place | null;
}

/** What a partition has that is not committed. */
export interface Waiting {
  readonly p: number;
  readonly bytes: number;
  /** Bytes among them of lines that were rejected. */
  readonly rejectedBytes: number;
  /** When the first of it came. */
  readonly since: EpochMicros;
}

/** A position, and the stream that it is in. */
export interface Place {
  readonly id: EntryId;
  readonly incarnation: string;
}

/** How far a partition is committed. */
export interface CommitReport {
  readonly position: EntryId;
  /** Of the stream that the position is in; `null` before the first commit. */
  readonly incarnation: string | null;
  /** The feed's number in the warehouse then; absent if it was not told. */
  readonly lastSeq?: number;
}

/** What says that a group is committed. */
export type CommitRule =
  /** The feed's number in the warehouse: exact, whatever the buffer loses. */
  | "number"
  /** The position of its entry: for numbers that the warehouse has not. */
  | "position";

interface Partition {
  /** In the order in which they were handed over. */
  queue: Handed[];
  position: EntryId | null;
  incarnation: string | null;
  lastSeq: number;
}

/**
 * Which of a feed's numbers are safe, over all partitions that they went to.
 *
 * The ack is the highest number with all before it committed: one less than
 * the lowest that is handed over and not committed, or the highest number that
 * was taken in if there is none. Pure: knows nothing of time or stores.
 *
 * Assumed: in each partition, lines are handed over, appended and committed in
 * one order, and what is committed has no hole. So the highest number of a
 * feed in the warehouse tells exactly what is safe. A position does not: a
 * buffer that lost its tail gives higher positions to what comes later.
 */
export class AckTracker {
  /** Bytes handed over and not committed. */
  uncommittedBytes = 0;
  #passed: number;
  readonly #partitions = new Map<number, Partition>();

  /**
   * @param acked The highest number that was safe before.
   * @param onCommitted Told of each group once it is.
   */
  constructor(
    acked: number,
    private readonly rule: CommitRule = "number",
    private readonly onCommitted: (handed: Handed) => void = () => {},
  ) {
    this.#passed = acked;
  }

  /** Opens the next group of a partition; its first line came now. */
  hand(p: number, since: EpochMicros): Handed {
    const handed: Handed = {
      from: Infinity,
      to: 0,
      lines: 0,
      bytes: 0,
      rejectedBytes: 0,
      since,
      place: null,
    };
    this.#partition(p).queue.push(handed);
    return handed;
  }

  /** Adds a line to a group that is not appended. */
  add(handed: Handed, seq: number, bytes: number): void {
    handed.lines += 1;
    handed.bytes += bytes;
    this.uncommittedBytes += bytes;
    this.addNumber(handed, seq);
  }

  /** Adds a number without a line; Infinity is none. */
  addNumber(handed: Handed, seq: number): void {
    if (seq === Infinity) return;
    if (seq < handed.from) handed.from = seq;
    if (seq > handed.to) handed.to = seq;
  }

  /** Every number up to this one was taken in, or given up as a gap. */
  passed(seq: number): void {
    if (seq > this.#passed) this.#passed = seq;
  }

  /** A group stands in the stream now; it may be committed already. */
  appended(p: number, handed: Handed, place: Place): void {
    handed.place = place;
    this.#settle(this.#partition(p));
  }

  /**
   * Partition `p` is committed so far. Reports may come late and in any order,
   * also before the answer to an append that they tell of.
   *
   * @returns Whether appended numbers are lost: the commits have passed their
   * place, and have not brought them.
   */
  committed(p: number, report: CommitReport): boolean {
    const partition = this.#partition(p);
    const { position, incarnation, lastSeq } = report;
    const known = partition.position;
    const behind = incarnation === partition.incarnation && known !== null &&
      compareEntryIds(position, known) <= 0;
    if (!behind) Object.assign(partition, { position, incarnation });
    this.reached(p, lastSeq ?? 0);
    return this.rule === "number" && lastSeq !== undefined &&
      partition.queue.some((handed) =>
        handed.to > 0 && isPassed(handed.place, position, incarnation)
      );
  }

  /** The warehouse has the feed's numbers of partition `p` so far. */
  reached(p: number, lastSeq: number): void {
    const partition = this.#partition(p);
    if (lastSeq > partition.lastSeq) partition.lastSeq = lastSeq;
    this.#settle(partition);
  }

  /** Streams that groups which are not committed stand in. */
  streams(p: number): ReadonlySet<string> {
    const found = new Set<string>();
    for (const { place } of this.#partition(p).queue) {
      if (place) found.add(place.incarnation);
    }
    return found;
  }

  /**
   * Forgets appended groups that are not committed and will not be: of these
   * streams, or with a number above `after`.
   *
   * @returns How many lines they had.
   */
  forget(p: number, lost: {
    readonly streams?: ReadonlySet<string>;
    readonly after?: number;
  }): number {
    const { streams, after = Infinity } = lost;
    let lines = 0;
    this.#keep(this.#partition(p), (handed) => {
      if (handed.place === null) return true;
      if (handed.to <= after && !streams?.has(handed.place.incarnation)) {
        return true;
      }
      lines += handed.lines;
      return false;
    });
    return lines;
  }

  /** Forgets a group that will not be appended. */
  drop(p: number, dropped: Handed): void {
    this.#keep(this.#partition(p), (handed) => handed !== dropped);
  }

  /** What partitions have that is not committed. */
  *waiting(): Generator<Waiting> {
    for (const p of this.#partitions.keys()) {
      const waiting = this.waitingIn(p);
      if (waiting !== null) yield waiting;
    }
  }

  /** What partition `p` has that is not committed; `null` if nothing. */
  waitingIn(p: number): Waiting | null {
    const { queue } = this.#partition(p);
    if (queue.length === 0) return null;
    let bytes = 0;
    let rejectedBytes = 0;
    for (const handed of queue) {
      bytes += handed.bytes;
      rejectedBytes += handed.rejectedBytes;
    }
    return { p, bytes, rejectedBytes, since: queue[0].since };
  }

  /** Something is in the buffer that is not committed. */
  get waits(): boolean {
    for (const { queue } of this.#partitions.values()) {
      if (queue.some(({ place }) => place !== null)) return true;
    }
    return false;
  }

  /** Nothing is handed over that is not committed. */
  get settled(): boolean {
    for (const { queue } of this.#partitions.values()) {
      if (queue.length > 0) return false;
    }
    return true;
  }

  /** Highest number with all before it committed. */
  get ack(): number {
    return this.#below(() => true);
  }

  /** Highest number with all before it appended. */
  get buffered(): number {
    return this.#below(({ place }) => place === null);
  }

  /** Groups without numbers hold up no number. */
  #below(open: (handed: Handed) => boolean): number {
    let lowest = Infinity;
    for (const { queue } of this.#partitions.values()) {
      const first = queue.find((one) => one.from !== Infinity && open(one));
      if (first && first.from < lowest) lowest = first.from;
    }
    return lowest === Infinity ? this.#passed : lowest - 1;
  }

  #settle(partition: Partition): void {
    const { position, incarnation, lastSeq } = partition;
    this.#keep(partition, (handed) => {
      const { place, to } = handed;
      const safe = place !== null &&
        (this.rule === "number" && to > 0
          ? to <= lastSeq
          : isPassed(place, position, incarnation));
      if (safe) this.onCommitted(handed);
      return !safe;
    });
  }

  #keep(partition: Partition, stays: (handed: Handed) => boolean): void {
    partition.queue = partition.queue.filter((handed) => {
      if (stays(handed)) return true;
      this.uncommittedBytes -= handed.bytes;
      return false;
    });
  }

  #partition(p: number): Partition {
    let partition = this.#partitions.get(p);
    if (!partition) {
      partition = {
        queue: [],
        position: null,
        incarnation: null,
        lastSeq: 0,
      };
      this.#partitions.set(p, partition);
    }
    return partition;
  }
}

/** The commits of a stream have come to a place in it. */
function isPassed(
  place: Place | null,
  position: EntryId | null,
  incarnation: string | null,
): boolean {
  return place !== null && position !== null &&
    place.incarnation === incarnation &&
    compareEntryIds(place.id, position) <= 0;
}
