const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();
const ZERO = 48;
const NEWLINE = 0x0a;
const BYTES_FIRST = 65_536;

/**
 * Lines of the feed protocol as they are put together, one after the other, in
 * bytes that are used again and again.
 */
export class ReplayLines {
  #bytes = new Uint8Array(BYTES_FIRST);
  #length = 0;
  #count = 0;
  /** Where the last line begins. */
  #last = 0;
  /** Event time of the last line, or where it lies. */
  #time: string | null = "";
  #timeFrom = 0;
  #timeTo = 0;

  /** Number of lines. */
  get count(): number {
    return this.#count;
  }

  /** All of them: a view, which holds until the next line is begun. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = this.#count = this.#last = 0;
  }

  /** All but the last one: a view, which holds until `keepLast`. */
  bytesBeforeLast(): Uint8Array {
    return this.#bytes.subarray(0, this.#last);
  }

  /** Forgets all lines but the last one. */
  keepLast(): void {
    this.#bytes.copyWithin(0, this.#last, this.#length);
    this.#length -= this.#last;
    this.#timeFrom -= this.#last;
    this.#timeTo -= this.#last;
    this.#last = 0;
    this.#count = 1;
  }

  /** Event time of the last line in the protocol's words; "" if none. */
  lastTime(): string {
    return this.#time ??
      DECODER.decode(this.#bytes.subarray(this.#timeFrom, this.#timeTo));
  }

  /** Begins a line of at most `max` bytes. */
  begin(max: number): void {
    this.#last = this.#length;
    if (this.#length + max <= this.#bytes.length) return;
    const bytes = new Uint8Array(2 * (this.#length + max));
    bytes.set(this.bytes());
    this.#bytes = bytes;
  }

  /** Appends bytes [from, to) to the line that was begun. */
  append(bytes: Uint8Array, from: number, to: number): void {
    const into = this.#bytes;
    let at = this.#length;
    for (let i = from; i < to; i++) into[at++] = bytes[i];
    this.#length = at;
  }

  /** The same of the line's event time. */
  appendTime(bytes: Uint8Array, from: number, to: number): void {
    this.#time = null;
    this.#timeFrom = this.#length;
    this.append(bytes, from, to);
    this.#timeTo = this.#length;
  }

  appendWhole(value: number): void {
    let digits = 1;
    for (let power = 10; power <= value; power *= 10) digits++;
    let rest = value;
    for (let at = this.#length + digits; at-- > this.#length;) {
      const tens = Math.floor(rest / 10);
      this.#bytes[at] = ZERO + rest - 10 * tens;
      rest = tens;
    }
    this.#length += digits;
  }

  end(): void {
    this.#bytes[this.#length++] = NEWLINE;
    this.#count++;
  }

  /** A whole line, without its end, and its event time. */
  add(line: string, time: string): void {
    this.begin(3 * line.length + 1);
    this.#length += ENCODER.encodeInto(
      line,
      this.#bytes.subarray(this.#length),
    ).written;
    this.#time = time;
    this.end();
  }
}
