import { type FeedKey, feedOrder, type StreamEntry } from "../domain/entry.ts";
import type { Reject, RejectReason } from "../domain/tick.ts";
import { type EpochMicros, epochMicros } from "../domain/time.ts";
import type { EntryId, FeedTotals } from "../ports.ts";
import type { BookChange } from "./book_change.ts";
import type { EntryFold } from "./fold_entry.ts";

/**
 * The books of a feed: every line is accepted, duplicate or rejected; and from
 * when to when it covers its instruments.
 */
export class FeedBook {
  /** Its number in the order of ticks. */
  readonly order: number;
  readonly totals: { -readonly [K in keyof FeedTotals]: FeedTotals[K] };

  constructor(totals: FeedTotals) {
    this.order = feedOrder(totals.key);
    this.totals = { ...totals };
  }

  static ofNone(key: FeedKey): FeedBook {
    return new FeedBook({
      key,
      delivery: "best_effort",
      replay: false,
      connected: false,
      node: "",
      lastSeq: 0,
      received: 0,
      accepted: 0,
      duplicates: 0,
      rejected: 0,
      coveredFrom: null,
      coveredTo: null,
      lastEvent: null,
      awaySince: null,
    });
  }

  /** It is what an entry says of it. */
  describedBy({ delivery, node, replay }: StreamEntry): void {
    this.totals.delivery = delivery;
    this.totals.node = node;
    this.totals.replay = replay;
  }

  /**
   * Every tick of an entry was applied from an older stream: this one was begun
   * anew, and the feed has sent again what it had no ack for.
   */
  hasApplied(entry: StreamEntry): boolean {
    return entry.ticks.length > 0 &&
      (highestSeq(entry) ?? 0) <= this.totals.lastSeq;
  }

  /** Counts an entry's lines; those that make no candle go to quarantine. */
  count(
    id: EntryId,
    entry: StreamEntry,
    fold: EntryFold,
    refusals: readonly Reject[],
    change: BookChange,
  ): void {
    const { totals } = this;
    const { key } = totals;
    const accepted = entry.ticks.length - fold.refused.length -
      fold.duplicates;
    // A stream that was begun anew may bring lines that were rejected before.
    const known = totals.delivery === "acked" ? totals.lastSeq : -Infinity;
    const { rejects, receivedAt } = entry;
    let again = 0;
    const counts = new Map<RejectReason, number>();
    const keep = (index: number, reject: Reject) => {
      change.quarantine.push({ entryId: id, index, key, receivedAt, reject });
      counts.set(reject.reason, (counts.get(reject.reason) ?? 0) + 1);
    };
    for (let index = 0; index < rejects.length; index++) {
      const { seq } = rejects[index];
      if (seq === null || seq < 1 || seq > known) keep(index, rejects[index]);
      else again++;
    }
    for (const [i, { index }] of fold.refused.entries()) {
      keep(rejects.length + index, refusals[i]);
    }
    const rejected = rejects.length - again + fold.refused.length;
    for (const [reason, count] of counts) {
      change.countRejects(totals, reason, count);
    }
    // Whose counts by reason the store lowers, as it knows the rows.
    for (const seq of entry.readmitted) change.readmitted.push({ key, seq });
    totals.rejected -= entry.readmitted.length;
    totals.received += entry.received;
    totals.accepted += accepted;
    totals.duplicates += entry.duplicates + fold.duplicates + again;
    totals.lastSeq = totals.delivery === "acked"
      ? Math.max(totals.lastSeq, highestSeq(entry) ?? 0)
      : totals.lastSeq + accepted + rejected - entry.readmitted.length;
    change.feeds.add(this);
  }

  /** Notes from when on it covers its instruments, and its gaps. */
  cover(entry: StreamEntry, fold: EntryFold, change: BookChange): void {
    const { totals } = this;
    const first = firstSeen(entry, fold);
    for (const seq of entry.gaps) {
      const to = first ?? entry.receivedAt;
      const from = totals.lastEvent === null
        ? to
        : epochMicros(Math.min(totals.lastEvent, to));
      change.gaps.push({ key: totals.key, kind: "missing", seq, from, to });
      totals.coveredFrom = null;
      totals.coveredTo = null;
    }
    if (first !== null) this.#present(first, change);
    const { length, columns: { lastTs } } = fold.folds;
    let last: number = totals.lastEvent ?? -Infinity;
    for (let f = 0; f < length; f++) if (lastTs[f] > last) last = lastTs[f];
    if (length > 0) totals.lastEvent = epochMicros(last);
    change.feeds.add(this);
  }

  connect(change: BookChange): void {
    this.totals.connected = true;
    // What an acked feed has not had acked, it sends again.
    if (this.totals.delivery === "acked") this.totals.coveredTo = null;
    change.feeds.add(this);
  }

  disconnect(at: EpochMicros, change: BookChange): void {
    const { totals } = this;
    totals.connected = false;
    if (totals.delivery === "acked" && !totals.replay) {
      totals.awaySince ??= at;
    }
    this.coverUpToLastEvent(change);
  }

  /** It covers its instruments up to its last tick, and no further. */
  coverUpToLastEvent(change: BookChange): void {
    const { totals } = this;
    if (totals.coveredFrom !== null && totals.coveredTo === null) {
      totals.coveredTo = totals.lastEvent ?? totals.coveredFrom;
    }
    change.feeds.add(this);
  }

  /** It has shown, by a line of that event time, that it is there. */
  #present(ts: EpochMicros, change: BookChange): void {
    const { totals } = this;
    totals.connected = true;
    if (totals.coveredFrom === null) {
      totals.coveredFrom = ts;
      totals.coveredTo = null;
    } else if (totals.coveredTo !== null) {
      if (totals.delivery === "acked") {
        totals.coveredTo = null;
      } else if (ts > totals.coveredTo) {
        const { key, coveredTo: from } = totals;
        if (!totals.replay) {
          change.gaps.push({ key, kind: "outage", seq: null, from, to: ts });
        }
        totals.coveredFrom = ts;
        totals.coveredTo = null;
      }
    }
  }
}

/** Highest number that an entry takes of the feed's chain, if any. */
function highestSeq(entry: StreamEntry): number | null {
  let highest = -1;
  const { seq, length } = entry.ticks;
  for (let i = 0; i < length; i++) if (seq[i] > highest) highest = seq[i];
  for (const reject of entry.rejects) {
    if (reject.seq !== null && reject.seq > highest) highest = reject.seq;
  }
  for (const { to } of entry.gaps) if (to > highest) highest = to;
  return highest < 0 ? null : highest;
}

/**
 * Event time at which the feed was first seen in an entry. What it sent out of
 * hours tells as well: a feed that was there before the session opened covers
 * the session's first candle.
 */
function firstSeen(entry: StreamEntry, fold: EntryFold): EpochMicros | null {
  let first = fold.first < 0 ? Infinity : entry.ticks.ts[fold.first];
  for (const { reason, ts } of entry.rejects) {
    if (reason === "closed_session" && ts !== null && ts < first) first = ts;
  }
  return first === Infinity ? null : epochMicros(first);
}
