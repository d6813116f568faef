import { AssertionError } from "../../pipeline/domain/assert.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MS,
} from "../../pipeline/domain/time.ts";
import type { Clock, Presence } from "../../pipeline/ports.ts";
import type { SimRandom } from "./sim_random.ts";
import type { SimScheduler } from "./sim_scheduler.ts";

/** What goes wrong with one call of a port. */
export type Fault =
  | "none"
  /** Nothing is done, and the caller hears so. */
  | "before"
  /** It is done, and the caller hears that it failed. */
  | "after"
  /** The caller hears that it failed, and it is done later on. */
  | "zombie"
  /** It takes long. */
  | "delay"
  /** The process dies as it asks; what it asks may be done. */
  | "crash"
  /** It is done, and the process dies before it hears of it. */
  | "crash_after"
  /** The process stands still for longer than its leases last. */
  | "pause";

/** Decides of each call what goes wrong with it. */
export type FaultPlan = (call: {
  readonly number: number;
  /** Virtual time. */
  readonly micros: number;
  readonly process: SimProcess;
  readonly name: string;
}) => Fault;

export interface SimNetwork {
  readonly scheduler: SimScheduler;
  readonly random: SimRandom;
  readonly faults: FaultPlan;
  /** Number of the newest call, from 1. */
  calls: number;
  readonly crash: (process: SimProcess) => void;
  /** Told of what must never happen. */
  readonly onBug: (error: unknown) => void;
}

/** The store or the buffer did not do what it was asked, or did not say so. */
export class SimOutageError extends Error {
  override name = "SimOutageError";
}

/** How often a process is said to be missing, whether or not it is. */
const LIE_CHANCE = 0.3;
const LATENCY_MICROS_MAX = 900;
const DELAY_MS_MAX = 700;
const PAUSE_MS_MIN = 1_600;
const PAUSE_MS_MAX = 3_500;

/**
 * One process: all that it hears of the world comes through here, so that it
 * can be made to die (it never hears anything again) or to stand still.
 */
export class SimProcess implements Presence {
  #alive = true;
  #pausedUntil = 0;
  /** When its newest call got there: one connection keeps their order. */
  #performedAt = 0;

  constructor(
    readonly name: string,
    private readonly network: SimNetwork,
  ) {}

  get alive(): boolean {
    return this.#alive;
  }

  crash(): void {
    this.#alive = false;
  }

  pause(ms: number): void {
    const { scheduler } = this.network;
    const until = scheduler.now + ms * MICROS_PER_MS;
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
  }

  /** Knows nothing of the others, and says so of some of them. */
  missing(owners: readonly string[]): Promise<readonly string[]> {
    const { random } = this.network;
    return Promise.resolve(owners.filter(() => random.chance(LIE_CHANCE)));
  }

  /** Runs something in the process: now, once it goes on, or never. */
  enter(run: () => void): void {
    if (!this.#alive) return;
    const { scheduler } = this.network;
    if (scheduler.now < this.#pausedUntil) {
      scheduler.at(this.#pausedUntil, () => this.enter(run));
    } else run();
  }

  clock(): Clock {
    const { scheduler } = this.network;
    return {
      now: (): EpochMicros => epochMicros(scheduler.now),
      steadyMs: () => scheduler.now / MICROS_PER_MS,
      sleep: (ms, signal) => {
        if (signal?.aborted) return Promise.resolve();
        return new Promise((resolve) => {
          const wake = () => {
            signal?.removeEventListener("abort", wake);
            resolve();
          };
          scheduler.in(ms * MICROS_PER_MS, () => this.enter(wake));
          signal?.addEventListener("abort", wake);
        });
      },
    };
  }

  /** Asks something outside: a fault may be what comes of it. */
  call<T>(name: string, work: () => Promise<T>): Promise<T> {
    const { network } = this;
    const { scheduler, random } = network;
    const number = ++network.calls;
    const fault = network.faults({
      number,
      micros: scheduler.now,
      process: this,
      name,
    });
    scheduler.note(`${this.name} ${number} ${name} ${fault}`);
    const latency = () => random.between(50, LATENCY_MICROS_MAX);
    const inOrder = (micros: number, run: () => void) => {
      const at = Math.max(scheduler.now + micros, this.#performedAt);
      this.#performedAt = at;
      scheduler.at(at, run);
    };
    const late = () => random.between(5, DELAY_MS_MAX) * MICROS_PER_MS;
    const lost = () => new SimOutageError(`${name} ${number}: ${fault}`);
    return new Promise((resolve, reject) => {
      const answer = (run: () => void) =>
        scheduler.in(latency(), () => this.enter(run));
      const perform = () => {
        const done = work();
        done.then(
          (value) => {
            if (fault === "crash_after") network.crash(this);
            else if (fault === "after") answer(() => reject(lost()));
            else if (fault !== "zombie") answer(() => resolve(value));
          },
          (error) => {
            if (error instanceof AssertionError) network.onBug(error);
            answer(() => reject(error));
          },
        );
      };
      switch (fault) {
        case "before":
          return answer(() => reject(lost()));
        case "zombie":
          answer(() => reject(lost()));
          return scheduler.in(late(), perform);
        case "delay":
          return inOrder(late(), perform);
        case "crash":
          network.crash(this);
          if (random.chance(0.5)) inOrder(latency(), perform);
          return;
        case "pause":
          this.pause(random.between(PAUSE_MS_MIN, PAUSE_MS_MAX));
          return inOrder(latency(), perform);
        default:
          return inOrder(latency(), perform);
      }
    });
  }
}
