import type { LiveBus, LiveFilter } from "../pipeline/live/live_bus.ts";
import { idLine } from "./event_frame.ts";
import { News } from "./pending_events.ts";
import type { Services } from "./services.ts";

/** Groups of clients that get their heartbeats one after the other. */
const BEATS = 16;

const hubs = new WeakMap<LiveBus, StreamHub>();

/** Where the streams of a bus meet. */
export function streamHub(
  services: Services,
  heartbeatMs: number,
): StreamHub {
  let hub = hubs.get(services.bus);
  if (hub === undefined) {
    hub = new StreamHub(services.bus, services.shutdown, heartbeatMs);
    hubs.set(services.bus, hub);
  }
  return hub;
}

/** Who is told what happens. */
export interface Listener {
  tell(news: News): void;
  /** A while has passed. */
  beat(): void;
  /** It may lack something, which nobody will tell it. */
  miss(): void;
  /** The program stops. */
  end(): void;
}

interface Audience {
  /** When each began to read what is stored. */
  readonly clients: Map<Listener, number>;
  leave(): void;
}

/**
 * All who listen to streams: those who want the same are told together, by one
 * subscription, and one timer has heartbeats for all.
 */
export class StreamHub {
  readonly #audiences = new Map<string, Audience>();
  readonly #beats = Array.from(
    { length: BEATS },
    () => new Set<Listener>(),
  );
  readonly #end = () => this.#endAll();
  #nextBeat = 0;
  #joined = 0;
  #here = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly bus: LiveBus,
    private readonly shutdown: AbortSignal,
    private readonly heartbeatMs: number,
  ) {}

  /**
   * Tells a client everything that passes the filter from now on, until the
   * returned function is called; the program may end it before.
   *
   * @param readFromMs When it began to read what is stored, by the steady clock;
   *   what was stored before it does not lack.
   */
  join(
    filter: LiveFilter,
    client: Listener,
    readFromMs: number,
  ): () => void {
    const key = keyOf(filter);
    let audience = this.#audiences.get(key);
    if (audience === undefined) {
      audience = this.#gather(filter);
      this.#audiences.set(key, audience);
    }
    const beat = this.#beats[this.#joined++ % BEATS];
    const { clients, leave } = audience;
    clients.set(client, readFromMs);
    beat.add(client);
    if (this.#here++ === 0) this.#start();
    return () => {
      clients.delete(client);
      beat.delete(client);
      if (clients.size === 0) {
        leave();
        if (this.#audiences.get(key) === audience) this.#audiences.delete(key);
      }
      if (--this.#here === 0) this.#stop();
    };
  }

  #gather(filter: LiveFilter): Audience {
    const clients = new Map<Listener, number>();
    const leave = this.bus.subscribe(
      filter,
      (events) => {
        const news = new News(events, idLine(this.bus.lastId(filter)));
        for (const client of clients.keys()) client.tell(news);
      },
      (untilMs) => {
        for (const [client, readFromMs] of clients) {
          if (readFromMs <= untilMs) client.miss();
        }
      },
    );
    return { clients, leave };
  }

  #start(): void {
    this.shutdown.addEventListener("abort", this.#end);
    this.#timer = setInterval(() => {
      for (const client of this.#beats[this.#nextBeat]) client.beat();
      this.#nextBeat = (this.#nextBeat + 1) % BEATS;
    }, this.heartbeatMs / BEATS);
  }

  #stop(): void {
    this.shutdown.removeEventListener("abort", this.#end);
    clearInterval(this.#timer);
  }

  #endAll(): void {
    for (const { clients } of this.#audiences.values()) {
      for (const client of clients.keys()) client.end();
    }
  }
}

function keyOf({ symbols, intervals, kinds }: LiveFilter): string {
  const sorted = (set: ReadonlySet<string> | null) => set && [...set].sort();
  return JSON.stringify([sorted(symbols), sorted(intervals), sorted(kinds)]);
}
