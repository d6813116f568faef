/**
 * A value that this browser keeps: shared by all its tabs, and held for as
 * long as the page is open where storage is forbidden.
 */
export class Kept<T> {
  #held: T | null = null;

  constructor(
    /** In storage; also the name of the event that tells of a change. */
    private readonly key: string,
    /** Reads leniently: anybody can write into a browser's storage. */
    private readonly parse: (json: string | null) => T,
  ) {}

  read(): T {
    if (this.#held !== null) return this.#held;
    try {
      return this.parse(localStorage.getItem(this.key));
    } catch {
      return this.parse(null);
    }
  }

  write(value: T): void {
    try {
      localStorage.setItem(this.key, JSON.stringify(value));
      this.#held = null;
    } catch {
      this.#held = value;
    }
    // `storage` events reach the other tabs only.
    dispatchEvent(new CustomEvent(this.key, { detail: value }));
  }

  /**
   * Tells the value, now and whenever it changes, in another tab too.
   *
   * @returns How to stop.
   */
  watch(callback: (value: T) => void): () => void {
    const changed = () => callback(this.read());
    const stored = ({ key }: StorageEvent) => {
      // `null` if all of the storage was cleared.
      if (key === this.key || key === null) changed();
    };
    addEventListener(this.key, changed);
    addEventListener("storage", stored);
    changed();
    return () => {
      removeEventListener(this.key, changed);
      removeEventListener("storage", stored);
    };
  }
}
