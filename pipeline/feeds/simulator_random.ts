/**
 * Scrambles two words into one: the same pair always gives the same word, and
 * neighbours give words that have nothing to do with each other.
 *
 * Source: finaliser of Appleby's MurmurHash3, applied to each word.
 */
export function hashWords(a: number, b: number): number {
  return scramble(scramble(a) ^ Math.imul(b, 0x9e3779b1));
}

function scramble(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * Standard normal numbers from a seed, the same ones on every machine.
 *
 * Source: Jenkins's sfc32 for the bits, Box & Muller (1958) for the shape.
 */
export class NormalStream {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  #spare = NaN;

  constructor(seed: number) {
    this.#a = hashWords(seed, 1) | 0;
    this.#b = hashWords(seed, 2) | 0;
    this.#c = hashWords(seed, 3) | 0;
    for (let i = 0; i < 12; i++) this.#word();
  }

  next(): number {
    if (!Number.isNaN(this.#spare)) {
      const spare = this.#spare;
      this.#spare = NaN;
      return spare;
    }
    // 1 is added so that the logarithm is of more than 0.
    const radius = Math.sqrt(-2 * Math.log((this.#word() + 1) / 0x1_0000_0000));
    const angle = 2 * Math.PI * this.#word() / 0x1_0000_0000;
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  #word(): number {
    const sum = (this.#a + this.#b | 0) + this.#counter | 0;
    this.#counter = this.#counter + 1 | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = this.#c + (this.#c << 3) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum | 0;
    return sum >>> 0;
  }
}
