import { encodeMessage, type ServerMessage } from "./control_message.ts";

/** Unsent bytes from which on nacks and heartbeats are left out. */
const UNSENT_BYTES_MAX = 262_144;

/**
 * Lines on their way to a source: one write at a time, acks joined to the
 * newest.
 *
 * Bounded for a source that does not read: acks take no room, and beyond
 * 256 KiB nacks and heartbeats are dropped. A nack is news only, as the
 * quarantine keeps what was rejected; `droppedNacks` counts them.
 */
export class Outbox {
  droppedNacks = 0;
  #lines: Uint8Array[] = [];
  #bytes = 0;
  #ack: number | null = null;
  #buffered: number | null = null;
  #sending: Promise<void> | null = null;
  #broken = false;

  constructor(
    private readonly write: (bytes: Uint8Array) => Promise<number>,
    /** Called once, when the source cannot be written to any more. */
    private readonly onBroken: () => void,
  ) {}

  send(message: ServerMessage): void {
    if (this.#broken) return;
    const full = this.#bytes >= UNSENT_BYTES_MAX;
    if (message.type === "ack") this.#ack = message.seq;
    else if (message.type === "buffered") this.#buffered = message.seq;
    else if (message.type === "nack" && full) this.droppedNacks += 1;
    else if (message.type !== "heartbeat" || !full) this.#push(message);
    this.#sending ??= this.#run();
  }

  #push(message: ServerMessage): void {
    const line = encodeMessage(message);
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
      this.onBroken();
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
