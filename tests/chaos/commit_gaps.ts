import type { FaultRecord } from "./faults.ts";

/** A time in which a feed waited and heard of no commit. */
interface Gap {
  readonly from: number;
  readonly to: number;
  /** Port of the program that it was connected to when it began. */
  readonly port: number;
}

/** Shorter ones are no gaps but the beat of commits. */
const GAP_MS_MIN = 300;
/** A fault that ended so recently may still be the cause. */
const AFTER_MS = 3_000;

/** How long feeds waited for commits, and which faults were under way then. */
export class CommitGaps {
  readonly #last: ({ readonly at: number; readonly port: number } | null)[];
  readonly #gaps: Gap[] = [];

  constructor(feeds: number) {
    this.#last = Array(feeds).fill(null);
  }

  /** The ack of a feed rose, at the program that listens on a port. */
  onAck(feed: number, port: number, now = performance.now()): void {
    const last = this.#last[feed];
    this.#last[feed] = { at: now, port };
    if (last !== null && now - last.at >= GAP_MS_MIN) {
      this.#gaps.push({ from: last.at, to: now, port: last.port });
    }
  }

  /** A pause of the load's own making is no gap. */
  forget(): void {
    this.#last.fill(null);
  }

  /**
   * Longest gap in ms by kind of fault; `none` where no fault was near. Feeds
   * that speak to the very program that is paused have to wait for it, whoever
   * makes the candles: they are `pause app, its feeds`.
   */
  longest(faults: readonly FaultRecord[]): Readonly<Record<string, number>> {
    const longest: Record<string, number> = {};
    for (const { from, to, port } of this.#gaps) {
      const cause = faults.findLast((fault) =>
        fault.from <= to && fault.to >= from
      ) ?? faults.findLast((fault) =>
        fault.to <= from && fault.to + AFTER_MS >= from
      );
      const waits = cause?.kind === "pause app" && cause.port === port;
      const kind = waits ? "pause app, its feeds" : cause?.kind ?? "none";
      longest[kind] = Math.max(longest[kind] ?? 0, Math.round(to - from));
    }
    return longest;
  }
}
