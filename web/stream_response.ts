import { z } from "zod";
import { STORED_INTERVALS } from "../pipeline/domain/interval.ts";
import type { LiveEventKind } from "../pipeline/domain/live_event.ts";
import type { LiveFilter, NumberedEvent } from "../pipeline/live/live_bus.ts";
import { idLine, liveFrame } from "./event_frame.ts";
import { PendingEvents } from "./pending_events.ts";
import { ProblemError, unknownSymbol } from "./problem.ts";
import { pushedBody } from "./pushed_body.ts";
import { listOf, parameter, wholeNumber } from "./read_query.ts";
import { type Services, STREAM_LIMITS } from "./services.ts";
import { Places } from "./places.ts";
import { shareReading, type SnapshotReading } from "./snapshot_reading.ts";
import { seriesOf } from "./stream_snapshot.ts";
import { StreamClient } from "./stream_client.ts";
import { streamHub } from "./stream_hub.ts";
import { Wakes } from "./wakes.ts";

const KINDS = [
  "candle",
  "candle.closed",
  "candle.revised",
  "forecast",
  "signal",
  "feed",
] as const satisfies readonly LiveEventKind[];

const SYMBOLS_MAX = 64;
const SNAPSHOT_CANDLES_MAX = 500;
/** Some twelve megabytes of closed candles. */
const SNAPSHOT_CANDLES_TOTAL = 50_000;

/** Parameters of `/api/stream`. */
export const streamQuery = z.object({
  symbols: parameter<readonly string[], readonly string[]>(
    `comma-separated symbols of /api/instruments, at most ${SYMBOLS_MAX}`,
    (text) => {
      const symbols = [...new Set(text.split(","))];
      return symbols.length <= SYMBOLS_MAX ? symbols : null;
    },
    { type: "array", items: { type: "string" } },
  ).optional(),
  interval: listOf(STORED_INTERVALS).default(["1m"]),
  events: listOf(KINDS).optional(),
  history: wholeNumber(0, SNAPSHOT_CANDLES_MAX).default(100).describe(
    "Closed candles of each symbol and interval in the snapshot; fewer if " +
      `they would be more than ${SNAPSHOT_CANDLES_TOTAL} in all`,
  ),
});
export type StreamQuery = z.output<typeof streamQuery>;

/** How often a snapshot is read for a client that could not be told the rest. */
const READINGS_MAX = 5;
/** Not all who missed something are given a snapshot at once. */
const ANEW_MS_MAX = 1_000;
/** Of a client whose snapshot was read a while ago, maybe elsewhere. */
const LONG_AGO_MS = -Infinity;

const clients = new Places();
/** Who gets an event; some are served in a millisecond. */
const wakes = new Wakes(64);
/** Who gets a snapshot: it may be long, and a crowd of them has no hurry. */
const arrivals = new Wakes(1, true);

let evicted = 0;

/** Streams that were cut off as their client read too slowly. */
export function evictedStreams(): number {
  return evicted;
}

/** Streams open in this process. */
export function openStreams(): number {
  return clients.total;
}

/**
 * Opens a stream of events: what was missed since the id given, or else a
 * snapshot, and then everything as it happens.
 *
 * What has happened since the snapshot's reading began follows it, less what it
 * holds already: there is no seam. Whose snapshot may lack what the bus missed
 * gets another one, within a second or two.
 *
 * @throws {ProblemError} If a symbol is unknown, or too many streams are open.
 */
export async function streamResponse(
  services: Services,
  query: StreamQuery,
  client: {
    readonly address: string;
    readonly lastEventId: string | null;
    readonly signal: AbortSignal;
  },
): Promise<Response> {
  for (const symbol of query.symbols ?? []) {
    if (services.catalog.get(symbol) === undefined) throw unknownSymbol(symbol);
  }
  const limits = services.streamLimits ?? STREAM_LIMITS;
  const leave = clients.enter(client.address, limits);
  if (leave === null) {
    throw new ProblemError({
      type: "about:blank",
      title: "Too many streams",
      status: 503,
      detail: `Streams open at a time must be at most ${limits.clients}, ` +
        `and ${limits.clientsOfAddress} of one address`,
    }, { "Retry-After": "5" });
  }

  const filter: LiveFilter = {
    symbols: query.symbols === undefined ? null : new Set(query.symbols),
    intervals: new Set(query.interval),
    kinds: query.events === undefined ? null : new Set(query.events),
  };
  const missed = client.lastEventId === null
    ? null
    : services.bus.since(client.lastEventId, filter);
  const reading = missed === null
    ? await findReading(services, query, filter, client.signal)
      .catch((error) => {
        leave();
        throw error;
      })
    : null;
  // From here on nothing may be awaited until it has joined.
  const first = reading === null
    ? catchingUp(services.bus.lastId(filter), missed!)
    : reading.first;
  const hub = streamHub(services, limits.heartbeatMs);
  let part = () => {};
  let taken = () => {};
  const give = (reading: SnapshotReading) => {
    taken(); // what it was given before has no use any more
    taken = reading.give(() => listener.evict());
  };
  const join = (readFromMs: number) => {
    part = hub.join(filter, listener, readFromMs);
  };
  const beginAnew = async () => {
    part();
    const away = new AbortController();
    part = () => away.abort();
    const gone = AbortSignal.any([client.signal, away.signal]);
    const { clock, shutdown } = services;
    const restMs = Math.random() * ANEW_MS_MAX;
    await clock.sleep(restMs, AbortSignal.any([gone, shutdown]));
    if (gone.aborted || shutdown.aborted) return listener.end();
    const reading = await findReading(services, query, filter, gone);
    const { first } = reading;
    if (first === null || gone.aborted || shutdown.aborted) listener.end();
    else {
      give(reading);
      join(reading.readFromMs);
      listener.again(first);
    }
    reading.release();
  };
  const listener = new StreamClient({
    first: first ?? PendingEvents.NONE,
    bytesMax: limits.queuedBytes,
    // Not all that began at once end at once.
    beatsMax: Math.ceil(
      limits.ageMs / limits.heartbeatMs * (0.9 + 0.2 * Math.random()),
    ),
    wakes,
    onTaken: () => taken(),
    // Who comes back instead is told what is the matter.
    onMissed: () => beginAnew().catch(() => listener.end()),
    onSent: (publishedMs) =>
      services.streamWaits?.add(services.clock.steadyMs() - publishedMs),
    onOver: (byUs) => {
      if (byUs) evicted++;
      part();
      leave();
    },
  });
  if (first === null || services.shutdown.aborted || client.signal.aborted) {
    listener.end();
  } else {
    if (reading !== null) give(reading);
    join(reading?.readFromMs ?? LONG_AGO_MS);
  }
  reading?.release();
  return new Response(pushedBody(listener), {
    headers: {
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Accel-Buffering": "no",
    },
  });
}

/**
 * A snapshot and what has happened since. It is read anew where something was
 * missed meanwhile or too much has happened to tell, some times.
 */
async function findReading(
  services: Services,
  query: StreamQuery,
  filter: LiveFilter,
  gone: AbortSignal,
): Promise<SnapshotReading> {
  const most = Math.floor(SNAPSHOT_CANDLES_TOTAL / seriesOf(services, query));
  const fitting = { ...query, history: Math.min(query.history, most) };
  const left = new Promise((resolve) =>
    gone.addEventListener("abort", resolve)
  );
  for (let tries = 1;; tries++) {
    const reading = shareReading(services, fitting, filter);
    try {
      await Promise.race([reading.ready, left]);
      if (!gone.aborted) await arrivals.turn();
    } catch (error) {
      reading.release();
      throw error;
    }
    const isDone = reading.first !== null || tries === READINGS_MAX;
    if (isDone || services.shutdown.aborted || gone.aborted) return reading;
    reading.release();
  }
}

function catchingUp(
  id: string,
  missed: readonly NumberedEvent[],
): PendingEvents {
  return PendingEvents.free(
    missed.map((event) => [liveFrame(event)]),
    idLine(id),
  );
}
