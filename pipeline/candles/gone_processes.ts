import { ROUNDS_A_LEASE } from "./heartbeat_rounds.ts";
import type { Heartbeat, Log, Presence } from "../ports.ts";

export interface GoneProcessesOptions {
  readonly owner: string;
  readonly leaseMs: number;
  /** Knows sooner than the leases which processes are gone. */
  readonly presence?: Presence;
  /**
   * Called once for each process that is gone: by those that saw it alive, or
   * by the only one that is left.
   */
  readonly onGone?: () => void;
  readonly log: Log;
}

/** Rounds without a word, after which a process that is missing is gone. */
const SILENT_ROUNDS = 1.5;
/** Pause before looking again at a process that may be gone. */
const SUSPECT_MS = 100;
/** After the moment at which a silent process counts as gone. */
const AFTER_MS = 5;

/** What one look found of the other processes. */
export interface Look {
  /** Gone, though their leases have not run out yet. */
  readonly gone: ReadonlySet<string>;
  readonly alive: readonly Heartbeat[];
  /** Milliseconds after which there is something to look at. */
  readonly againMs: number;
}

/** Sees by their heartbeats and by Redis which of the others are gone. */
export class GoneProcesses {
  /** Told of before. */
  #gone: ReadonlySet<string> = new Set();
  /** At the last look. */
  #alive: ReadonlySet<string> = new Set();

  constructor(private readonly options: GoneProcessesOptions) {}

  /** @param beats Of all processes; this one may be among them. */
  async look(beats: readonly Heartbeat[]): Promise<Look> {
    const { owner, presence, leaseMs, onGone, log } = this.options;
    const others = beats.filter((beat) => beat.owner !== owner);
    const missing = new Set(
      presence && others.length > 0
        ? await presence.missing(others.map(({ owner }) => owner))
        : [],
    );
    // One that is alive has said so within a round.
    const spokenMs = leaseMs * (1 - SILENT_ROUNDS / ROUNDS_A_LEASE);
    const gone = new Set(
      others.filter(({ owner, leftMs }) =>
        missing.has(owner) && leftMs <= spokenMs
      ).map(({ owner }) => owner),
    );
    const alive = others.filter(({ owner }) => !gone.has(owner));
    for (const owner of gone) {
      if (this.#gone.has(owner)) continue;
      log.warn("A process is gone; what it held is free", { owner });
      if (this.#alive.has(owner) || alive.length === 0) onGone?.();
    }
    this.#gone = gone;
    this.#alive = new Set(alive.map(({ owner }) => owner));
    return {
      gone,
      alive,
      againMs: Math.min(
        missing.size > gone.size ? SUSPECT_MS : Infinity,
        ...alive.map(({ leftMs }) => leftMs + AFTER_MS),
      ),
    };
  }
}
