import { messageLine, type ServerMessage } from "./control_message.ts";

/** Unsent characters from which on nacks and heartbeats are left out. */
const UNSENT_MAX = 262_144;

const encoder = new TextEncoder();

/**
 * Lines on their way to a source: one write at a time, acks joined to the
 * newest.
 *
 * Bounded for a source that does not read: acks take no room, and beyond
 * 256 Ki characters nacks and heartbeats are dropped. A nack is news only, as the
 * quarantine keeps what was rejected; `droppedNacks` counts them.
 */
export class Outbox {
  droppedNacks = 0;
  #unsent = "";
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
    const full = this.#unsent.length >= UNSENT_MAX;
    if (message.type === "ack") this.#ack = message.seq;
    else if (message.type === "buffered") this.#buffered = message.seq;
    else if (message.type === "nack" && full) this.droppedNacks += 1;
    else if (message.type !== "heartbeat" || !full) {
      this.#unsent += messageLine(message);
    }
    this.#sending ??= this.#run();
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
      this.#unsent = "";
      this.onBroken();
    }
    this.#sending = null;
  }

  /** Everything that is unsent, encoded at once: nacks come by the dozen. */
  #take(): Uint8Array {
    let text = this.#unsent;
    if (this.#buffered !== null) {
      text += messageLine({ type: "buffered", seq: this.#buffered });
    }
    if (this.#ack !== null) {
      text += messageLine({ type: "ack", seq: this.#ack });
    }
    this.#buffered = this.#ack = null;
    this.#unsent = "";
    return encoder.encode(text);
  }
}
