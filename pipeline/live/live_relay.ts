import type { LiveEvent } from "../domain/live_event.ts";
import { type EpochMicros, MICROS_PER_MS } from "../domain/time.ts";
import type { Clock, Log } from "../ports.ts";
import { HeardSenders } from "./heard_senders.ts";
import type { LiveBus } from "./live_bus.ts";
import { isRelayed, readMessage, writeMessage } from "./live_message.ts";
import { OutgoingEvents } from "./outgoing_events.ts";

/** Carries messages between processes, each at most once, in order. */
export interface LiveLink {
  /** Rejects within seconds if the message may not have been sent. */
  send(message: string): Promise<void>;
  /**
   * Hears what all processes send, this one too, until `close`.
   *
   * @param onListening Called whenever listening begins, again after each
   *   interruption: what was sent meanwhile is lost.
   */
  listen(
    onMessage: (message: string) => void,
    onListening: () => void,
  ): void;
  close(): Promise<void>;
}

export interface LiveRelayOptions {
  readonly bus: LiveBus;
  readonly link: LiveLink;
  /** Random for each start of the process. */
  readonly bootId: string;
  /** Whether to hear others: only pages need that. */
  readonly listens: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** Events of this long go in one message. */
const GATHER_MS = 25;
const FORMING_EVERY_MS = 250;
/** A message without events shows whether one before it is missing. */
const BEAT_EVERY_MS = 1_000;
/** Every process that runs has been heard after this long. */
const ALL_HEARD_MS = 3 * BEAT_EVERY_MS;
/** Browsers come back after 2 s: more often would end none but new streams. */
const RESTART_EVERY_MS = 2_000;
const QUEUE_MAX = 8_192;
const MESSAGE_CHARS_MAX = 256 * 1024;

/**
 * Joins the buses of several processes: sends what this one's stages publish,
 * and publishes here what others send.
 *
 * Each event gets there at most once, and publishing never waits or fails.
 * Messages are numbered: who misses one begins its bus anew, so that every
 * reader takes a snapshot, and no page stays without what was lost.
 */
export class LiveRelay {
  readonly #options: LiveRelayOptions;
  readonly #outgoing = new OutgoingEvents(QUEUE_MAX);
  readonly #heard = new HeardSenders();
  #n = 0;
  #wake = () => {};
  #sending = true;
  #unreadable = 0;
  #formingAt = -Infinity;
  #sentAt = -Infinity;
  #listeningAt: EpochMicros | null = null;
  #restartedAt = -Infinity;
  #restartWaits = false;

  constructor(options: LiveRelayOptions) {
    this.#options = options;
    if (!options.listens) return;
    options.link.listen(
      (text) => this.#receive(text),
      () => {
        this.#listeningAt = options.clock.now();
        this.#restart("Listening to the other processes began");
      },
    );
  }

  /** Tells this process's readers at once and the others' soon. */
  publish(events: readonly LiveEvent[]): void {
    this.#options.bus.publish(events);
    const idle = this.#outgoing.size === 0;
    for (const event of events) {
      if (!isRelayed(event)) continue;
      if (!this.#outgoing.add(event)) this.#n++; // a number nobody will hear
    }
    if (idle || this.#outgoing.hasPassing) this.#wake();
  }

  /** Sends until aborted, and then what is left. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const stop = () => this.#wake();
    signal.addEventListener("abort", stop);
    while (!signal.aborted) {
      await this.#something();
      await clock.sleep(GATHER_MS, signal);
      await this.#flush(signal.aborted);
    }
    signal.removeEventListener("abort", stop);
  }

  /** Waits until there is something to send. */
  async #something(): Promise<void> {
    if (this.#outgoing.hasPassing) return;
    const { clock } = this.#options;
    const due = this.#outgoing.size > 0
      ? this.#formingAt + FORMING_EVERY_MS * MICROS_PER_MS
      : this.#sentAt + BEAT_EVERY_MS * MICROS_PER_MS;
    const waitMs = (due - clock.now()) / MICROS_PER_MS;
    if (!(waitMs > 0)) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await clock.sleep(waitMs, woken.signal);
    this.#wake = () => {};
  }

  async #flush(all: boolean): Promise<void> {
    const now = this.#options.clock.now();
    const forming = all ||
      now - this.#formingAt >= FORMING_EVERY_MS * MICROS_PER_MS;
    if (forming) this.#formingAt = now;
    const events = this.#outgoing.take({ forming });
    const beats = now - this.#sentAt >= BEAT_EVERY_MS * MICROS_PER_MS;
    if (events.length === 0 && !beats) return;
    this.#sentAt = now;
    let part: string[] = [];
    let chars = 0;
    for (const event of events) {
      const text = JSON.stringify(event);
      if (part.length > 0 && chars + text.length > MESSAGE_CHARS_MAX) {
        await this.#send(part);
        part = [];
        chars = 0;
      }
      part.push(text);
      chars += text.length;
    }
    await this.#send(part);
  }

  /** A message that fails is not sent again: its number tells the others. */
  async #send(events: readonly string[]): Promise<void> {
    const { link, bootId, log } = this.#options;
    if (events.length > 0) this.#n++;
    try {
      await link.send(writeMessage(bootId, this.#n, events));
      this.#sending = true;
    } catch (error) {
      if (this.#sending) {
        log.warn("Cannot send live events to the other processes", {
          error: String(error),
        });
      }
      this.#sending = false;
    }
  }

  #receive(text: string): void {
    const { bus, bootId, clock, log } = this.#options;
    const message = readMessage(text);
    if (message === null) {
      if (this.#unreadable++ === 0) {
        log.warn("Cannot read live events of another process", {
          chars: text.length,
        });
      }
      return;
    }
    if (message.from === bootId) return;
    const fromFirst = this.#listeningAt !== null &&
      clock.now() - this.#listeningAt > ALL_HEARD_MS * MICROS_PER_MS;
    if (this.#heard.isAfterHole(message, fromFirst)) {
      this.#restart("Live events of another process are missing");
    }
    bus.publish(message.events);
  }

  #restart(why: string): void {
    if (this.#restartWaits) return;
    const { bus, clock, log } = this.#options;
    const now = clock.now();
    const waitMs = RESTART_EVERY_MS -
      (now - this.#restartedAt) / MICROS_PER_MS;
    if (waitMs > 0) {
      this.#restartWaits = true;
      clock.sleep(waitMs).then(() => {
        this.#restartWaits = false;
        this.#restart(why);
      });
      return;
    }
    this.#restartedAt = now;
    log.info("Live streams begin anew", { why });
    bus.restart();
  }
}
