import type { Clock } from "../pipeline/ports.ts";
import { timedAwake } from "./awake_time.ts";

/** Times that the slowest of the newest calls is to fit into half a lease. */
const SLOW_TIMES = 3;
const SLOW_MS_MAX = 15_000;
/** What is left of a slow call with each one after it. */
const KEPT = 0.9;

/**
 * How long a lease lasts, in milliseconds: as it is set, and longer where the
 * database answers slowly, or a lease would be over before it could be used.
 */
export class LeaseTerm {
  #slowMs = 0;

  constructor(
    private readonly leaseMs: number,
    private readonly clock: Clock,
  ) {}

  get ms(): number {
    const slowMs = Math.min(SLOW_TIMES * this.#slowMs, SLOW_MS_MAX);
    return Math.max(this.leaseMs, this.leaseMs / 2 + slowMs);
  }

  /** Does a call to the database, and learns from it how long one takes. */
  async learn<T>(call: () => Promise<T>): Promise<T> {
    const { result, ms } = await timedAwake(call, this.clock);
    this.#slowMs = Math.max(ms, KEPT * this.#slowMs);
    return result;
  }
}
