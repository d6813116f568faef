import { partitionOf } from "../domain/hash.ts";
import type { LiveEvent } from "../domain/live_event.ts";
import type { Clock, Log } from "../ports.ts";
import { HeardSenders, SENDERS_MAX } from "./heard_senders.ts";
import type { LiveBus } from "./live_bus.ts";
import {
  isRelayed,
  type LostLately,
  readMessage,
  writeMessage,
} from "./live_message.ts";
import { NeededChannels } from "./needed_channels.ts";
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
  /** Who is told what is heard, until `close`; nothing is, before `want`. */
  listen(listener: LiveListener): void;
  /** Has what all processes send to these partitions heard, this one too. */
  want(partitions: readonly number[]): void;
  /** Needs these no more. */
  drop(partitions: readonly number[]): void;
  close(): Promise<void>;
}

export interface LiveListener {
  message(message: string, p: number): void;
  /**
   * All to these partitions is heard from now on, again after each
   * interruption: what was sent before, and not heard, is lost.
   */
  listening(partitions: readonly number[]): void;
  /** Messages to these are lost from now on until listening begins. */
  interrupted(partitions: readonly number[]): void;
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
  /** How long a partition is listened to after its last reader. */
  readonly keptMs?: number;
}

/** Events of this long go in one message. */
const GATHER_MS = 25;
const FORMING_EVERY_MS = 250;
/** How often a partition is told of, be it that there was nothing. */
const BEAT_EVERY_MS = 1_000;
/** For so long it is told that something was lost: longer than `ALL_HEARD_MS`. */
const LOST_TOLD_MS = 10_000;
/** So much more two stamps of a clock of whole ms may lie apart than is true. */
const STAMPS_MS = 1;
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
/** Snapshots take a while: more often they would be of no use to anybody. */
const RESTART_EVERY_MS = 2_000;
/** What is lost within this is one loss: many partitions are claimed at once. */
const LOST_GATHER_MS = 100;
const QUEUE_MAX = 8_192;
const MESSAGE_CHARS_MAX = 256 * 1024;

/**
 * Joins the buses of several processes: sends what this one's stages publish,
 * and publishes here what others send.
 *
 * Each event gets there at most once, and publishing never waits or fails. A
 * process hears the partitions that its readers need. Messages are numbered: who
 * misses one has those readers begin anew, so that they take a snapshot, and no
 * page stays without what was lost.
 *
 * What is missing was stored before its number was taken, and messages say how
 * long ago that was: so whose snapshot was begun after it lacks nothing. No two
 * clocks are compared, and a message that comes late makes it look later.
 */
export class LiveRelay {
  readonly #options: LiveRelayOptions;
  readonly #outgoing = new OutgoingEvents(QUEUE_MAX);
  readonly #heard = new Map<number, HeardSenders>();
  readonly #needs: NeededChannels;
  /**
   * By order and sender, up to which number readers have begun anew for what is
   * missing.
   */
  readonly #begunAnew: readonly Map<string, number>[];
  #n = 0;
  /** By partition, what this process has told of. */
  readonly #told = new Map<number, Told>();
  /** Newest event of the bus before the first that is still to be sent. */
  #unsent: number | null = null;
  /** The same of what is being sent. */
  #onItsWay: number | null = null;
  /** The same of what was sent and has not come back, as it will, by order. */
  readonly #unsettled: Unsettled[][];
  #wake = () => {};
  #sending = true;
  #unreadable = 0;
  #formingAtMs = -Infinity;
  #beatAtMs = -Infinity;
  /** By partition, when listening to it began. */
  readonly #listeningAtMs = new Map<number, number>();
  readonly #restartedAtMs = new Map<number, number>();
  /** By when what is missing was stored, of those that have to wait. */
  readonly #restartWaits = new Map<number, number>();
  /** Orders of which something was lost lately, and when the last of it was. */
  readonly #lostOrders = new Set<number>();
  #lostAtMs = 0;
  readonly #ended = new AbortController();

  constructor(options: LiveRelayOptions) {
    this.#options = options;
    const { orders } = options.link;
    this.#unsettled = Array.from({ length: orders }, () => []);
    this.#begunAnew = Array.from({ length: orders }, () => new Map());
    const { bus, link, clock, keptMs } = options;
    this.#needs = new NeededChannels({
      want: (partitions) => this.#want(partitions),
      clock,
      keptMs,
    });
    if (!options.listens) return;
    bus.attach(this.#needs);
    link.listen({
      message: (text, p) => this.#receive(text, p),
      listening: (partitions) => this.#nowListening(partitions),
      interrupted: (partitions) => {
        this.#needs.fall(partitions);
        bus.deafen(partitions);
      },
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
      this.#toldOf(partitionOf(event.symbol, partitions));
      if (event.kind !== "candle") this.#unsent ??= before;
      if (!this.#outgoing.add(event)) this.#lose(this.#told.keys());
    }
    if (idle || this.#outgoing.hasPassing) this.#wake();
  }

  /**
   * Something was stored, maybe without being told of: another process was
   * killed, or an answer was lost. All readers of these partitions, or of any,
   * and of what goes in the same order, here and elsewhere, take a snapshot:
   * where many are lost one after the other, it is the same one. The next beats
   * say so, of partitions too that this process has told nothing of.
   */
  lost(partitions?: readonly number[]): void {
    const { bus, clock, partitions: all } = this.#options;
    const lost = partitions ?? Array.from({ length: all }, (_, p) => p);
    this.#lose(lost);
    this.#lostAtMs = clock.steadyMs();
    const isFirst = this.#lostOrders.size === 0;
    for (const p of lost) this.#lostOrders.add(this.#orderOf(p));
    bus.deafen(this.#neededOf(this.#lostOrders));
    if (!isFirst) return;
    clock.sleep(LOST_GATHER_MS, this.#ended.signal).then(() => {
      const needed = this.#neededOf(this.#lostOrders);
      this.#lostOrders.clear();
      this.#restart(needed, "Live events were maybe not told", this.#lostAtMs);
    });
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
    this.#ended.abort();
  }

  /** Waits until there is something to send. */
  async #something(): Promise<void> {
    if (this.#outgoing.hasPassing) return;
    const { clock } = this.#options;
    const due = this.#outgoing.size > 0
      ? this.#formingAtMs + FORMING_EVERY_MS
      : this.#beatAtMs + BEAT_EVERY_MS;
    const waitMs = due - clock.steadyMs();
    if (!(waitMs > 0)) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await clock.sleep(waitMs, woken.signal);
    this.#wake = () => {};
  }

  async #flush(all: boolean): Promise<void> {
    const nowMs = this.#options.clock.steadyMs();
    const forming = all ||
      nowMs - this.#formingAtMs >= FORMING_EVERY_MS;
    if (forming) this.#formingAtMs = nowMs;
    const messages = this.#messagesOf(this.#outgoing.take({ forming }), nowMs);
    if (messages.length > 0) this.#nowOnTheirWay(messages);
    if (nowMs - this.#beatAtMs >= BEAT_EVERY_MS) {
      this.#beatAtMs = nowMs;
      messages.push(...this.#beats(nowMs));
      this.#giveBack();
    }
    for (let i = 0; i < messages.length; i += MESSAGES_AT_ONCE) {
      await Promise.all(
        messages.slice(i, i + MESSAGES_AT_ONCE).map((one) => this.#send(one)),
      );
    }
    this.#onItsWay = null;
  }

  /** Numbers all of them before the first is sent. */
  #messagesOf(events: readonly LiveEvent[], nowMs: number): Message[] {
    const { bootId: from, partitions } = this.#options;
    const messages: Message[] = [];
    const byPartition = Map.groupBy(
      events,
      ({ symbol }) => partitionOf(symbol, partitions),
    );
    for (const [p, own] of byPartition) {
      for (const part of partsOf(own.map((event) => JSON.stringify(event)))) {
        const n = ++this.#n;
        const told = this.#toldOf(p);
        const text = writeMessage({ from, n, ...before(told, nowMs) }, part);
        told.n = n;
        told.takenAtMs = told.atMs = nowMs;
        messages.push({ p, n, text, isBeat: false });
      }
    }
    return messages;
  }

  /** Messages without events show whether one before them is missing. */
  #beats(nowMs: number): Message[] {
    const { bootId: from } = this.#options;
    const beats: Message[] = [];
    for (const [p, told] of this.#told) {
      const { n, atMs, lostAtMs } = told;
      const quietMs = nowMs - atMs;
      if (n === 0 || quietMs < BEAT_EVERY_MS) continue;
      const isOver = atMs === -Infinity
        ? nowMs - lostAtMs > LOST_MS_MAX
        : quietMs > BEAT_MS_MAX;
      if (isOver) {
        // All who listen have heard; or each would tell of all for ever.
        this.#told.delete(p);
        continue;
      }
      const text = writeMessage({ from, n, ...before(told, nowMs) }, []);
      beats.push({ p, n, text, isBeat: true });
    }
    return beats;
  }

  /** A message that fails is not sent again: its number tells the others. */
  async #send({ p, n, text, isBeat }: Message): Promise<void> {
    const { link, log, clock } = this.#options;
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
      if (isBeat) return;
      const told = this.#toldOf(p);
      told.lost = Math.max(told.lost, n);
      told.lostAtMs = clock.steadyMs();
    }
  }

  /** Events of these were not told: a number that nobody will hear. */
  #lose(partitions: Iterable<number>): void {
    const n = ++this.#n;
    const nowMs = this.#options.clock.steadyMs();
    const news = { n, takenAtMs: nowMs, lost: n, lostAtMs: nowMs };
    for (const p of partitions) Object.assign(this.#toldOf(p), news);
  }

  #toldOf(p: number): Told {
    let told = this.#told.get(p);
    if (told === undefined) {
      const never = -Infinity;
      told = {
        n: 0,
        takenAtMs: never,
        atMs: never,
        lost: 0,
        lostAtMs: never,
      };
      this.#told.set(p, told);
    }
    return told;
  }

  #nowOnTheirWay(messages: readonly Message[]): void {
    const local = this.#unsent;
    this.#unsent = null;
    if (local === null) return;
    this.#onItsWay = local;
    for (const { p, n } of messages) {
      if (this.#needs.has(p)) this.#willComeBack(p, n, local);
    }
  }

  #willComeBack(p: number, n: number, local: number): void {
    const unsettled = this.#unsettled[this.#orderOf(p)];
    const newest = unsettled.at(-1);
    if (newest?.local === local) {
      newest.n = Math.max(newest.n, n);
      newest.sent.set(p, n);
    } else unsettled.push({ n, local, sent: new Map([[p, n]]) });
    if (unsettled.length <= UNSETTLED_MAX) return;
    const [oldest, next] = unsettled;
    const sent = new Map([...oldest.sent, ...next.sent]);
    unsettled.splice(0, 2, { n: next.n, local: oldest.local, sent });
  }

  /** What was sent to these is not heard any more. */
  #notComingBack(partitions: readonly number[]): void {
    for (const order of new Set(partitions.map((p) => this.#orderOf(p)))) {
      const unsettled = this.#unsettled[order];
      for (const one of unsettled) {
        for (const p of partitions) one.sent.delete(p);
        one.n = Math.max(...one.sent.values());
      }
      this.#unsettled[order] = unsettled.filter(({ sent }) => sent.size > 0);
    }
  }

  /**
   * The newest event up to which the others have heard all that is here, of
   * what goes in this order.
   */
  #settled(order: number): number {
    return this.#unsettled[order][0]?.local ?? this.#onItsWay ??
      this.#unsent ?? Infinity;
  }

  #orderOf(p: number): number {
    return p % this.#options.link.orders;
  }

  #neededOf(orders: ReadonlySet<number>): readonly number[] {
    return this.#needs.all.filter((p) => orders.has(this.#orderOf(p)));
  }

  #want(partitions: readonly number[]): void {
    const local = this.#onItsWay;
    for (const p of partitions) {
      const told = this.#told.get(p);
      // It may get there before listening begins, or after it.
      if (local !== null && told) this.#willComeBack(p, told.n, local);
    }
    this.#options.link.want(partitions);
  }

  #nowListening(partitions: readonly number[]): void {
    const { bus, clock } = this.#options;
    const nowMs = clock.steadyMs();
    const again = partitions.filter((p) => this.#listeningAtMs.has(p));
    const first = partitions.filter((p) => !this.#listeningAtMs.has(p));
    for (const p of partitions) this.#listeningAtMs.set(p, nowMs);
    this.#needs.stand(partitions);
    // Who did not wait for it begins anew.
    bus.restart(first);
    this.#restart(again, "Listening to the other processes began again");
  }

  /** What nobody has needed for a while is not heard any more. */
  #giveBack(): void {
    const { bus, link } = this.#options;
    const unused = this.#needs.giveBack();
    if (unused.length === 0) return;
    link.drop(unused);
    bus.restart(unused); // nothing of it is kept
    bus.deafen(unused);
    for (const p of unused) {
      this.#heard.delete(p);
      this.#listeningAtMs.delete(p);
      this.#restartedAtMs.delete(p);
    }
    this.#notComingBack(unused);
  }

  #receive(text: string, p: number): void {
    const { bus, bootId, clock, log } = this.#options;
    if (!this.#needs.has(p)) return;
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
      const unsettled = this.#unsettled[order];
      while (unsettled.length > 0 && unsettled[0].n <= message.n) {
        unsettled.shift();
      }
      if (!isBeat) bus.hear(message, [], this.#settled(order), p);
      return;
    }
    const listeningAtMs = this.#listeningAtMs.get(p) ?? Infinity;
    const fromFirst = clock.steadyMs() - listeningAtMs > ALL_HEARD_MS;
    const senders = this.#heard.get(p) ?? new HeardSenders();
    this.#heard.set(p, senders);
    const missing = senders.missingBefore(message, fromFirst);
    if (missing !== null) this.#beginAnew(message.from, missing, order);
    if (isBeat) return;
    bus.hear(message, message.events, this.#settled(order), p);
  }

  /**
   * What is missing before a number was stored before it was taken: once for
   * all that goes the same way is enough.
   */
  #beginAnew(from: string, { n, ms }: LostLately, order: number): void {
    const begunAnew = this.#begunAnew[order];
    if (n <= (begunAnew.get(from) ?? 0)) return;
    begunAnew.delete(from); // the newest stand last
    begunAnew.set(from, n);
    if (begunAnew.size > SENDERS_MAX) {
      begunAnew.delete(begunAnew.keys().next().value!);
    }
    this.#restart(
      this.#neededOf(new Set([order])),
      "Live events of another process are missing",
      this.#options.clock.steadyMs() - (ms - STAMPS_MS),
    );
  }

  /**
   * Readers of these take a snapshot, unless they began one after `untilMs`, by
   * when what is missing was stored; at most every two seconds.
   */
  #restart(
    partitions: readonly number[],
    why: string,
    untilMs: number = this.#options.clock.steadyMs(),
  ): void {
    const { bus, clock, log } = this.#options;
    const nowMs = clock.steadyMs();
    const before = nowMs - RESTART_EVERY_MS;
    const [due, early]: [number[], number[]] = [[], []];
    for (const p of partitions) {
      if (!this.#needs.has(p)) continue;
      const waits = this.#restartWaits.get(p);
      const isEarly = (this.#restartedAtMs.get(p) ?? -Infinity) > before;
      if (waits !== undefined) {
        this.#restartWaits.set(p, Math.max(waits, untilMs));
      } else (isEarly ? early : due).push(p);
    }
    if (early.length > 0) this.#restartLater(early, why, untilMs);
    if (due.length === 0) return;
    for (const p of due) this.#restartedAtMs.set(p, nowMs);
    log.info("Live streams begin anew", { why, partitions: due.length });
    bus.restart(due, untilMs);
    bus.deafen(due.filter((p) => !this.#needs.stands(p)));
  }

  /** Two seconds after the last time. */
  #restartLater(partitions: readonly number[], why: string, untilMs: number) {
    const { bus, clock } = this.#options;
    bus.deafen(partitions);
    for (const p of partitions) {
      this.#restartWaits.set(p, untilMs);
    }
    const last = Math.max(
      ...partitions.map((p) => this.#restartedAtMs.get(p)!),
    );
    const sinceMs = clock.steadyMs() - last;
    clock.sleep(RESTART_EVERY_MS - sinceMs).then(() => {
      const waits = this.#restartWaits;
      const byUntil = Map.groupBy(partitions, (p) => waits.get(p)!);
      for (const p of partitions) waits.delete(p);
      for (const [untilMs, some] of byUntil) this.#restart(some, why, untilMs);
    });
  }
}

interface Message {
  readonly p: number;
  readonly n: number;
  readonly text: string;
  readonly isBeat: boolean;
}

/** What was sent at once and has not come back. */
interface Unsettled {
  /** The newest message of it that comes back. */
  n: number;
  /** Newest event of the bus before it. */
  readonly local: number;
  /** By partition that is heard, the newest message to it. */
  readonly sent: Map<number, number>;
}

interface Told {
  /** The newest message, or the newest number nobody will hear. */
  n: number;
  /** When that number was taken. */
  takenAtMs: number;
  /** When the newest was sent, beats aside; `-Infinity` before the first. */
  atMs: number;
  /** The newest number that is known to be lost, and since when it is. */
  lost: number;
  lostAtMs: number;
}

/** What a message says of those before it. */
function before({ n, takenAtMs, lost, lostAtMs }: Told, nowMs: number) {
  const ms = (since: number) => Math.max(0, Math.floor(nowMs - since));
  const isLostLately = ms(lostAtMs) < LOST_TOLD_MS;
  return {
    after: n,
    afterMs: n === 0 ? 0 : ms(takenAtMs),
    lost: isLostLately ? { n: lost, ms: ms(lostAtMs) } : null,
  };
}

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
