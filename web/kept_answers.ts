import type { Clock } from "../pipeline/ports.ts";

/** Until an answer that was shown once more is read anew: the page comes first. */
const REREAD_AFTER_MS = 1_000;

export interface KeptOptions {
  /** An answer this old is as good as new, seconds. */
  readonly freshS: number;
  /** One this old is given once more, and read anew afterwards, seconds. */
  readonly shownS?: number;
  /** Answers kept at most; the oldest go. */
  readonly max?: number;
}

interface Kept<T> {
  readonly atMs: number;
  readonly answer: Promise<T>;
  /** It is about to be read anew. */
  rereads: boolean;
}

/** Answers that are kept for a while: whoever asks meanwhile shares one reading. */
export class KeptAnswers<T> {
  readonly #freshMs: number;
  readonly #shownMs: number;
  readonly #max: number;
  readonly #kept = new Map<string, Kept<T>>();

  constructor(
    private readonly clock: Clock,
    { freshS, shownS = freshS, max = 1 }: KeptOptions,
  ) {
    this.#freshMs = freshS * 1_000;
    this.#shownMs = shownS * 1_000;
    this.#max = max;
  }

  /** The answer of this name, read if none is kept; one that failed is not. */
  get(name: string, read: () => Promise<T>): Promise<T> {
    const kept = this.#kept.get(name);
    const ageMs = kept === undefined
      ? Infinity
      : this.clock.steadyMs() - kept.atMs;
    if (kept === undefined || ageMs >= this.#shownMs) {
      return this.#read(name, read);
    }
    if (ageMs >= this.#freshMs && !kept.rereads) {
      kept.rereads = true;
      this.clock.sleep(REREAD_AFTER_MS).then(() => this.#read(name, read))
        .catch(() => {}); // whoever asks next reads it
    }
    return kept.answer;
  }

  #read(name: string, read: () => Promise<T>): Promise<T> {
    const kept = {
      atMs: this.clock.steadyMs(),
      answer: read(),
      rereads: false,
    };
    this.#kept.delete(name);
    this.#kept.set(name, kept);
    if (this.#kept.size > this.#max) {
      this.#kept.delete(this.#kept.keys().next().value!);
    }
    kept.answer.catch(() => {
      if (this.#kept.get(name) === kept) this.#kept.delete(name);
    });
    return kept.answer;
  }
}

/** Answers of one kind for each program, as a process may run several. */
export function keptFor<T>(
  options: KeptOptions,
): (services: { readonly clock: Clock }) => KeptAnswers<T> {
  const all = new WeakMap<object, KeptAnswers<T>>();
  return (services) => {
    let kept = all.get(services);
    if (kept === undefined) {
      all.set(services, kept = new KeptAnswers(services.clock, options));
    }
    return kept;
  };
}
