import type { Clock } from "../ports.ts";
import type { FitJob, FitOutcome } from "./fit_instrument.ts";
import type { FitReply, FitRequest } from "./fit_worker.ts";
import type { EngineName } from "./forecast_engine.ts";

/** The part of a Worker that the pool needs. */
export interface FitThread {
  onmessage: ((event: { readonly data: FitReply }) => void) | null;
  onerror:
    | ((event: { preventDefault(): void; readonly message: string }) => void)
    | null;
  postMessage(request: FitRequest): void;
  terminate(): void;
}

export type PoolResult =
  | { readonly kind: "fitted"; readonly outcome: FitOutcome }
  | { readonly kind: "failed"; readonly reason: string };

export interface FitPoolOptions {
  readonly clock: Clock;
  /** What the Workers fit with. */
  readonly engine?: EngineName;
  /** Workers; started when they are first needed. */
  readonly threads?: number;
  /** A job that takes longer is given up, and its Worker replaced. */
  readonly budgetMs?: number;
  /** Jobs that may wait; one more is refused. */
  readonly queueMax?: number;
  readonly createThread?: () => FitThread;
}

const DEFAULTS = {
  engine: "native" as const,
  threads: 1,
  budgetMs: 20_000,
  queueMax: 256,
  createThread: createFitWorker,
};

interface Waiting {
  readonly job: FitJob;
  readonly dueAt: number;
  readonly resolve: (result: PoolResult) => void;
}

interface Running extends Waiting {
  readonly id: number;
  readonly done: AbortController;
}

interface Slot {
  thread: FitThread | null;
  running: Running | null;
}

/**
 * Fits in a few Workers, most overdue first.
 *
 * A Worker that crashes, takes longer than the budget, or says that its engine
 * is poisoned is replaced; its job fails with the reason. Nothing rejects.
 */
export class FitPool {
  readonly #slots: Slot[];
  readonly #waiting: Waiting[] = [];
  readonly #options: Required<FitPoolOptions>;
  #nextId = 1;
  #replaced = 0;
  #closed = false;

  constructor(options: FitPoolOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#slots = Array.from(
      { length: this.#options.threads },
      () => ({ thread: null, running: null }),
    );
  }

  /** Workers that had to be replaced so far. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Jobs that wait for a Worker. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Fits one instrument.
   *
   * @param dueAt When the fit was due, in any unit that all jobs share; the
   * lowest goes first.
   */
  fit(job: FitJob, dueAt: number): Promise<PoolResult> {
    if (this.#closed) return Promise.resolve(failed("the pool is closed"));
    if (this.#waiting.length >= this.#options.queueMax) {
      return Promise.resolve(
        failed(`${this.#options.queueMax} fits wait already`),
      );
    }
    return new Promise((resolve) => {
      const after = this.#waiting.findIndex((other) => other.dueAt > dueAt);
      const at = after === -1 ? this.#waiting.length : after;
      this.#waiting.splice(at, 0, { job, dueAt, resolve });
      this.#startWaiting();
    });
  }

  /** Ends the Workers; jobs under way and waiting fail. */
  close(): void {
    this.#closed = true;
    for (const slot of this.#slots) {
      this.#finish(slot, failed("the pool is closed"));
      slot.thread?.terminate();
      slot.thread = null;
    }
    for (const { resolve } of this.#waiting.splice(0)) {
      resolve(failed("the pool is closed"));
    }
  }

  #startWaiting(): void {
    for (const slot of this.#slots) {
      if (this.#closed || slot.running !== null) continue;
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#start(slot, next);
    }
  }

  #start(slot: Slot, waiting: Waiting): void {
    const running = {
      ...waiting,
      id: this.#nextId++,
      done: new AbortController(),
    };
    slot.running = running;
    try {
      slot.thread ??= this.#openThread(slot);
      const { engine } = this.#options;
      slot.thread.postMessage({ id: running.id, engine, job: running.job });
    } catch (cause) {
      this.#replace(slot, `Cannot start a fit: ${String(cause)}`);
      return;
    }
    void this.#giveUpLate(slot, running);
  }

  #openThread(slot: Slot): FitThread {
    const thread = this.#options.createThread();
    thread.onmessage = ({ data }) => {
      if (slot.thread !== thread || slot.running?.id !== data.id) return;
      if (data.poisoned !== null) this.#drop(slot);
      this.#finish(slot, { kind: "fitted", outcome: data.outcome });
      this.#startWaiting();
    };
    thread.onerror = (event) => {
      event.preventDefault();
      if (slot.thread !== thread) return;
      this.#replace(slot, `The fit's Worker crashed: ${event.message}`);
    };
    return thread;
  }

  async #giveUpLate(slot: Slot, running: Running): Promise<void> {
    const { budgetMs, clock } = this.#options;
    await clock.sleep(budgetMs, running.done.signal);
    if (slot.running !== running) return;
    this.#replace(slot, `The fit took longer than ${budgetMs} ms`);
  }

  #replace(slot: Slot, reason: string): void {
    this.#drop(slot);
    this.#finish(slot, failed(reason));
    this.#startWaiting();
  }

  #drop(slot: Slot): void {
    this.#replaced++;
    slot.thread?.terminate();
    slot.thread = null;
  }

  #finish(slot: Slot, result: PoolResult): void {
    const running = slot.running;
    if (running === null) return;
    slot.running = null;
    running.done.abort();
    running.resolve(result);
  }
}

function failed(reason: string): PoolResult {
  return { kind: "failed", reason };
}

function createFitWorker(): FitThread {
  return new Worker(new URL("./fit_worker.ts", import.meta.url), {
    type: "module",
    name: "fit",
  }) as unknown as FitThread;
}
