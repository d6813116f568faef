import type { FaultRecord } from "./faults.ts";

/** A time in which a feed waited and heard of no commit. */
interface Gap {
  readonly from: number;
  readonly to: number;
}

/** Shorter ones are no gaps but the beat of commits. */
const GAP_MS_MIN = 300;
/** A fault that ended so recently may still be the cause. */
const AFTER_MS = 3_000;

/** How long feeds waited for commits, and which faults were under way then. */
export class CommitGaps {
  readonly #last: (number | null)[];
  readonly #gaps: Gap[] = [];

  constructor(feeds: number) {
    this.#last = Array(feeds).fill(null);
  }

  /** A feed's ack rose. */
  onAck(feed: number, now = performance.now()): void {
    const from = this.#last[feed];
    this.#last[feed] = now;
    if (from !== null && now - from >= GAP_MS_MIN) {
      this.#gaps.push({ from, to: now });
    }
  }

  /** A pause of the load's own making is no gap. */
  forget(): void {
    this.#last.fill(null);
  }

  /** Longest gap in ms by kind of fault; `none` where no fault was near. */
  longest(faults: readonly FaultRecord[]): Readonly<Record<string, number>> {
    const longest: Record<string, number> = {};
    for (const { from, to } of this.#gaps) {
      const cause = faults.find((fault) =>
        fault.from <= to && fault.to + AFTER_MS >= from
      );
      const kind = cause?.kind ?? "none";
      longest[kind] = Math.max(longest[kind] ?? 0, Math.round(to - from));
    }
    return longest;
  }
}
