import type { Ingest } from "../pipeline/feeds/ingest.ts";
import {
  BEFORE_FIRST,
  type Clock,
  compareEntryIds,
  type LayoutStore,
  type LeaseStore,
  type MayWait,
} from "../pipeline/ports.ts";
import { epochMicros, MICROS_PER_MS } from "../pipeline/domain/time.ts";
import {
  type DivideOptions,
  divideStep,
  reopenStreams,
} from "./divide_partitions.ts";

/** What one process does at a time. */
export const DIVIDE_TASK = "divide";

/** From one look to when the next one may go with others, and has to go. */
const REST_MS = 400;
const WAIT_MS = 700;
/** As feeds are to wait for a division together. */
const FEED_WAIT_MS = 150;
/** While partitions are to be divided, and feeds wait for it. */
const BUSY_MS = 50;
/** Its row may be gone, and is waited for while partitions are divided. */
const SAY_EVERY_MS = { idle: 10_000, wanted: 1_000 };
const RETIRE_EVERY_MS = 60_000;

export interface FollowLayoutOptions extends Omit<DivideOptions, "store"> {
  readonly store: Pick<
    LayoutStore,
    "state" | "nodes" | "say" | "positions" | "divide"
  >;
  /** As whom this process holds leases. */
  readonly owner: string;
  readonly leases: Pick<LeaseStore, "hold" | "release">;
  /** Takes ticks in; `null` without the role. */
  readonly ingest: Pick<Ingest, "hold" | "resume" | "followLayout"> | null;
  /** It makes candles, and may be the one that divides. */
  readonly divides: boolean;
  /** For so long streams of before a division stay. */
  readonly retentionMs: number;
  readonly clock: Clock;
}

/**
 * Keeps this process to the number of partitions that the warehouse has, and
 * takes part when they are divided. Runs until aborted.
 */
export async function followLayout(
  options: FollowLayoutOptions,
  signal: AbortSignal,
): Promise<void> {
  const follower = new LayoutFollower(options);
  await follower.run(signal);
}

class LayoutFollower {
  /** What this process has said, and when. */
  #said = "";
  #saidAtMs = -Infinity;
  #holding: AbortController | null = null;
  #holds = false;
  /** Streams may be sealed, by this process or by one of before. */
  #mayBeSealed = true;
  /** Since nobody wanted a division, whoever did it. */
  #wasWanted = false;
  #retiredAtMs = -Infinity;
  #mayWait: MayWait | undefined;

  constructor(private readonly options: FollowLayoutOptions) {}

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, ingest } = this.options;
    let failed = false;
    while (!signal.aborted) {
      let wanted = false;
      try {
        wanted = await this.#round();
        failed = false;
      } catch (error) {
        if (!failed) {
          log.warn("Cannot follow how many partitions there are", {
            error: String(error),
          });
        }
        failed = true;
      }
      const ms = ingest ? FEED_WAIT_MS : WAIT_MS;
      this.#mayWait = wanted ? undefined : { ms, signal };
      await clock.sleep(wanted ? BUSY_MS : REST_MS, signal);
    }
    this.#holding?.abort();
    ingest?.resume();
  }

  /** @returns Whether a division is asked for. */
  async #round(): Promise<boolean> {
    const { store, layout, ingest, divides, leases, owner } = this.options;
    const state = await store.state(this.#mayWait);
    const { divisions, wanted } = state;
    layout.become(divisions);
    await ingest?.followLayout();
    if (wanted === null) this.#goOn();
    else this.#hold();
    await this.#say(SAY_EVERY_MS[wanted === null ? "idle" : "wanted"]);
    if (!divides) return wanted !== null;
    if (wanted !== null) {
      this.#wasWanted = true;
      if (!await leases.hold(DIVIDE_TASK, owner)) return true;
      const wasSealed = this.#mayBeSealed;
      this.#mayBeSealed = true;
      const result = await divideStep(this.options, state);
      if (result === "waits") {
        // What is waited for may need marks that pass what was lost.
        this.#mayBeSealed = wasSealed;
        await this.#reopen();
      }
      if (result !== "divided") return true;
      await leases.release(DIVIDE_TASK, owner);
      await ingest?.followLayout();
      this.#goOn();
    } else {
      this.#mayBeSealed ||= this.#wasWanted;
      await this.#reopen();
      this.#wasWanted = false;
    }
    await this.#retire();
    return false;
  }

  async #reopen(): Promise<void> {
    if (!this.#mayBeSealed) return;
    await reopenStreams(this.options);
    this.#mayBeSealed = false;
  }

  #hold(): void {
    const { ingest } = this.options;
    if (ingest === null || this.#holding !== null) return;
    const holding = this.#holding = new AbortController();
    ingest.hold(holding.signal).then(() => {
      if (this.#holding === holding && !holding.signal.aborted) {
        this.#holds = true;
      }
    });
  }

  #goOn(): void {
    this.#holding?.abort();
    this.#holding = null;
    this.#holds = false;
    this.options.ingest?.resume();
  }

  /** Says what it knows of; again now and then, as it may be taken for gone. */
  async #say(everyMs: number): Promise<void> {
    const { store, layout, owner, clock } = this.options;
    const what = { stream: layout.now.tag, holds: this.#holds };
    const text = JSON.stringify(what);
    const ageMs = clock.steadyMs() - this.#saidAtMs;
    if (text === this.#said && ageMs < everyMs) return;
    if (!await store.say(owner, what)) return;
    this.#said = text;
    this.#saidAtMs = clock.steadyMs();
  }

  /** Forgets what is old of the streams of before: all of it is in candles. */
  async #retire(): Promise<void> {
    const { layout, buffer, clock, retentionMs } = this.options;
    const nowMs = clock.steadyMs();
    if (nowMs - this.#retiredAtMs < RETIRE_EVERY_MS) return;
    this.#retiredAtMs = nowMs;
    const before = epochMicros(clock.now() - retentionMs * MICROS_PER_MS);
    for (const { partitions, tag } of layout.past) {
      const streams = buffer.ofDivision(tag);
      for (let p = 0; p < partitions; p++) {
        const through = await streams.newestBefore(p, before);
        if (compareEntryIds(through, BEFORE_FIRST) > 0) {
          await streams.trim(p, through);
        }
      }
    }
  }
}
