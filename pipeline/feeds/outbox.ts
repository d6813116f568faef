import { encodeMessage, type ServerMessage } from "./control_message.ts";

/** Bytes of unsent lines at which a source reads too slowly. */
const UNSENT_BYTES_MAX = 1_048_576;

/**
 * Lines on their way to a source: one write at a time, acks joined to the
 * newest, bounded.
 */
export class Outbox {
  /** The source does not read what it is told. */
  overflowed = false;
  #lines: Uint8Array[] = [];
  #bytes = 0;
  #ack: number | null = null;
  #buffered: number | null = null;
  #sending: Promise<void> | null = null;
  #broken = false;

  constructor(
    private readonly write: (bytes: Uint8Array) => Promise<number>,
    private readonly onTrouble: () => void,
  ) {}

  send(message: ServerMessage): void {
    if (this.#broken) return;
    if (message.type === "ack") this.#ack = message.seq;
    else if (message.type === "buffered") this.#buffered = message.seq;
    else this.#push(message);
    this.#sending ??= this.#run();
  }

  #push(message: ServerMessage): void {
    const line = encodeMessage(message);
    if (this.#bytes + line.length > UNSENT_BYTES_MAX) {
      if (this.overflowed) return;
      this.overflowed = true;
      this.onTrouble();
      return;
    }
    this.#lines.push(line);
    this.#bytes += line.length;
  }

  /** Resolves once all was written, or cannot be. */
  async flushed(): Promise<void> {
    while (this.#sending) await this.#sending;
  }

  async #run(): Promise<void> {
    // Lets the messages of one turn share a write.
    await Promise.resolve();
    try {
      for (;;) {
        const bytes = this.#take();
        if (bytes.length === 0) break;
        for (let at = 0; at < bytes.length;) {
          at += await this.write(bytes.subarray(at));
        }
      }
    } catch {
      this.#broken = true;
      this.#lines = [];
      this.onTrouble();
    }
    this.#sending = null;
  }

  #take(): Uint8Array {
    if (this.#buffered !== null) {
      this.#push({ type: "buffered", seq: this.#buffered });
    }
    if (this.#ack !== null) this.#push({ type: "ack", seq: this.#ack });
    this.#buffered = this.#ack = null;
    const bytes = new Uint8Array(this.#bytes);
    let at = 0;
    for (const line of this.#lines) {
      bytes.set(line, at);
      at += line.length;
    }
    this.#lines = [];
    this.#bytes = 0;
    return bytes;
  }
}
