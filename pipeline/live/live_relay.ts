import { partitionOf } from "../domain/hash.ts";
import type { LiveEvent } from "../domain/live_event.ts";
import { type EpochMicros, MICROS_PER_MS } from "../domain/time.ts";
import type { Clock, Log } from "../ports.ts";
import { HeardSenders, SENDERS_MAX } from "./heard_senders.ts";
import type { LiveBus } from "./live_bus.ts";
import {
  isRelayed,
  type LiveMessage,
  readMessage,
  writeMessage,
} from "./live_message.ts";
import { OutgoingEvents } from "./outgoing_events.ts";

/**
 * Carries messages between processes, each at most once, over a channel of each
 * partition. All who listen hear those of partitions with the same
 * `p % orders` in one order.
 */
export interface LiveLink {
  readonly orders: number;
  /** Rejects within seconds if the message may not have been sent. */
  send(p: number, message: string): Promise<void>;
  /** Hears what all processes send, this one too, until `close`. */
  listen(listener: LiveListener): void;
  close(): Promise<void>;
}

export interface LiveListener {
  message(message: string, p: number): void;
  /**
   * Listening begins, again after each interruption: what was sent meanwhile
   * is lost.
   */
  listening(): void;
  /** Messages are lost from now on until listening begins. */
  interrupted(): void;
}

export interface LiveRelayOptions {
  readonly bus: LiveBus;
  readonly link: LiveLink;
  /** Random for each start of the process. */
  readonly bootId: string;
  /** Whether to hear others: only pages need that. */
  readonly listens: boolean;
  readonly partitions: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Events of this long go in one message. */
const GATHER_MS = 25;
const FORMING_EVERY_MS = 250;
/** How often a partition is told of, be it that there was nothing. */
const BEAT_EVERY_MS = 1_000;
/** A partition that this process has told nothing of for so long is quiet. */
const BEAT_MS_MAX = 3_600_000;
/** And one that it never told of, after what was lost of it: all have heard. */
const LOST_MS_MAX = 60_000;
/** Every process that runs has been heard after this long. */
const ALL_HEARD_MS = 3 * BEAT_EVERY_MS;
/** Fewer than a client holds back. */
const MESSAGES_AT_ONCE = 32;
/** Flushes whose messages have not come back; older ones count as one. */
const UNSETTLED_MAX = 256;
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
  readonly #heard = new Map<number, HeardSenders>();
  /** By sender, up to which number readers have begun anew for what is missing. */
  readonly #begunAnew = new Map<string, number>();
  #n = 0;
  /** By partition, what this process has told of. */
  readonly #told = new Map<number, Told>();
  /** Newest event of the bus before the first that is still to be sent. */
  #unsent: number | null = null;
  /** The same of what was sent and has not come back, by order. */
  readonly #unsettled: { n: number; local: number }[][];
  #wake = () => {};
  #sending = true;
  #unreadable = 0;
  #formingAt = -Infinity;
  #beatAt = -Infinity;
  #listeningAt: EpochMicros | null = null;
  #restartedAt = -Infinity;
  #restartWaits = false;

  constructor(options: LiveRelayOptions) {
    this.#options = options;
    const { orders } = options.link;
    this.#unsettled = Array.from({ length: orders }, () => []);
    if (!options.listens) return;
    options.link.listen({
      message: (text, p) => this.#receive(text, p),
      listening: () => {
        this.#listeningAt = options.clock.now();
        this.#restart("Listening to the other processes began");
      },
      interrupted: () => options.bus.doubt(),
    });
  }

  /** Tells this process's readers at once and the others' soon. */
  publish(events: readonly LiveEvent[]): void {
    const { bus, partitions } = this.#options;
    const before = bus.last;
    bus.publish(events);
    const idle = this.#outgoing.size === 0;
    for (const event of events) {
      if (!isRelayed(event)) continue;
      const p = partitionOf(event.symbol, partitions);
      this.#tells(p);
      if (event.kind !== "candle") this.#unsent ??= before;
      if (!this.#outgoing.add(event)) this.#lose();
    }
    if (idle || this.#outgoing.hasPassing) this.#wake();
  }

  /**
   * Another process was killed, maybe before it told of what it had stored:
   * all readers, here and elsewhere, take a snapshot. The next beats say so, of
   * partitions too that this process has told nothing of.
   */
  lost(): void {
    for (let p = 0; p < this.#options.partitions; p++) this.#tells(p);
    this.#lose();
    if (this.#options.listens) {
      this.#restart("A process is gone, maybe with live events");
    }
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
      : this.#beatAt + BEAT_EVERY_MS * MICROS_PER_MS;
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
    const messages = this.#messagesOf(this.#outgoing.take({ forming }), now);
    if (messages.length > 0) this.#nowUnsettled(messages);
    if (now - this.#beatAt >= BEAT_EVERY_MS * MICROS_PER_MS) {
      this.#beatAt = now;
      messages.push(...this.#beats(now));
    }
    for (let i = 0; i < messages.length; i += MESSAGES_AT_ONCE) {
      await Promise.all(
        messages.slice(i, i + MESSAGES_AT_ONCE).map((one) => this.#send(one)),
      );
    }
  }

  /** Numbers all of them before the first is sent. */
  #messagesOf(events: readonly LiveEvent[], now: EpochMicros): Message[] {
    const { bootId: from, partitions } = this.#options;
    const messages: Message[] = [];
    const byPartition = Map.groupBy(
      events,
      ({ symbol }) => partitionOf(symbol, partitions),
    );
    for (const [p, own] of byPartition) {
      for (const part of partsOf(own.map((event) => JSON.stringify(event)))) {
        const n = ++this.#n;
        const after = this.#told.get(p)?.n ?? 0;
        this.#told.set(p, { n, at: now, since: now });
        messages.push({ p, n, text: writeMessage({ from, n, after }, part) });
      }
    }
    return messages;
  }

  /** Messages without events show whether one before them is missing. */
  #beats(now: EpochMicros): Message[] {
    const { bootId: from } = this.#options;
    const beats: Message[] = [];
    for (const [p, { n, at, since }] of this.#told) {
      const quietMs = (now - at) / MICROS_PER_MS;
      if (n === 0 || quietMs < BEAT_EVERY_MS) continue;
      if (at === -Infinity && now - since > LOST_MS_MAX * MICROS_PER_MS) {
        // Or each process would tell of all partitions for ever.
        this.#told.delete(p);
        continue;
      }
      if (quietMs > BEAT_MS_MAX && at > -Infinity) continue;
      beats.push({ p, n, text: writeMessage({ from, n, after: n }, []) });
    }
    return beats;
  }

  /** A message that fails is not sent again: its number tells the others. */
  async #send({ p, text }: Message): Promise<void> {
    const { link, log } = this.#options;
    try {
      await link.send(p, text);
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

  /** Events that waited are dropped: a number that nobody will hear. */
  #lose(): void {
    const n = ++this.#n;
    const since = this.#options.clock.now();
    for (const [p, { at }] of this.#told) this.#told.set(p, { n, at, since });
  }

  /** It has told nothing of a partition yet, but will. */
  #tells(p: number): void {
    if (this.#told.has(p)) return;
    const since = this.#options.clock.now();
    this.#told.set(p, { n: 0, at: -Infinity, since });
  }

  #nowUnsettled(messages: readonly Message[]): void {
    const local = this.#unsent;
    this.#unsent = null;
    if (local === null || !this.#options.listens) return;
    const newest = new Map(messages.map(({ p, n }) => [this.#orderOf(p), n]));
    for (const [order, n] of newest) {
      const unsettled = this.#unsettled[order];
      unsettled.push({ n, local });
      if (unsettled.length <= UNSETTLED_MAX) continue;
      const [oldest, next] = unsettled;
      unsettled.splice(0, 2, { n: next.n, local: oldest.local });
    }
  }

  /**
   * The newest event up to which the others have heard all that is here, of
   * what goes in this order.
   */
  #settled(order: number): number {
    return this.#unsettled[order][0]?.local ?? this.#unsent ?? Infinity;
  }

  #orderOf(p: number): number {
    return p % this.#options.link.orders;
  }

  #receive(text: string, p: number): void {
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
    const isBeat = message.events.length === 0;
    const order = this.#orderOf(p);
    if (message.from === bootId) {
      if (isBeat) return;
      const unsettled = this.#unsettled[order];
      while (unsettled.length > 0 && unsettled[0].n <= message.n) {
        unsettled.shift();
      }
      bus.hear(message, [], this.#settled(order), order);
      return;
    }
    const fromFirst = this.#listeningAt !== null &&
      clock.now() - this.#listeningAt > ALL_HEARD_MS * MICROS_PER_MS;
    const senders = this.#heard.get(p) ?? new HeardSenders();
    this.#heard.set(p, senders);
    if (senders.isAfterHole(message, fromFirst)) this.#beginAnew(message);
    if (isBeat) return;
    bus.hear(message, message.events, this.#settled(order), order);
  }

  /**
   * What is missing before a number was stored before it was taken: once for
   * all partitions is enough.
   */
  #beginAnew({ from, after }: LiveMessage): void {
    if (after <= (this.#begunAnew.get(from) ?? 0)) return;
    this.#begunAnew.delete(from); // the newest stand last
    this.#begunAnew.set(from, after);
    if (this.#begunAnew.size > SENDERS_MAX) {
      this.#begunAnew.delete(this.#begunAnew.keys().next().value!);
    }
    this.#restart("Live events of another process are missing");
  }

  #restart(why: string): void {
    if (this.#restartWaits) return;
    const { bus, clock, log } = this.#options;
    const now = clock.now();
    const waitMs = RESTART_EVERY_MS -
      (now - this.#restartedAt) / MICROS_PER_MS;
    if (waitMs > 0) {
      this.#restartWaits = true;
      bus.doubt();
      clock.sleep(waitMs).then(() => {
        this.#restartWaits = false;
        this.#restart(why);
      });
      return;
    }
    this.#restartedAt = now;
    log.info("Live streams begin anew", { why });
    // What was published before it and has not come back is not kept.
    const isUnsent = this.#unsent !== null;
    if (isUnsent) this.#unsent = NOTHING;
    for (const one of this.#unsettled.flat()) one.local = NOTHING;
    bus.restart(
      [...this.#unsettled.keys()].filter((order) =>
        isUnsent || this.#unsettled[order].length > 0
      ),
    );
  }
}

interface Message {
  readonly p: number;
  readonly n: number;
  readonly text: string;
}

interface Told {
  /** The newest message, or the newest number nobody will hear. */
  readonly n: number;
  /** When the newest was sent, beats aside. */
  readonly at: number;
  /** When that number came to be. */
  readonly since: number;
}

/** Less than the number of any event. */
const NOTHING = -1;

/** Texts in messages that are not too long. */
function partsOf(texts: readonly string[]): readonly (readonly string[])[] {
  const parts: string[][] = [];
  let chars = Infinity;
  for (const text of texts) {
    if (chars + text.length > MESSAGE_CHARS_MAX) {
      parts.push([]);
      chars = 0;
    }
    parts.at(-1)!.push(text);
    chars += text.length;
  }
  return parts;
}
