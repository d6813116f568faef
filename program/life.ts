/** Parts that run until told to stop, each by its name. */
export class Life {
  readonly #parts = new Map<string, {
    readonly abort: AbortController;
    readonly running: Promise<void>[];
  }>();
  readonly #failure = Promise.withResolvers<never>();
  readonly failed = this.#failure.promise;
  stopping = false;

  constructor() {
    this.failed.catch(() => {}); // whoever starts the program listens later
  }

  signalOf(name: string): AbortSignal {
    return this.#part(name).abort.signal;
  }

  run(name: string, part: (signal: AbortSignal) => Promise<void>): void {
    const { abort, running } = this.#part(name);
    const ended = part(abort.signal).then(() => {
      if (!abort.signal.aborted) throw new Error(`Part ${name} ended early`);
    });
    running.push(ended.catch((error) => this.#failure.reject(error)));
  }

  /** Stops these parts, in this order, each when the one before has ended. */
  async stop(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const { abort, running } = this.#part(name);
      abort.abort();
      await Promise.all(running);
    }
  }

  #part(name: string) {
    let part = this.#parts.get(name);
    if (!part) {
      part = { abort: new AbortController(), running: [] };
      this.#parts.set(name, part);
    }
    return part;
  }
}
