const SYMBOL_BYTES_MAX = 32;
const SYMBOLS_MAX = 65_535;
const SLOTS_FIRST = 256;

/** Start and step of the 32-bit FNV-1a hash, as in `fnv1a`. */
export const HASH_START = 0x811c9dc5 | 0;
export const HASH_PRIME = 0x01000193;

const encoder = new TextEncoder();

/**
 * The symbols of one connection, numbered as they first appear, found by their
 * bytes without making a string.
 *
 * Bound: 65,535 symbols. Open addressing, at most half full.
 */
export class SymbolTable {
  readonly names: string[] = [];
  /** Index + 1 by hash; 0 is free. */
  #slots = new Int32Array(SLOTS_FIRST);
  #hashes = new Int32Array(SLOTS_FIRST / 2);
  #lengths = new Uint8Array(SLOTS_FIRST / 2);
  #pool = new Uint8Array(SYMBOL_BYTES_MAX * SLOTS_FIRST / 2);

  /**
   * Number of the symbol in bytes [start, end), which are valid: 1 to 32 bytes
   * of ASCII, hashed with FNV-1a.
   *
   * @returns -1 if the table is full.
   */
  indexOf(
    bytes: Uint8Array,
    start: number,
    end: number,
    hash: number,
  ): number {
    const length = end - start;
    const mask = this.#slots.length - 1;
    const pool = this.#pool;
    let slot = hash & mask;
    for (;;) {
      const index = this.#slots[slot] - 1;
      if (index < 0) return this.#add(bytes, start, end, hash);
      if (this.#hashes[index] === hash && this.#lengths[index] === length) {
        let k = 0;
        const base = index * SYMBOL_BYTES_MAX;
        while (k < length && pool[base + k] === bytes[start + k]) k += 1;
        if (k === length) return index;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** The same for a text that is a valid symbol. */
  indexOfText(symbol: string): number {
    const bytes = encoder.encode(symbol);
    let hash = HASH_START;
    for (let i = 0; i < bytes.length; i++) {
      hash = Math.imul(hash ^ bytes[i], HASH_PRIME);
    }
    return this.indexOf(bytes, 0, bytes.length, hash);
  }

  #add(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const index = this.names.length;
    if (index === SYMBOLS_MAX) return -1;
    if (index === this.#hashes.length) this.#grow();
    this.names.push(
      String.fromCharCode(...bytes.subarray(start, end)),
    );
    this.#hashes[index] = hash;
    this.#lengths[index] = end - start;
    this.#pool.set(bytes.subarray(start, end), index * SYMBOL_BYTES_MAX);
    this.#place(index);
    return index;
  }

  #place(index: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hashes[index] & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = index + 1;
  }

  #grow(): void {
    const capacity = this.#hashes.length * 2;
    const hashes = new Int32Array(capacity);
    hashes.set(this.#hashes);
    const lengths = new Uint8Array(capacity);
    lengths.set(this.#lengths);
    const pool = new Uint8Array(capacity * SYMBOL_BYTES_MAX);
    pool.set(this.#pool);
    this.#hashes = hashes;
    this.#lengths = lengths;
    this.#pool = pool;
    this.#slots = new Int32Array(capacity * 2);
    for (let i = 0; i < this.names.length; i++) this.#place(i);
  }
}
