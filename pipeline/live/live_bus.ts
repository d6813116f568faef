import type { CandleView } from "../domain/candle.ts";
import type { LiveEvent, LiveEventKind } from "../domain/live_event.ts";
import { isNewer } from "../domain/newer_candle.ts";
import { type EpochMicros, MICROS_PER_MS } from "../domain/time.ts";
import type { Clock } from "../ports.ts";
import { type Heard, HeardOrder } from "./heard_order.ts";

/** An event in the order of the bus, from 1. */
export interface NumberedEvent {
  readonly n: number;
  readonly event: LiveEvent;
  /** When it was published. */
  readonly at: EpochMicros;
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
   * Publishes what a message of a process brought, of this one too: ids name it
   * from then on, so that other processes can go on after it.
   *
   * @param settled Newest event here that whoever knows the message has, of
   *   those that go the same way; one that this process has published and not
   *   yet sent is newer.
   * @param order Which of the ways it came; messages of one way come to all
   *   processes in the same order.
   */
  hear(
    message: Heard,
    events: readonly LiveEvent[],
    settled: number,
    order?: number,
  ): void;
  /**
   * Messages may be missing until the bus begins anew: ids are of no use to
   * other processes, nor theirs here.
   */
  doubt(): void;
  /**
   * Calls back, in order, until the returned function is called or the bus
   * starts anew; `ended` tells of the latter.
   */
  subscribe(
    filter: LiveFilter,
    callback: (events: readonly NumberedEvent[]) => void,
    ended?: () => void,
  ): () => void;
  /**
   * Begins anew because events were missed: subscriptions end and ids given
   * until now are unknown, so that every reader takes a snapshot.
   *
   * @param lacking Orders in which the others have yet to hear what was
   *   published here before.
   */
  restart(lacking?: readonly number[]): void;
  /** Number of the newest event so far. */
  readonly last: number;
  /** The id of the newest event so far, here and for other processes. */
  readonly lastId: string;
  /**
   * What came after `id`: every event kept, and of each forming candle the
   * newest. After the id of another process some may come again.
   *
   * @returns `null` if the id is too old to tell, or of another process whose
   *   last message was not heard here.
   */
  since(id: string, filter: LiveFilter): readonly NumberedEvent[] | null;
}

export interface LiveBusOptions {
  readonly clock: Clock;
  /** Tells this bus from others and from the one before; without `~`. */
  readonly bootId: string;
  /** How many events, forming candles aside, can be given again. */
  readonly keep?: number;
  /** Ways that messages of other processes come, each in an order; 1 if absent. */
  readonly orders?: number;
  /** By which of them a symbol's events come; 0 if absent. */
  readonly orderOf?: (symbol: string) => number;
  /** Shortest time between two updates of one forming candle. */
  readonly formingEveryMs?: number;
}

/** Bus and number there; then the newest message heard of each order, if any. */
const ID = /^([^~]+)-(\d{1,15})(?:~(.*))?$/;
const HEARD = /^([^~.]+)\.(\d{1,15})$/;
const KEEP = 4_096;
const FORMING_EVERY_MS = 250;

type CandleEvent = Extract<LiveEvent, { candle: unknown }>;

/** Before every event, also those before the bus began. */
const NONE = -1;

/** A symbol and interval whose candle is forming. */
interface Forming {
  /** Newest update sent, to be given again. */
  sent: NumberedEvent | null;
  sentAt: EpochMicros;
  /** Newest update that waits for its turn, and when it was published. */
  waiting: CandleEvent | null;
  waitingSince: EpochMicros;
  /** The newest that closed. */
  closed: CandleView | null;
}

interface Subscriber {
  readonly filter: LiveFilter;
  readonly callback: (events: readonly NumberedEvent[]) => void;
  readonly ended: () => void;
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
  readonly #everyMicros: number;
  readonly #subscribers = new Set<Subscriber>();
  readonly #forming = new Map<string, Forming>();
  /** Oldest first; the first `#ringStart` are forgotten already. */
  #ring: NumberedEvent[] = [];
  #ringStart = 0;
  #last = 0;
  #restarts = 0;
  #flushing = false;
  readonly #orders: readonly HeardOrder[];
  /** The newest message that was heard of each order. */
  readonly #heard: (Heard | null)[];
  /**
   * By order, the newest event that cannot be given again: 0 is what was before
   * the first, and `NONE` is none.
   */
  readonly #forgotten: number[];
  readonly #orderOf: (symbol: string) => number;
  #doubts = false;

  constructor(options: LiveBusOptions) {
    this.#clock = options.clock;
    this.#bootId = options.bootId;
    this.#keep = options.keep ?? KEEP;
    const orders = options.orders ?? 1;
    this.#orders = Array.from({ length: orders }, () => new HeardOrder());
    this.#heard = Array(orders).fill(null);
    this.#forgotten = Array(orders).fill(NONE);
    this.#orderOf = options.orderOf ?? (() => 0);
    this.#everyMicros = (options.formingEveryMs ?? FORMING_EVERY_MS) *
      MICROS_PER_MS;
  }

  get last(): number {
    return this.#last;
  }

  get lastId(): string {
    const id = `${this.#name}-${this.#last}`;
    if (this.#doubts || this.#heard.every((one) => one === null)) return id;
    const heard = this.#heard.map((one) => one ? `${one.from}.${one.n}` : "");
    return [id, ...heard].join("~");
  }

  hear(
    message: Heard,
    events: readonly LiveEvent[],
    settled: number,
    order = 0,
  ): void {
    this.#heard[order] = message; // readers take their ids while they are told
    this.publish(events);
    if (settled < 0 || this.#doubts) return;
    this.#orders[order].note(message, Math.min(settled, this.#last));
  }

  doubt(): void {
    this.#doubts = true;
  }

  publish(events: readonly LiveEvent[]): void {
    const now = this.#clock.now();
    const passing: NumberedEvent[] = [];
    for (const event of events) {
      if (event.kind !== "candle") {
        if (event.kind === "candle.closed" || event.kind === "candle.revised") {
          this.#endForming(event);
        }
        passing.push(this.#record(event, now));
        continue;
      }
      const forming = this.#formingOf(event);
      if (isOld(event.candle, forming)) continue;
      forming.waiting = event;
      forming.waitingSince = now;
      if (now - forming.sentAt >= this.#everyMicros) {
        passing.push(this.#sendForming(forming, event, now));
      }
    }
    this.#send(passing);
    this.#scheduleFlush();
  }

  subscribe(
    filter: LiveFilter,
    callback: (events: readonly NumberedEvent[]) => void,
    ended: () => void = () => {},
  ): () => void {
    const subscriber = { filter, callback, ended };
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  restart(lacking: readonly number[] = []): void {
    this.#restarts++;
    this.#last = 0;
    this.#ring = [];
    this.#ringStart = 0;
    this.#forgotten.fill(NONE);
    for (const order of lacking) this.#forgotten[order] = 0;
    this.#forming.clear();
    for (const order of this.#orders) order.clear();
    this.#heard.fill(null);
    this.#doubts = false;
    const gone = [...this.#subscribers];
    this.#subscribers.clear();
    for (const { ended } of gone) ended();
  }

  since(id: string, filter: LiveFilter): readonly NumberedEvent[] | null {
    const match = ID.exec(id);
    if (match === null) return null;
    const [, name, number, heard] = match;
    const isOurs = name === this.#name;
    const n = Number(number);
    if (isOurs && n > this.#last) return null;
    const known = isOurs
      ? this.#orders.map(() => n)
      : this.#knownOf(heard?.split("~") ?? []);
    if (known === null) return null;
    if (known.some((one, order) => one < this.#forgotten[order])) return null;
    const missed: NumberedEvent[] = [];
    const oldest = Math.min(...known);
    for (let i = this.#ring.length - 1; i >= this.#ringStart; i--) {
      const one = this.#ring[i];
      if (one.n <= oldest) break;
      if (one.n > known[this.#orderOf(one.event.symbol)]) missed.push(one);
    }
    for (const { sent } of this.#forming.values()) {
      // Another process may have held back the update that this one sent.
      if (sent !== null && (sent.n > n || !isOurs)) missed.push(sent);
    }
    return missed.filter(({ event }) => matches(filter, event)).sort((a, b) =>
      a.n - b.n
    );
  }

  /** The bus as ids have it, another one after each restart. */
  get #name(): string {
    return this.#restarts === 0
      ? this.#bootId
      : `${this.#bootId}.${this.#restarts}`;
  }

  /**
   * By order, the newest event here that whoever heard these messages has.
   *
   * @returns `null` if that is not known.
   */
  #knownOf(messages: readonly string[]): readonly number[] | null {
    const some = messages.some((text) => text !== "");
    if (this.#doubts || !some || messages.length !== this.#orders.length) {
      return null;
    }
    const known = messages.map((text, order) => {
      if (text === "") return NONE;
      const [, from, n] = HEARD.exec(text) ?? [];
      return this.#orders[order].localAt({ from, n: Number(n) });
    });
    return known.includes(null) ? null : known as number[];
  }

  #record(event: LiveEvent, at: EpochMicros): NumberedEvent {
    const numbered = { n: ++this.#last, event, at };
    this.#ring.push(numbered);
    if (this.#ring.length - this.#ringStart > this.#keep) {
      const { n, event } = this.#ring[this.#ringStart];
      this.#forgotten[this.#orderOf(event.symbol)] = n;
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
        sent: null,
        sentAt: -Infinity as EpochMicros,
        waiting: null,
        waitingSince: -Infinity as EpochMicros,
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
    }
    const sent = forming.sent?.event as CandleEvent | undefined;
    if (sent !== undefined && sent.candle.t <= t) forming.sent = null;
  }

  #sendForming(
    forming: Forming,
    event: CandleEvent,
    now: EpochMicros,
  ): NumberedEvent {
    const numbered = { n: ++this.#last, event, at: forming.waitingSince };
    forming.sent = numbered;
    forming.sentAt = now;
    forming.waiting = null;
    return numbered;
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
    for (const { waiting, sentAt } of this.#forming.values()) {
      if (waiting !== null) next = Math.min(next, sentAt + this.#everyMicros);
    }
    if (next === Infinity) return;
    this.#flushing = true;
    const waitMs = Math.max(1, (next - this.#clock.now()) / MICROS_PER_MS);
    this.#clock.sleep(Math.ceil(waitMs)).then(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const now = this.#clock.now();
    const due: NumberedEvent[] = [];
    for (const forming of this.#forming.values()) {
      const { waiting, sentAt } = forming;
      if (waiting !== null && now - sentAt >= this.#everyMicros) {
        due.push(this.#sendForming(forming, waiting, now));
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
