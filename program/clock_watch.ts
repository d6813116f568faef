import { type EpochMicros, epochMicros } from "../pipeline/domain/time.ts";

/** A step of the clock that is worth telling; smaller ones are its upkeep. */
const STEP_MS_MIN = 1_000;
/** The clocks are known to half of it, which must be well below what is told. */
const ANSWER_MICROS_MAX = 1_000_000;
/** For how long a step is told. */
const TELL_MS = 3_600_000;

/** A clock that was set: by how much, and when. */
export interface ClockStep {
  readonly ms: number;
  readonly at: EpochMicros;
}

/**
 * Watches this machine's clock: whether somebody sets it, by a clock that
 * nobody can set, and how far it is from the warehouse's.
 */
export class ClockWatch {
  /** Ours less the warehouse's, in milliseconds; `null` if not known. */
  aheadMs: number | null = null;
  #offset: number | null = null;
  #step: ClockStep | null = null;

  /**
   * @param wall The clock that people set.
   * @param steady Milliseconds from any moment on, which nobody sets.
   */
  constructor(
    private readonly wall: () => EpochMicros,
    private readonly steady: () => number,
  ) {}

  /** To be called every second or so. */
  look(): void {
    const offset = this.wall() / 1_000 - this.steady();
    const before = this.#offset;
    this.#offset = offset;
    if (before === null || Math.abs(offset - before) < STEP_MS_MIN) return;
    this.#step = { ms: offset - before, at: this.wall() };
  }

  /** The newest step of the last hour, or `null`. */
  get step(): ClockStep | null {
    const step = this.#step;
    if (step === null) return null;
    const age = (this.wall() - step.at) / 1_000;
    return age >= 0 && age < TELL_MS ? step : null;
  }

  /**
   * The warehouse said its time in answer to what was asked at `askedAt`. One
   * that was under way for long, as where a process stood still, says little of
   * the clocks and is left out.
   */
  compare(askedAt: EpochMicros, theirs: EpochMicros): void {
    const answeredAt = this.wall();
    if (answeredAt - askedAt > ANSWER_MICROS_MAX) return;
    const middle = epochMicros(Math.round((askedAt + answeredAt) / 2));
    this.aheadMs = (middle - theirs) / 1_000;
  }
}
