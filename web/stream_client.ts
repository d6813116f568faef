import { HEARTBEAT, retryFrame } from "./event_frame.ts";
import { type News, PendingEvents } from "./pending_events.ts";
import type { BodySink, BodySource } from "./pushed_body.ts";
import type { Listener } from "./stream_hub.ts";
import type { Wakes } from "./wakes.ts";

const BEAT = PendingEvents.comment(HEARTBEAT);
/** Whose connection takes nothing for so many heartbeats is not there. */
const BEATS_MISSED_MAX = 4;

export interface StreamClientOptions {
  /** What it gets first, once it is told when to come back. */
  readonly first: PendingEvents;
  /** Bytes that may wait, those that are free aside. */
  readonly bytesMax: number;
  /** Heartbeats until it has to come back. */
  readonly beatsMax: number;
  /** Who has its turn to be sent something. */
  readonly wakes: Wakes;
  /** What it gets first is with its connection, or will not be. */
  readonly onTaken: () => void;
  /** It may lack something, and is to begin anew with `again`, or `end`. */
  readonly onMissed: () => void;
  /** What waited was sent; `publishedMs` is when the oldest of it was. */
  readonly onSent: (publishedMs: number) => void;
  /** It is over, whoever ended it; `evicted` if it did not take enough. */
  readonly onOver: (evicted: boolean) => void;
}

/** Who listens to a stream: what waits for it, and where that goes. */
export class StreamClient implements BodySource, Listener {
  #waiting: PendingEvents;
  #sink: BodySink | null = null;
  /** The connection takes more. */
  #ready = false;
  #over = false;
  /** What it gets first was written, and then all of it taken. */
  #given = false;
  #taken = false;
  #beatsLeft: number;
  #beatsMissed = 0;
  readonly #send = () => this.#sendWaiting();

  constructor(private readonly options: StreamClientOptions) {
    this.#waiting = options.first;
    this.#beatsLeft = options.beatsMax;
  }

  tell(news: News): void {
    if (this.#over) return;
    this.#waiting = this.#waiting.with(news);
    if (this.#waiting.bytes > this.options.bytesMax) this.evict();
    else if (this.#ready) this.options.wakes.add(this.#send);
  }

  /** A word to whom nothing is told; who is old or takes nothing has to go. */
  beat(): void {
    if (--this.#beatsLeft <= 0) return this.#retire();
    if (this.#waiting === PendingEvents.NONE) this.#waiting = BEAT;
    if (this.#ready) this.options.wakes.add(this.#send);
    else if (++this.#beatsMissed >= BEATS_MISSED_MAX) this.evict();
  }

  miss(): void {
    this.options.onMissed();
  }

  /** This is what it gets first, anew; what waits it has no use for. */
  again(first: PendingEvents): void {
    if (this.#over) return;
    this.#waiting = first;
    this.#given = this.#taken = false;
    this.#sendWaiting();
  }

  end(): void {
    if (this.#leave(false)) this.#sink?.end();
  }

  begin(sink: BodySink): void {
    this.#sink = sink;
    if (this.#over) return sink.end();
    this.#ready = sink.write([retryFrame()]);
    this.#sendWaiting();
  }

  drained(): void {
    if (this.#over) return;
    this.#ready = true;
    this.#beatsMissed = 0;
    if (this.#given) this.#take();
    this.#sendWaiting();
  }

  gone(): void {
    this.#leave(false);
  }

  #sendWaiting(): void {
    if (!this.#ready || this.#waiting === PendingEvents.NONE) return;
    const { parts, oldest } = this.#waiting;
    this.#waiting = PendingEvents.NONE;
    this.#ready = this.#sink!.write(parts);
    this.#given = true;
    if (this.#ready) this.#take();
    if (oldest !== null) this.options.onSent(oldest);
  }

  /** Ends after what waits; browsers come back by themselves. */
  #retire(): void {
    this.#sendWaiting();
    this.end();
  }

  /** Cuts it off: others need what it keeps and does not take. */
  evict(): void {
    if (!this.#leave(true)) return;
    this.#sink?.cut(new Error("Client reads slower than candles close"));
  }

  #take(): void {
    if (this.#taken) return;
    this.#taken = true;
    this.options.onTaken();
  }

  /** @returns Whether it was here until now. */
  #leave(evicted: boolean): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#ready = false;
    this.#waiting = PendingEvents.NONE;
    this.options.wakes.delete(this.#send);
    this.#take();
    this.options.onOver(evicted);
    return true;
  }
}
