import type { StreamEntry } from "../domain/entry.ts";
import { furtherMinutes } from "../domain/minute_spread.ts";
import type { EpochMicros } from "../domain/time.ts";

/** Most of one commit, beyond its first entry. */
export interface CommitLimits {
  /** Lines that were rejected, which are kept word by word. */
  readonly rejectsMax: number;
  /** As `furtherMinutes`: candles of the past, each with its time. */
  readonly furtherMinutesMax: number;
}

/** Ticks of one entry, and when they came. */
export interface Waited {
  readonly receivedAt: EpochMicros;
  readonly ticks: number;
}

/** How much is applied and not committed. */
export class CommitInHand {
  #entries = 0;
  #rejects = 0;
  #furtherMinutes = 0;
  #waited: Waited[] = [];

  get empty(): boolean {
    return this.#entries === 0;
  }

  /** Adds an entry, if one commit may have it with those before it. */
  tryAdd(entry: StreamEntry, limits: CommitLimits): boolean {
    const { rejectsMax, furtherMinutesMax } = limits;
    const rejects = this.#rejects + entry.rejects.length;
    const minutes = this.#furtherMinutes +
      (furtherMinutesMax < Infinity ? furtherMinutes(entry.ticks) : 0);
    if (!this.empty && (rejects > rejectsMax || minutes > furtherMinutesMax)) {
      return false;
    }
    this.#entries++;
    this.#rejects = rejects;
    this.#furtherMinutes = minutes;
    const { receivedAt, ticks } = entry;
    if (ticks.length > 0) {
      this.#waited.push({ receivedAt, ticks: ticks.length });
    }
    return true;
  }

  /** It is committed: gives what waited for it, and begins anew. */
  clear(): readonly Waited[] {
    const waited = this.#waited;
    this.#entries = 0;
    this.#rejects = 0;
    this.#furtherMinutes = 0;
    this.#waited = [];
    return waited;
  }
}
