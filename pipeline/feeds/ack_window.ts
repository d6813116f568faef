/**
 * Bytes that were sent and not acked, and whether more may be.
 *
 * Counts whole chunks: one stays counted until its last tick is acked.
 */
export class AckWindow {
  readonly #chunks: { readonly last: number; readonly bytes: number }[] = [];
  #bytes = 0;

  constructor(readonly bytesMax: number) {}

  /** Whether a chunk may be sent now; with nothing on its way any may. */
  hasRoom(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.bytesMax;
  }

  /** A chunk was sent whose last tick has this number. */
  add(last: number, bytes: number): void {
    this.#chunks.push({ last, bytes });
    this.#bytes += bytes;
  }

  /** All ticks up to this number were acked. */
  ack(seq: number): void {
    let done = 0;
    while (done < this.#chunks.length && this.#chunks[done].last <= seq) {
      this.#bytes -= this.#chunks[done++].bytes;
    }
    this.#chunks.splice(0, done);
  }

  /** What was sent from this number on will be sent again. */
  rewind(from: number): void {
    for (;;) {
      const chunk = this.#chunks.at(-1);
      if (!chunk || chunk.last < from) return;
      this.#chunks.pop();
      this.#bytes -= chunk.bytes;
    }
  }
}
