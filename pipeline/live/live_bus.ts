import type { CandleView } from "../domain/candle.ts";
import { partitionOf } from "../domain/hash.ts";
import type { LiveEvent, LiveEventKind } from "../domain/live_event.ts";
import { isNewer } from "../domain/newer_candle.ts";
import type { Clock } from "../ports.ts";
import { type Heard, HeardOrder } from "./heard_order.ts";
import type { NeededChannels } from "./needed_channels.ts";

/** An event in the order of the bus, from 1. */
export interface NumberedEvent {
  readonly n: number;
  readonly event: LiveEvent;
  /** When it was published, by the steady clock. */
  readonly atMs: number;
}

/** Which events somebody wants; `null` is all of them. */
export interface LiveFilter {
  readonly symbols: ReadonlySet<string> | null;
  /** Of candles; other events have none. */
  readonly intervals: ReadonlySet<string> | null;
  readonly kinds: ReadonlySet<LiveEventKind> | null;
}

/** The way from the stages to whoever shows what they did. */
export interface LiveBus {
  publish(events: readonly LiveEvent[]): void;
  /**
   * Before anybody subscribes: other processes publish as well, which is heard
   * by the channels that readers here need. None of them is yet.
   */
  attach(needs: NeededChannels): void;
  /**
   * Publishes what a message of a process brought, of this one too: ids name it
   * from then on, so that other processes can go on after it.
   *
   * @param settled Newest event here that whoever knows the message has, of
   *   those that come in the same order; one that this process has published
   *   and not yet sent is newer.
   * @param channel By which it came.
   */
  hear(
    message: Heard,
    events: readonly LiveEvent[],
    settled: number,
    channel: number,
  ): void;
  /**
   * What comes by these channels may be missed until they begin anew: ids are
   * of no use to who needs it.
   */
  deafen(channels: readonly number[]): void;
  /**
   * These channels, or all, are heard from now on, and something was missed
   * that was stored by `untilMs` of the steady clock, or by now: subscriptions
   * that need them are told so, and ids given until now are too old for them.
   */
  restart(channels?: readonly number[], untilMs?: number): void;
  /**
   * Resolves when all that passes the filter is heard, or cannot be for now: who
   * subscribes nonetheless is told later that something was missed.
   */
  ready(filter: LiveFilter): Promise<void>;
  /**
   * Calls back, in order, until the returned function is called.
   *
   * `missed` tells of something that may pass the filter and was stored by
   * `untilMs` of the steady clock: whoever began to read what is stored by then
   * may lack it.
   */
  subscribe(
    filter: LiveFilter,
    callback: (events: readonly NumberedEvent[]) => void,
    missed?: (untilMs: number) => void,
  ): () => void;
  /** Number of the newest event so far. */
  readonly last: number;
  /**
   * The id of the newest event so far, here and for other processes: it is for
   * those who want the same.
   */
  lastId(filter: LiveFilter): string;
  /**
   * What came after `id`: every event kept, and of each forming candle the
   * newest. After the id of another process some may come again.
   *
   * @returns `null` if not all that passes the filter was heard since, or it is
   *   not kept, or that cannot be told.
   */
  since(id: string, filter: LiveFilter): readonly NumberedEvent[] | null;
}

export interface LiveBusOptions {
  readonly clock: Clock;
  /** Tells this bus from others and from the one before; without `~`. */
  readonly bootId: string;
  /** How many events, forming candles aside, can be given again. */
  readonly keep?: number;
  /** Channels of events, by the partition of their symbol; 1 if absent. */
  readonly channels?: number;
  /** What channels with the same `p % orders` bring has one order; 1 if absent. */
  readonly orders?: number;
  /** Shortest time between two updates of one forming candle. */
  readonly formingEveryMs?: number;
}

/** Bus and number there; then the newest message heard of each order, if any. */
const ID = /^([^~]+)-(\d{1,15})(?:~(.*))?$/;
const HEARD = /^([^~.]+)\.(\d{1,15})$/;
const KEEP = 4_096;
const FORMING_EVERY_MS = 250;

type CandleEvent = Extract<LiveEvent, { candle: unknown }>;

/** Before every event. */
const NONE = -1;

/** What is known of the events of some symbols. */
interface Channel {
  /** All of them are heard from this event on, if they are. */
  from: number;
  /** The newest of them that is not kept any more. */
  forgotten: number;
  /** The newest message that brought some, and its place among all messages. */
  heard: Heard | null;
  heardAt: number;
}

/** A symbol and interval whose candle is forming. */
interface Forming {
  readonly channel: number;
  /** Newest update sent, to be given again. */
  sent: NumberedEvent | null;
  /** When, by the steady clock, as all times here. */
  sentAtMs: number;
  /** Newest update that waits for its turn, and when it was published. */
  waiting: CandleEvent | null;
  waitingSinceMs: number;
  /** The newest that closed. */
  closed: CandleView | null;
}

interface Subscriber {
  readonly filter: LiveFilter;
  readonly channels: readonly number[];
  readonly callback: (events: readonly NumberedEvent[]) => void;
  readonly missed: (untilMs: number) => void;
}

/**
 * A bus inside one process.
 *
 * Updates of a forming candle are joined to at most four a second; closed and
 * revised candles, forecasts, signals and feed states always pass. An update that
 * is older than what is known does not pass: events of several processes, such
 * as a partition's old and new owner, may come in any order. Memory: the last
 * `keep` events and three candles for each symbol and interval.
 */
export class InProcessBus implements LiveBus {
  readonly #clock: Clock;
  readonly #bootId: string;
  readonly #keep: number;
  readonly #everyMs: number;
  readonly #subscribers = new Set<Subscriber>();
  readonly #forming = new Map<string, Forming>();
  /** Those of which an update waits. */
  readonly #waiting = new Set<Forming>();
  /** Oldest first; the first `#ringStart` are forgotten already. */
  #ring: NumberedEvent[] = [];
  #ringStart = 0;
  #last = 0;
  #flushing = false;
  #needs: NeededChannels | null = null;
  readonly #channels: readonly Channel[];
  readonly #allChannels: readonly number[];
  /** Channels that are not heard, or not whole. */
  readonly #deaf = new Set<number>();
  readonly #orders: readonly HeardOrder[];
  /** The newest message that was heard of each order. */
  readonly #heard: (Heard | null)[];
  #messages = 0;

  constructor(options: LiveBusOptions) {
    this.#clock = options.clock;
    this.#bootId = options.bootId;
    this.#keep = options.keep ?? KEEP;
    const { channels = 1, orders = 1 } = options;
    this.#channels = Array.from(
      { length: channels },
      () => ({ from: 0, forgotten: NONE, heard: null, heardAt: 0 }),
    );
    this.#allChannels = [...this.#channels.keys()];
    this.#orders = Array.from({ length: orders }, () => new HeardOrder());
    this.#heard = Array(orders).fill(null);
    this.#everyMs = options.formingEveryMs ?? FORMING_EVERY_MS;
  }

  get last(): number {
    return this.#last;
  }

  attach(needs: NeededChannels): void {
    this.#needs = needs;
    this.deafen(this.#allChannels);
  }

  hear(
    message: Heard,
    events: readonly LiveEvent[],
    settled: number,
    channel: number,
  ): void {
    // Readers take their ids while they are told.
    const order = this.#orderOf(channel);
    this.#heard[order] = message;
    const known = this.#channels[channel];
    known.heard = message;
    known.heardAt = ++this.#messages;
    this.publish(events);
    this.#orders[order].note(message, Math.min(settled, this.#last));
  }

  deafen(channels: readonly number[]): void {
    for (const channel of channels) this.#deaf.add(channel);
  }

  restart(
    channels = this.#allChannels,
    untilMs = this.#clock.steadyMs(),
  ): void {
    if (channels.length === 0) return;
    const some = new Set(channels);
    this.#forgetForming(some);
    this.#last++; // ids until now are older
    for (const channel of some) {
      this.#channels[channel].from = this.#last;
      this.#deaf.delete(channel);
    }
    const concerned = [...this.#subscribers].filter((one) =>
      one.channels.some((channel) => some.has(channel))
    );
    for (const { missed } of concerned) missed(untilMs);
  }

  async ready(filter: LiveFilter): Promise<void> {
    await this.#needs?.ready(this.#channelsOf(filter));
  }

  publish(events: readonly LiveEvent[]): void {
    const nowMs = this.#clock.steadyMs();
    const passing: NumberedEvent[] = [];
    for (const event of events) {
      if (event.kind !== "candle") {
        if (event.kind === "candle.closed" || event.kind === "candle.revised") {
          this.#endForming(event);
        }
        passing.push(this.#record(event, nowMs));
        continue;
      }
      const forming = this.#formingOf(event);
      if (isOld(event.candle, forming)) continue;
      forming.waiting = event;
      forming.waitingSinceMs = nowMs;
      if (nowMs - forming.sentAtMs >= this.#everyMs) {
        passing.push(this.#sendForming(forming, event, nowMs));
      } else this.#waiting.add(forming);
    }
    this.#send(passing);
    this.#scheduleFlush();
  }

  subscribe(
    filter: LiveFilter,
    callback: (events: readonly NumberedEvent[]) => void,
    missed: (untilMs: number) => void = () => {},
  ): () => void {
    const channels = this.#channelsOf(filter);
    const subscriber = { filter, channels, callback, missed };
    this.#subscribers.add(subscriber);
    this.#needs?.enter(channels);
    return () => this.#leave(subscriber);
  }

  lastId(filter: LiveFilter): string {
    const id = `${this.#bootId}-${this.#last}`;
    if (this.#needs === null) return id;
    const channels = this.#channelsOf(filter);
    if (this.#isDeafTo(channels)) return id;
    const heard = this.#newestOf(channels);
    if (heard.every((one) => one === null)) return id;
    const names = heard.map((one) => one ? `${one.from}.${one.n}` : "");
    return [id, ...names].join("~");
  }

  since(id: string, filter: LiveFilter): readonly NumberedEvent[] | null {
    const match = ID.exec(id);
    if (match === null) return null;
    const [, name, number, heard] = match;
    const isOurs = name === this.#bootId;
    const n = Number(number);
    if (isOurs && n > this.#last) return null;
    const channels = this.#channelsOf(filter);
    if (this.#isDeafTo(channels)) return null;
    const known = isOurs
      ? this.#orders.map(() => n)
      : this.#knownOf(heard?.split("~") ?? [], channels);
    if (known === null) return null;
    if (!channels.every((one) => this.#hasAllSince(known, one))) return null;
    const missed: NumberedEvent[] = [];
    const oldest = Math.min(
      ...channels.map((one) => known[this.#orderOf(one)]),
    );
    for (let i = this.#ring.length - 1; i >= this.#ringStart; i--) {
      const one = this.#ring[i];
      if (one.n <= oldest) break;
      if (!matches(filter, one.event)) continue;
      const order = this.#orderOf(this.#channelOf(one.event.symbol));
      if (one.n > known[order]) missed.push(one);
    }
    for (const { sent } of this.#forming.values()) {
      if (sent === null || !matches(filter, sent.event)) continue;
      // Another process may have held back the update that this one sent.
      if (sent.n > n || !isOurs) missed.push(sent);
    }
    return missed.sort((a, b) => a.n - b.n);
  }

  #leave(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return;
    this.#needs?.leave(subscriber.channels);
  }

  /** Whether something that comes by these may be missed. */
  #isDeafTo(channels: readonly number[]): boolean {
    return this.#deaf.size > 0 && channels.some((one) => this.#deaf.has(one));
  }

  /** Those by which all comes that passes the filter. */
  #channelsOf({ symbols }: LiveFilter): readonly number[] {
    if (symbols === null || this.#channels.length === 1) {
      return this.#allChannels;
    }
    return [
      ...new Set([...symbols].map((symbol) => this.#channelOf(symbol))),
    ];
  }

  #channelOf(symbol: string): number {
    return partitionOf(symbol, this.#channels.length);
  }

  #orderOf(channel: number): number {
    return channel % this.#orders.length;
  }

  /** By order, the newest message that came by one of these. */
  #newestOf(channels: readonly number[]): readonly (Heard | null)[] {
    if (channels === this.#allChannels) return this.#heard;
    const newest: (Channel | null)[] = this.#orders.map(() => null);
    for (const channel of channels) {
      const order = this.#orderOf(channel);
      const one = this.#channels[channel];
      if (one.heardAt > (newest[order]?.heardAt ?? 0)) newest[order] = one;
    }
    return newest.map((one) => one?.heard ?? null);
  }

  /**
   * By order, the newest event here that whoever heard these messages has; of
   * an order of which he has heard nothing, `NONE`.
   *
   * @returns `null` if that is not known of what comes by these channels.
   */
  #knownOf(
    messages: readonly string[],
    channels: readonly number[],
  ): readonly number[] | null {
    if (messages.length !== this.#orders.length) return null;
    const known = messages.map((text, order) => {
      if (text === "") return NONE;
      const [, from, n] = HEARD.exec(text) ?? [];
      return this.#orders[order].localAt({ from, n: Number(n) });
    });
    const needed = [
      ...new Set(channels.map((one) => known[this.#orderOf(one)])),
    ];
    const some = needed.some((one) => one !== NONE);
    if (!some || needed.includes(null)) return null;
    // What nobody needs may be anything.
    return known.map((one) => one ?? NONE);
  }

  /** Whether all that came by a channel after what is known can be told. */
  #hasAllSince(known: readonly number[], channel: number): boolean {
    const { from, forgotten } = this.#channels[channel];
    const local = known[this.#orderOf(channel)];
    if (local !== NONE) return local >= from && local >= forgotten;
    // Nothing of its order had been heard elsewhere, so all that was heard here
    // is told; it has been since before the rest was heard.
    const others = known.filter((one) => one !== NONE);
    return forgotten === NONE && Math.min(...others) >= from;
  }

  #record(event: LiveEvent, atMs: number): NumberedEvent {
    const numbered = { n: ++this.#last, event, atMs };
    this.#ring.push(numbered);
    if (this.#ring.length - this.#ringStart > this.#keep) {
      const { n, event } = this.#ring[this.#ringStart];
      this.#channels[this.#channelOf(event.symbol)].forgotten = n;
      this.#ringStart++;
    }
    if (this.#ringStart > this.#keep) {
      this.#ring = this.#ring.slice(this.#ringStart);
      this.#ringStart = 0;
    }
    return numbered;
  }

  #formingOf({ symbol, interval }: CandleEvent): Forming {
    const key = `${symbol} ${interval}`;
    let forming = this.#forming.get(key);
    if (forming === undefined) {
      forming = {
        channel: this.#channelOf(symbol),
        sent: null,
        sentAtMs: -Infinity,
        waiting: null,
        waitingSinceMs: -Infinity,
        closed: null,
      };
      this.#forming.set(key, forming);
    }
    return forming;
  }

  /** An update of a candle that has closed since would open it again. */
  #endForming(event: CandleEvent): void {
    const forming = this.#formingOf(event);
    const { t } = event.candle;
    if (forming.closed === null || forming.closed.t <= t) {
      forming.closed = event.candle;
    }
    if (forming.waiting !== null && forming.waiting.candle.t <= t) {
      forming.waiting = null;
      this.#waiting.delete(forming);
    }
    const sent = forming.sent?.event as CandleEvent | undefined;
    if (sent !== undefined && sent.candle.t <= t) forming.sent = null;
  }

  #sendForming(
    forming: Forming,
    event: CandleEvent,
    nowMs: number,
  ): NumberedEvent {
    const numbered = { n: ++this.#last, event, atMs: forming.waitingSinceMs };
    forming.sent = numbered;
    forming.sentAtMs = nowMs;
    forming.waiting = null;
    this.#waiting.delete(forming);
    return numbered;
  }

  /** What is known of them may be older than what was missed. */
  #forgetForming(channels: ReadonlySet<number>): void {
    const nowMs = this.#clock.steadyMs();
    const waiting: NumberedEvent[] = [];
    for (const [key, forming] of this.#forming) {
      if (!channels.has(forming.channel)) continue;
      if (forming.waiting !== null) {
        waiting.push(this.#sendForming(forming, forming.waiting, nowMs));
      }
      this.#forming.delete(key);
    }
    this.#send(waiting);
  }

  #send(events: readonly NumberedEvent[]): void {
    if (events.length === 0) return;
    for (const { filter, callback } of [...this.#subscribers]) {
      const wanted = events.filter(({ event }) => matches(filter, event));
      if (wanted.length > 0) callback(wanted);
    }
  }

  /** One timer for all that waits; none while nothing does. */
  #scheduleFlush(): void {
    if (this.#flushing) return;
    let next = Infinity;
    for (const { sentAtMs } of this.#waiting) {
      next = Math.min(next, sentAtMs + this.#everyMs);
    }
    if (next === Infinity) return;
    this.#flushing = true;
    const waitMs = Math.max(1, next - this.#clock.steadyMs());
    this.#clock.sleep(Math.ceil(waitMs)).then(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const nowMs = this.#clock.steadyMs();
    const due: NumberedEvent[] = [];
    for (const forming of this.#waiting) {
      const { waiting, sentAtMs } = forming;
      if (waiting !== null && nowMs - sentAtMs >= this.#everyMs) {
        due.push(this.#sendForming(forming, waiting, nowMs));
      }
    }
    this.#send(due);
    this.#scheduleFlush();
  }
}

/** Whether as much or more of this candle is known already. */
function isOld(candle: CandleView, { sent, waiting, closed }: Forming) {
  const known = [
    waiting?.candle,
    (sent?.event as CandleEvent | undefined)?.candle,
    closed ?? undefined,
  ];
  return known.some((one) => one?.t === candle.t && !isNewer(candle, one));
}

/** Whether somebody with this filter wants the event. */
export function matches(filter: LiveFilter, event: LiveEvent): boolean {
  return (filter.symbols?.has(event.symbol) ?? true) &&
    (filter.kinds?.has(event.kind) ?? true) &&
    (!("interval" in event) ||
      (filter.intervals?.has(event.interval) ?? true));
}
