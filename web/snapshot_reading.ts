import type { LiveFilter, NumberedEvent } from "../pipeline/live/live_bus.ts";
import { nextTurn } from "../pipeline/next_turn.ts";
import { idLine } from "./event_frame.ts";
import { News, PendingEvents } from "./pending_events.ts";
import { type Services, STREAM_LIMITS } from "./services.ts";
import { type Listener, streamHub } from "./stream_hub.ts";
import type { StreamQuery } from "./stream_response.ts";
import { isLong, readSnapshot } from "./stream_snapshot.ts";

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

/** Snapshots from this share of their bound on count for it. */
const BIG = 1 / 256;

/** Big ones that some have yet to take, the oldest first. */
const untaken = new Set<SnapshotReading>();
/** The long one that was asked for last: one is read after the other. */
let longOne: Promise<unknown> = Promise.resolve();
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
  #readFromMs = -Infinity;
  #sinceBytes = 0;
  #over = false;
  #begun = false;
  #kept = true;
  #holders = 0;
  #bytes = 0;
  /** How to cut off those who have yet to take it. */
  readonly #takers = new Set<() => void>();
  /** What is not in `#first` yet. */
  #events: NumberedEvent[] = [];
  /** Of what is not in `#first` yet, the newest of each forming candle. */
  #forming = new Map<string, NumberedEvent>();
  #leave: (() => void) | null = null;

  /** @param forget Lets the next who asks have it read anew. */
  constructor(
    private readonly services: Services,
    private readonly query: StreamQuery,
    private readonly filter: LiveFilter,
    private readonly forget: () => void,
  ) {
    const waits = isLong(services, query);
    this.ready = (waits ? longOne : Promise.resolve()).then(() => this.#read());
    if (waits) longOne = this.ready.catch(() => {});
  }

  /**
   * The snapshot and all that its reader would have been told since, shared
   * with others; `null` if something was missed or too much has happened.
   */
  get first(): PendingEvents | null {
    return this.#first?.allowed ?? null;
  }

  /** When it was begun, by the steady clock: what was stored before is in it. */
  get readFromMs(): number {
    return this.#readFromMs;
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

  /**
   * Somebody is given it, and keeps its memory until it is taken. Of big ones
   * there is room for some: beyond it those who have not taken the oldest in
   * the meantime are cut off.
   *
   * @returns To be called when it was taken, or will not be.
   */
  give(cutOff: () => void): () => void {
    const { snapshotBytes } = this.services.streamLimits ?? STREAM_LIMITS;
    if (this.#bytes < BIG * snapshotBytes) return () => {};
    this.#takers.add(cutOff);
    untaken.add(this);
    makeRoom(this, snapshotBytes);
    return () => {
      this.#takers.delete(cutOff);
      if (this.#takers.size === 0) untaken.delete(this);
    };
  }

  get bytes(): number {
    return this.#bytes;
  }

  cutOffTakers(): void {
    for (const cutOff of this.#takers) cutOff();
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

  /** It is read anew for those who wait for it. */
  miss(): void {
    this.end();
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#first = null;
    this.#takeEvents();
    this.forget();
    this.#leave?.();
  }

  async #read(): Promise<void> {
    if (this.#over) return; // nobody waits for it any more
    this.#begun = true;
    const { services, query, filter } = this;
    const { heartbeatMs } = services.streamLimits ?? STREAM_LIMITS;
    const hub = streamHub(services, heartbeatMs);
    try {
      await services.bus.ready(filter);
      if (this.#over) return;
      this.#readFromMs = services.clock.steadyMs();
      this.#leave = hub.join(filter, this, this.#readFromMs);
      const { frame, tells } = await readSnapshot(services, query);
      this.#bytes = frame.reduce((sum, { length }) => sum + length, 0);
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
      this.#keep();
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
    return idLine(this.services.bus.lastId(this.filter));
  }

  /** For those who come soon after. */
  async #keep(): Promise<void> {
    const { clock, shutdown } = this.services;
    await clock.sleep(KEPT_MS, shutdown);
    this.forget();
    this.#kept = false;
    this.#leaveAlone();
  }

  #leaveAlone(): void {
    if (this.#holders === 0 && (!this.#begun || !this.#kept)) this.end();
  }
}

function makeRoom(newest: SnapshotReading, bytesMax: number): void {
  let bytes = 0;
  for (const reading of untaken) bytes += reading.bytes;
  for (const reading of untaken) {
    if (bytes <= bytesMax || reading === newest) return;
    reading.cutOffTakers();
    bytes -= reading.bytes;
  }
}
