const encoder = new TextEncoder();

/** Values that a field may have; most of them it may not. */
const ODD = [
  "0",
  "-1",
  "-0",
  "1e400",
  "1e-400",
  "NaN",
  "Infinity",
  "null",
  "true",
  "[]",
  "{}",
  '""',
  '"x"',
  "9".repeat(40),
  "0.123456789012",
  '"1e5"',
  "1_000",
  "0x10",
  '"\\u0000"',
  '"\\ud800"',
  '"<script>"',
  "[[[[[[[[]]]]]]]]",
  "-9007199254740993",
  "1764042300123.5",
  '"2025-11-25T04:00:00Z"',
];

export interface FuzzedLines {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Lines that a listener counts: those that are not empty. */
  readonly lines: number;
}

/**
 * Makes lines that a feed might send by mistake or on purpose, the same ones
 * for the same seed and time: ticks, ticks with odd values, without fields, with more,
 * cut, with bytes changed, of no text at all, and far too long.
 */
export class LineFuzzer {
  #state: number;

  /** @param nowMs What the times of ticks are near to. */
  constructor(
    seed: number,
    private readonly format: "ndjson" | "csv",
    private readonly nowMs = Date.now(),
  ) {
    this.#state = seed | 0;
  }

  /** The next lines, each with its end. */
  next(count: number): FuzzedLines {
    const parts: Uint8Array[] = [];
    let lines = 0;
    let length = 0;
    for (let i = 0; i < count; i++) {
      const line = this.#line();
      parts.push(line);
      length += line.length;
      lines += countLines(line);
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return { bytes, lines };
  }

  #line(): Uint8Array {
    const kind = this.#below(20);
    const end = this.#below(8) === 0 ? "\r\n" : "\n";
    if (kind < 8) return encoder.encode(this.#tick(false) + end);
    if (kind < 12) return encoder.encode(this.#tick(true) + end);
    const bytes = encoder.encode(this.#tick(this.#below(2) === 0) + end);
    if (kind < 16) return this.#mutated(bytes);
    if (kind < 17) {
      return encoder.encode(
        this.#tick(false).slice(0, this.#below(40)) + end,
      );
    }
    if (kind < 18) {
      const noise = new Uint8Array(1 + this.#below(80))
        .map(() => this.#below(256));
      noise[noise.length - 1] = 10;
      return noise;
    }
    if (kind < 19) {
      const more = `${this.#tick(false)}${" ".repeat(this.#below(1_200))}`;
      return encoder.encode(more + end);
    }
    const long = this.#below(50) === 0 ? 70_000 : 1_100;
    return encoder.encode("x".repeat(long) + end);
  }

  #tick(odd: boolean): string {
    const fields: [string, string][] = [
      ["symbol", `"F${this.#below(8)}"`],
      ["ts", String(this.nowMs - this.#below(2_000))],
      ["price", `${100 + this.#below(5)}.${this.#below(100)}`],
      ["volume", String(this.#below(50))],
    ];
    if (odd) {
      const field = fields[this.#below(fields.length)];
      field[1] = ODD[this.#below(ODD.length)];
      if (this.#below(4) === 0) fields.splice(this.#below(fields.length), 1);
      if (this.#below(4) === 0) {
        fields.push(["__proto__", ODD[this.#below(ODD.length)]]);
      }
    }
    return this.format === "csv"
      ? fields.map(([, value]) => value.replaceAll('"', "")).join(",")
      : `{${fields.map(([key, value]) => `"${key}":${value}`).join(",")}}`;
  }

  #mutated(bytes: Uint8Array): Uint8Array {
    for (let n = 1 + this.#below(4); n > 0; n--) {
      bytes[this.#below(bytes.length)] = this.#below(256);
    }
    bytes[bytes.length - 1] = 10;
    return bytes;
  }

  /** xorshift32: any seed but 0. */
  #below(n: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % n;
  }
}

/** Lines that are not empty; a CR before the LF belongs to the end. */
function countLines(bytes: Uint8Array): number {
  let lines = 0;
  let start = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 10) continue;
    const end = i > start && bytes[i - 1] === 13 ? i - 1 : i;
    if (end > start) lines++;
    start = i + 1;
  }
  return lines;
}
