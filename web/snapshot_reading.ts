import type { LiveFilter, NumberedEvent } from "../pipeline/live/live_bus.ts";
import { nextTurn } from "../pipeline/next_turn.ts";
import { idLine } from "./event_frame.ts";
import { News, PendingEvents } from "./pending_events.ts";
import { type Services, STREAM_LIMITS } from "./services.ts";
import { type Listener, streamHub } from "./stream_hub.ts";
import type { StreamQuery } from "./stream_response.ts";
import { readSnapshot } from "./stream_snapshot.ts";

/** So long those who ask for the same get a snapshot that was read before. */
const KEPT_MS = 1_000;
/** Events that may happen while it is read, those of forming candles aside. */
const EVENTS_MAX = 16_384;
/** What may follow a snapshot that somebody waits for. */
const SINCE_BYTES_MAX = 4 * 1024 * 1024;
/** Of it, what is joined anew for each who comes. */
const LOOSE_BYTES_MAX = 32 * 1024;
/** Events that are looked up and written before others have a turn. */
const EVENTS_OF_A_TURN = 256;

const readings = new WeakMap<Services, Map<string, SnapshotReading>>();

/**
 * Those who ask for the same at about the same time share the reading, its
 * bytes, and those of what has happened since: a crowd that comes back after a
 * restart is one reader to the warehouse. To be given back with `release()`.
 */
export function shareReading(
  services: Services,
  query: StreamQuery,
  filter: LiveFilter,
): SnapshotReading {
  const known = readings.get(services) ?? new Map<string, SnapshotReading>();
  readings.set(services, known);
  const { symbols, interval, history, events } = query;
  const key = JSON.stringify([symbols, interval, history, events]);
  let reading = known.get(key);
  if (reading === undefined) {
    reading = new SnapshotReading(services, query, filter, () => {
      if (known.get(key) === reading) known.delete(key);
    });
    known.set(key, reading);
  }
  reading.hold();
  return reading;
}

/**
 * A snapshot while it is read, and then with what has happened since: it
 * listens like the clients that it is for, so that nothing is missed between
 * the two, however long it takes.
 */
export class SnapshotReading implements Listener {
  /** Resolves when there is something to give, or it is over. */
  readonly ready: Promise<void>;
  #first: PendingEvents | null = null;
  #sinceBytes = 0;
  #over = false;
  #kept = true;
  #holders = 0;
  /** What is not in `#first` yet. */
  #events: NumberedEvent[] = [];
  /** Of what is not in `#first` yet, the newest of each forming candle. */
  #forming = new Map<string, NumberedEvent>();
  readonly #leave: () => void;

  /** @param forget Lets the next who asks have it read anew. */
  constructor(
    private readonly services: Services,
    query: StreamQuery,
    filter: LiveFilter,
    private readonly forget: () => void,
  ) {
    const { heartbeatMs } = services.streamLimits ?? STREAM_LIMITS;
    this.#leave = streamHub(services, heartbeatMs).join(filter, this);
    this.ready = this.#read(query).finally(() => void this.#keep());
  }

  /**
   * The snapshot and all that its reader would have been told since, shared
   * with others; `null` if the bus has begun anew or too much has happened.
   */
  get first(): PendingEvents | null {
    return this.#first?.allowed ?? null;
  }

  /** Somebody waits for it. */
  hold(): void {
    this.#holders++;
  }

  /** Has it, or does not want it any more. */
  release(): void {
    this.#holders--;
    this.#leaveAlone();
  }

  tell(news: News): void {
    if (this.#first !== null) {
      this.#first = this.#first.with(news);
      const { bytes } = this.#first;
      if (bytes <= LOOSE_BYTES_MAX) return;
      this.#sinceBytes += bytes;
      if (this.#sinceBytes > SINCE_BYTES_MAX) this.end();
      else this.#first = this.#first.gathered;
      return;
    }
    for (const numbered of news.events) {
      const { event } = numbered;
      if (event.kind !== "candle") this.#events.push(numbered);
      else this.#forming.set(`${event.symbol} ${event.interval}`, numbered);
    }
    if (this.#events.length > EVENTS_MAX) this.end();
  }

  beat(): void {}

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#first = null;
    this.#takeEvents();
    this.forget();
    this.#leave();
  }

  async #read(query: StreamQuery): Promise<void> {
    try {
      const { frame, tells } = await readSnapshot(this.services, query);
      let first = PendingEvents.free([frame], this.#idLine());
      for (
        let events = this.#takeEvents();
        events.length > 0;
        events = this.#takeEvents()
      ) {
        for (let i = 0; i < events.length; i += EVENTS_OF_A_TURN) {
          const some = events.slice(i, i + EVENTS_OF_A_TURN);
          first = first.with(
            new News(some.filter((event) => !tells(event)), this.#idLine()),
          );
          await nextTurn();
        }
      }
      if (!this.#over) this.#first = first.gathered;
    } catch (error) {
      this.end();
      throw error;
    }
  }

  #takeEvents(): readonly NumberedEvent[] {
    const events = [...this.#events, ...this.#forming.values()];
    this.#events = [];
    this.#forming.clear();
    return events.sort((a, b) => a.n - b.n);
  }

  #idLine() {
    return idLine(this.services.bus.lastId);
  }

  /** For those who come soon after. */
  async #keep(): Promise<void> {
    const { clock, shutdown } = this.services;
    if (!this.#over) await clock.sleep(KEPT_MS, shutdown);
    this.forget();
    this.#kept = false;
    this.#leaveAlone();
  }

  #leaveAlone(): void {
    if (!this.#kept && this.#holders === 0) this.end();
  }
}
