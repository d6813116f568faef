import type {
  Delivery,
  EntryKind,
  FeedKey,
  SeqGap,
  StreamEntry,
} from "../domain/entry.ts";
import { MICROS_PER_MS } from "../domain/time.ts";
import type { WaitSketch } from "../domain/wait_sketch.ts";
import type { AppendResult, Clock, Log, TickBuffer } from "../ports.ts";
import type { AckTracker, Handed, Place } from "./ack_tracker.ts";
import {
  dropAppended,
  dropReadmissions,
  EntryDraft,
  type SealedDraft,
} from "./entry_draft.ts";

/** Appends on their way at a time, in one chain. */
const PIPELINE_DEPTH = 4;
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 100;

export interface ChainOptions {
  readonly p: number;
  readonly key: FeedKey;
  readonly delivery: Delivery;
  /** Name of this process, for its entries. */
  readonly node: string;
  readonly replay: boolean;
  readonly buffer: TickBuffer;
  readonly tracker: AckTracker;
  readonly clock: Clock;
  readonly log: Log;
  /** Gives up on what is not appended. */
  readonly signal: AbortSignal;
  /** Where the chain stands in the buffer. */
  readonly bufferLast: number;
  /** Highest number that is in the buffer or was committed. */
  readonly last: number;
  /** From the first line of an entry to its place in the buffer. */
  readonly waits?: WaitSketch;
  /** Called when something was appended. */
  readonly onAppended: () => void;
  /** Called when the stream takes no more. */
  readonly onSealed: () => void;
  /**
   * Called when numbers that were appended are gone from the buffer: those
   * above the one given. A feed with acks must not go on then.
   */
  readonly onLost: (last: number) => void;
}

type Outcome = AppendResult | { readonly kind: "failed" };

/** A draft, and the how manyth that was sealed here: the same if tried again. */
interface Sealed {
  readonly draft: SealedDraft;
  readonly n: number;
}

interface Sending {
  readonly sealed: Sealed;
  readonly expectLast: number;
  readonly newLast: number;
  readonly outcome: Promise<Outcome>;
}

/**
 * Appends one feed's lines to one partition, in order and without a hole.
 *
 * Several appends may be on their way; each names the number that it follows,
 * so if one fails those after it do, and all are tried again in order. What
 * another writer appended in between is found by asking the buffer where the
 * chain stands, and left out.
 *
 * An append whose answer got lost is asked for again under its own `n`, which
 * the buffer answers without doing it twice. It takes any `n` up to the newest
 * one for done, so a later one must never be done before an earlier one. With
 * numbers the chain sees to that. An entry without numbers does not bring the
 * chain on, and what came behind it would be done although it was refused: so
 * nothing is sent behind such an entry until it is answered. That keeps opens,
 * closes and counts in their place among the lines, too.
 *
 * An append that reaches the buffer long after its connection broke is either
 * known by its `n` then, or follows a number that the chain has left.
 */
export class ChainWriter {
  readonly draft: EntryDraft;
  /** Highest number that was taken here: lower ones are duplicates. */
  last: number;
  /**
   * Of a feed with acks: highest number that another writer may have appended.
   * What it made of the lines up to there is not known here, so none of those
   * that were rejected is taken back.
   */
  #elsewhere: number;
  /** Bytes of lines that are not in the buffer. */
  unappendedBytes = 0;
  /** Lines that are not in the buffer. */
  unappendedLines = 0;
  /** What kept the last append from the buffer, until one goes through. */
  trouble: string | null = null;
  /** Chain position after everything that is on its way. */
  #chainLast: number;
  readonly #writer = crypto.randomUUID();
  #sealed = 0;
  #waiting: Sealed[] = [];
  #sending: Sending[] = [];
  #pumping = false;
  #failures = 0;
  /** The stream takes no more: what is left here must go elsewhere. */
  #sealedOff = false;
  #idleWaiters: (() => void)[] = [];

  constructor(private readonly options: ChainOptions) {
    this.draft = new EntryDraft(options.delivery);
    this.last = options.last;
    this.#elsewhere = this.#acked ? options.last : -Infinity;
    this.#chainLast = options.bufferLast;
  }

  get p(): number {
    return this.options.p;
  }

  /** Nothing is drafted, waiting or on its way. */
  get idle(): boolean {
    return this.draft.empty && !this.#pumping && this.#waiting.length === 0;
  }

  /** What is left here waits for another stream, or for this one. */
  get sealedOff(): boolean {
    return this.#sealedOff;
  }

  /** The group that the draft's next line belongs to. */
  handed(): Handed {
    const { draft } = this;
    if (draft.handed === null) {
      draft.since = this.options.clock.now();
      draft.handed = this.options.tracker.hand(this.p, draft.since);
    }
    return draft.handed;
  }

  /**
   * Takes note of a line that was put into the draft: its bytes, and its number
   * in the chain or Infinity.
   */
  count(number: number, bytes: number): void {
    this.options.tracker.add(this.handed(), number, bytes);
    this.unappendedBytes += bytes;
    this.unappendedLines += 1;
    this.draft.received += 1;
    if (number !== Infinity) this.#advance(number);
  }

  /** The same of a line that is rejected. */
  countReject(number: number, bytes: number): void {
    this.handed().rejectedBytes += bytes;
    this.count(number, bytes);
  }

  /** Takes note of a line that is in the stream already. */
  countDuplicate(): void {
    this.unappendedLines += 1;
    this.draft.received += 1;
    this.draft.duplicates += 1;
  }

  /** Says that numbers are missing for good. */
  addGap(gap: SeqGap): void {
    this.draft.addGap(gap);
    this.options.tracker.addNumber(this.handed(), gap.from);
    this.options.tracker.addNumber(this.handed(), gap.to);
    this.#advance(gap.to);
  }

  #advance(number: number): void {
    if (number <= this.last) return;
    this.last = number;
    this.draft.chainTo = number;
  }

  /** Another writer has brought the chain this far, maybe. */
  reached(last: number): void {
    if (last <= this.last) return;
    this.last = last;
    this.#elsewhere = last;
  }

  /** Whether a line that was rejected here may be taken back. */
  mayReadmit(number: number): boolean {
    return number > this.#elsewhere;
  }

  /** Sends off the draft, if there is something in it. */
  flush(): void {
    if (!this.draft.empty) this.#seal("ticks");
  }

  /** Appends an entry that only says something of the feed. */
  say(kind: EntryKind): void {
    this.flush();
    this.#seal(kind);
  }

  #seal(kind: EntryKind): void {
    const handed = this.handed();
    const draft = this.draft.seal(kind, handed);
    this.#waiting.push({ draft, n: ++this.#sealed });
    this.#pump();
  }

  /** Resolves once everything sealed is appended or given up. */
  whenIdle(): Promise<void> {
    if (!this.#pumping) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.options.signal.aborted && !this.#sealedOff) {
      this.#send();
      if (this.#sending.length === 0) break;
      const outcome = await this.#sending[0].outcome;
      if (outcome.kind === "appended") this.#appended(outcome);
      else if (outcome.kind === "sealed") await this.#sealOff();
      else await this.#recover();
    }
    this.#pumping = false;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  #send(): void {
    while (this.#waiting.length > 0 && this.#maySend) {
      const sealed = this.#waiting.shift()!;
      const { draft } = sealed;
      const expectLast = this.#chainLast;
      if (this.#acked && draft.handed.from <= expectLast) {
        dropAppended(draft, expectLast);
      }
      dropReadmissions(draft, this.#elsewhere);
      const newLast = Math.max(expectLast, draft.chainTo);
      this.#chainLast = newLast;
      const outcome = this.#append(sealed, expectLast, newLast);
      this.#sending.push({ sealed, expectLast, newLast, outcome });
    }
  }

  get #maySend(): boolean {
    const newest = this.#sending.at(-1);
    if (newest === undefined) return true;
    return this.#sending.length < PIPELINE_DEPTH &&
      newest.newLast > newest.expectLast;
  }

  get #acked(): boolean {
    return this.options.delivery === "acked";
  }

  async #append(
    { draft, n }: Sealed,
    expectLast: number,
    newLast: number,
  ): Promise<Outcome> {
    const { p, key, buffer, log } = this.options;
    try {
      return await buffer.append({
        p,
        key,
        expectLast,
        newLast,
        entry: this.#entryOf(draft),
        from: { writer: this.#writer, n },
      });
    } catch (error) {
      // Once an outage: a buffer that is away is tried again many times.
      if (this.trouble === null) {
        log.warn("Cannot append to the buffer, will try again", {
          p,
          feed: key.feed,
          error: String(error),
        });
      }
      this.trouble = String(error);
      return { kind: "failed" };
    }
  }

  #entryOf(draft: SealedDraft): StreamEntry {
    const { key, delivery, node, replay, clock } = this.options;
    return {
      kind: draft.kind,
      key,
      delivery,
      node,
      replay,
      receivedAt: clock.now(),
      received: draft.received,
      duplicates: draft.duplicates,
      symbols: draft.symbols,
      ticks: draft.ticks,
      rejects: draft.rejects,
      readmitted: draft.readmissions.map(({ seq }) => seq),
      gaps: draft.gaps,
    };
  }

  #appended(place: Place): void {
    const { sealed } = this.#sending.shift()!;
    this.#failures = 0;
    this.trouble = null;
    this.#done(sealed, place);
  }

  #done({ draft }: Sealed, { id, incarnation }: Place): void {
    this.unappendedBytes -= draft.handed.bytes;
    this.unappendedLines -= draft.received;
    if (draft.received > 0) {
      const waited = this.options.clock.now() - draft.since;
      this.options.waits?.add(waited / MICROS_PER_MS, draft.received);
    }
    this.options.tracker.appended(this.p, draft.handed, { id, incarnation });
    this.options.onAppended();
  }

  /** The stream takes appends again: goes on with what is left. */
  reopen(): void {
    if (!this.#sealedOff) return;
    this.#sealedOff = false;
    this.#pump();
  }

  /** What is not in the stream never will be. */
  giveUp(): void {
    this.flush();
    for (const { draft } of this.#waiting.splice(0)) {
      this.options.tracker.drop(this.p, draft.handed);
    }
    this.unappendedBytes = 0;
    this.unappendedLines = 0;
  }

  /** Nothing more gets in, of what is behind either. */
  async #sealOff(): Promise<void> {
    await Promise.all(this.#sending.map(({ outcome }) => outcome));
    this.#waiting.unshift(...this.#sending.map(({ sealed }) => sealed));
    this.#chainLast = this.#sending[0].expectLast;
    this.#sending = [];
    this.#sealedOff = true;
    this.options.onSealed();
  }

  /**
   * An append was refused or its fate is unknown: waits for those behind it,
   * asks where the chain stands, and puts back what is not in the stream.
   */
  async #recover(): Promise<void> {
    const { p, key, buffer, clock, log, signal, delivery } = this.options;
    const outcomes = await Promise.all(this.#sending.map((s) => s.outcome));
    const sent = this.#sending;
    this.#sending = [];
    for (;;) {
      if (this.#failures > 0 || outcomes[0].kind === "failed") {
        const back = buffer.back?.();
        await clock.sleep(
          this.#retryMs(),
          back ? AbortSignal.any([signal, back]) : signal,
        );
      }
      this.#failures += 1;
      if (signal.aborted) return;
      try {
        const last = await buffer.lastSeq(p, key);
        const newest = {
          id: await buffer.newest(p),
          incarnation: await buffer.incarnation(p),
        };
        this.#rebase(sent, outcomes, { last, newest });
        return;
      } catch (error) {
        if (this.trouble === null) {
          log.warn("Cannot ask the buffer where a feed stands", {
            p,
            feed: key.feed,
            delivery,
            error: String(error),
          });
        }
        this.trouble = String(error);
      }
    }
  }

  #retryMs(): number {
    const ms = Math.min(RETRY_MS_MIN * 2 ** this.#failures, RETRY_MS_MAX);
    return ms * (0.5 + Math.random() / 2);
  }

  /** Goes on from where the chain stands. */
  #rebase(
    sent: readonly Sending[],
    outcomes: readonly Outcome[],
    { last, newest }: { readonly last: number; readonly newest: Place },
  ): void {
    let reached = sent[0].expectLast;
    const back: Sealed[] = [];
    sent.forEach(({ sealed, newLast }, i) => {
      const outcome = outcomes[i];
      if (outcome.kind === "appended") {
        reached = newLast;
        this.#done(sealed, outcome);
      } else back.push(sealed);
    });
    if (last < reached) {
      this.options.onLost(last);
      if (this.#acked) return;
    }
    this.#waiting.unshift(...back);
    this.#chainLast = last;
    if (this.#acked && last > reached) {
      this.#elsewhere = Math.max(this.#elsewhere, last);
    }
    if (last > this.last) this.#takenElsewhere(last, newest);
  }

  /**
   * Another writer has appended numbers that did not come here: those that do
   * are duplicates, and safe once the warehouse has them.
   */
  #takenElsewhere(last: number, newest: Place): void {
    if (this.#acked) {
      const { tracker, clock } = this.options;
      const theirs = tracker.hand(this.p, clock.now());
      tracker.addNumber(theirs, this.last + 1);
      tracker.addNumber(theirs, last);
      tracker.appended(this.p, theirs, newest);
    }
    this.last = last;
  }
}
