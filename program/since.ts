import type { EpochMicros } from "../pipeline/domain/time.ts";

/** Remembers since when each of some conditions holds. */
export class Since {
  readonly #since = new Map<string, EpochMicros>();

  /** @returns Since when it holds, as far as was noted; `null` if it does not. */
  note(name: string, holds: boolean, now: EpochMicros): EpochMicros | null {
    if (!holds) {
      this.#since.delete(name);
      return null;
    }
    const since = this.#since.get(name) ?? now;
    this.#since.set(name, since);
    return since;
  }
}
