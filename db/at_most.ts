/** Does so many of one kind of work at a time; others wait in their order. */
export class AtMost {
  readonly #waiting: (() => void)[] = [];

  constructor(private left: number) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.left > 0) this.left--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.left++;
    }
  }
}
