import type { EpochMicros } from "../pipeline/domain/time.ts";
import type { Clock, Log, MayWait, NodeStore } from "../pipeline/ports.ts";

/** From one look to when the next one may go with others, and has to go. */
const REST_MS = 700;
const WAIT_MS = 500;

/** A part that gives its work away, and takes work again. */
export interface Drainable {
  drain(): Promise<void> | void;
  resume(): void;
}

export interface DrainOptions {
  /** As whom this process holds leases. */
  readonly owner: string;
  readonly node: string;
  readonly roles: readonly string[];
  readonly startedAt: EpochMicros;
  readonly nodes: Pick<NodeStore, "beat">;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Whether this process is to have no work, which somebody said by its name;
 * and says that it is there.
 */
export class Drain {
  #parts: readonly Drainable[] = [];
  #drained = false;
  /** What was said last, being done. */
  #work: Promise<void> = Promise.resolve();

  constructor(private readonly options: DrainOptions) {}

  get drained(): boolean {
    return this.#drained;
  }

  /**
   * Does what it is told to, until aborted.
   *
   * @param parts In the order in which they are drained.
   */
  async run(parts: readonly Drainable[], signal: AbortSignal): Promise<void> {
    this.#parts = parts;
    const { nodes, clock, log, ...self } = this.options;
    let mayWait: MayWait | undefined; // it is there at once
    let failed = false;
    while (!signal.aborted) {
      try {
        this.#tell(
          await nodes.beat({ ...self, drained: this.#drained }, mayWait),
        );
        mayWait = { ms: WAIT_MS, signal };
        failed = false;
      } catch (error) {
        if (!failed) {
          log.warn("Cannot say that this process is there", {
            error: String(error),
          });
        }
        failed = true;
      }
      await clock.sleep(REST_MS, signal);
    }
    await this.#work;
  }

  #tell(toDrain: boolean): void {
    if (toDrain === this.#drained) return;
    this.#drained = toDrain;
    this.options.log.info(
      toDrain
        ? "This process is drained: it gives its work to the others"
        : "This process is not drained any more: it takes work again",
    );
    this.#work = this.#work.then(async () => {
      for (const part of toDrain ? this.#parts : this.#parts.toReversed()) {
        if (toDrain) await part.drain();
        else part.resume();
      }
    });
  }
}
