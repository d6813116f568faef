/** One message of a process to all: who sent it, and its number there. */
export interface Heard {
  readonly from: string;
  readonly n: number;
}

interface Checkpoint {
  readonly n: number;
  /** Newest event of this process when the message had been taken in. */
  readonly local: number;
}

/** Of one sender; half of them go beyond it. */
const CHECKPOINTS_MAX = 128;
/** Far above how many processes there are. */
const SENDERS_MAX = 256;

/**
 * Where in this process's order the messages of others were heard.
 *
 * All listeners hear messages in the order in which the server had them. So
 * what came after a message elsewhere came after it here: who names the last
 * message that he knows of can be told the rest by any process that heard it.
 */
export class HeardOrder {
  readonly #senders = new Map<string, Checkpoint[]>();

  /** Takes note that a message was heard, and all before it. */
  note({ from, n }: Heard, local: number): void {
    const known = this.#senders.get(from) ?? [];
    this.#senders.delete(from); // those heard last stand last
    this.#senders.set(from, known);
    // An earlier message that led to the same place serves as well.
    if (known.at(-1)?.local !== local) known.push({ n, local });
    if (known.length > CHECKPOINTS_MAX) {
      this.#senders.set(from, known.filter((_, i) => i % 2 === 1));
    }
    if (this.#senders.size > SENDERS_MAX) {
      this.#senders.delete(this.#senders.keys().next().value!);
    }
  }

  /**
   * The newest local event that whoever knows of the message has for certain.
   *
   * @returns `null` if neither it nor one before it was heard.
   */
  localAt({ from, n }: Heard): number | null {
    const before = this.#senders.get(from)?.findLast((one) => one.n <= n);
    return before?.local ?? null;
  }
}
