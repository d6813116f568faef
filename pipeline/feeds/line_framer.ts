import { assert } from "../domain/assert.ts";

/** Longest line of a feed, without its line end. */
export const LINE_BYTES_MAX = 1_024;
/** Longest first line, which may be a hello with a list of instruments. */
export const HELLO_BYTES_MAX = 65_536;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** Room for a whole hello and as much again to read into. */
const BUFFER_BYTES = 2 * HELLO_BYTES_MAX;
/** Below this much room the unread tail moves to the front. */
const ROOM_MIN = 32_768;

/** What `next()` found; `too_long` is said once, its rest is skipped. */
export type Frame = "line" | "too_long" | "none";

/**
 * Cuts a stream of bytes into lines where they lie, without copying them.
 *
 * Read into `space()`, tell `filled(n)`, then call `next()` until it says
 * `none`. A line ends with LF or CRLF; empty lines are counted and passed over.
 * The first line may have 65,536 bytes, all others 1,024. How the bytes were
 * cut into chunks makes no difference to the lines.
 *
 * Owned: `bytes`; positions in it hold until the next `space()`.
 */
export class LineFramer {
  readonly bytes = new Uint8Array(BUFFER_BYTES + 2);
  /** First byte that is not consumed. */
  from = 0;
  /** Number of the line that was returned last, from 1. */
  line = 0;
  /** The line that was returned last: [lineStart, lineEnd). */
  lineStart = 0;
  lineEnd = 0;
  /** Longest line allowed now. */
  limit: number = HELLO_BYTES_MAX;
  #to = 0;
  /** No newline lies in [from, scanned). */
  #scanned = 0;
  #skipping = false;

  /** Where to read the next bytes into. */
  space(): Uint8Array {
    if (this.from === this.#to) {
      this.from = this.#to = this.#scanned = 0;
    } else if (BUFFER_BYTES - this.#to < ROOM_MIN) {
      this.bytes.copyWithin(0, this.from, this.#to);
      this.#scanned -= this.from;
      this.#to -= this.from;
      this.from = 0;
    }
    this.#stop();
    return this.bytes.subarray(this.#to, BUFFER_BYTES);
  }

  /** Takes note of `n` bytes that were written into `space()`. */
  filled(n: number): void {
    assert(this.#to + n <= BUFFER_BYTES, "what was read fits in the space");
    this.#to += n;
    this.#stop();
  }

  /** Parsers that run ahead of the framer stop at this byte. */
  #stop(): void {
    this.bytes[this.#to] = 0;
  }

  /** The stream is over: its last line counts even without a line end. */
  finish(): void {
    if (this.from === this.#to || this.#skipping) return;
    this.bytes[this.#to] = NEWLINE;
    this.#to += 1;
    this.#stop();
  }

  /** True if a parser may read a line at `from` before it was framed. */
  get aligned(): boolean {
    return !this.#skipping;
  }

  /** Takes lines that a parser has read itself: all up to `from`. */
  consumed(from: number, lines: number): void {
    this.from = from;
    if (this.#scanned < from) this.#scanned = from;
    this.line += lines;
    this.limit = LINE_BYTES_MAX;
  }

  next(): Frame {
    for (;;) {
      const newline = this.bytes.indexOf(NEWLINE, this.#scanned);
      if (newline < 0 || newline >= this.#to) return this.#tail();
      const start = this.from;
      const end = newline > start && this.bytes[newline - 1] === RETURN
        ? newline - 1
        : newline;
      this.from = this.#scanned = newline + 1;
      if (this.#skipping) {
        this.#skipping = false;
        continue;
      }
      this.line += 1;
      if (end === start) continue;
      return this.#found(start, end);
    }
  }

  #found(start: number, end: number): Frame {
    const tooLong = end - start > this.limit;
    this.lineStart = start;
    this.lineEnd = tooLong ? start + this.limit : end;
    this.limit = LINE_BYTES_MAX;
    return tooLong ? "too_long" : "line";
  }

  /** No line end yet: is it too long already, whatever comes? */
  #tail(): Frame {
    this.#scanned = this.#to;
    if (this.#skipping) {
      this.from = this.#to;
      return "none";
    }
    const returns = this.#to > this.from && this.bytes[this.#to - 1] === RETURN;
    const length = this.#to - this.from - (returns ? 1 : 0);
    if (length <= this.limit) return "none";
    this.line += 1;
    const frame = this.#found(this.from, this.#to);
    this.#skipping = true;
    this.from = this.#to;
    return frame;
  }
}
