import { z } from "zod";
import { STORED_INTERVALS } from "../pipeline/domain/interval.ts";
import type { LiveEventKind } from "../pipeline/domain/live_event.ts";
import { type EpochMicros, MICROS_PER_MS } from "../pipeline/domain/time.ts";
import type { LiveFilter, NumberedEvent } from "../pipeline/live/live_bus.ts";
import { ClientQueue } from "./client_queue.ts";
import { HEARTBEAT, idLine, liveFrame, retryFrame } from "./event_frame.ts";
import { ProblemError, unknownSymbol } from "./problem.ts";
import { listOf, parameter, wholeNumber } from "./read_query.ts";
import { type Services, STREAM_LIMITS } from "./services.ts";
import { Places } from "./places.ts";
import { sharedSnapshot } from "./stream_snapshot.ts";
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
    "Closed candles of each symbol and interval in the snapshot",
  ),
});
export type StreamQuery = z.output<typeof streamQuery>;

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
 * What the bus has had since the snapshot's reading began follows it, less
 * what it holds already: there is no seam. A bus that
 * missed something ends its streams, and browsers come back for a snapshot.
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

  const { bus } = services;
  const filter: LiveFilter = {
    symbols: query.symbols === undefined ? null : new Set(query.symbols),
    intervals: new Set(query.interval),
    kinds: query.events === undefined ? null : new Set(query.events),
  };
  const queue = new ClientQueue(
    limits.queuedBytes,
    liveFrame,
    () => idLine(bus.lastId),
  );
  // What comes before the snapshot is there is asked of the bus then.
  let receive: (events: readonly NumberedEvent[]) => void = () => {};
  let over = false;
  let close = () => {};
  const unsubscribe = bus.subscribe(
    filter,
    (events) => receive(events),
    () => {
      over = true;
      close();
    },
  );
  try {
    queue.pushFree(retryFrame());
    const missed = client.lastEventId === null
      ? null
      : bus.since(client.lastEventId, filter);
    if (missed !== null) {
      for (const event of missed) {
        queue.pushFree(liveFrame(event));
      }
    } else {
      let reading = await sharedSnapshot(services, query);
      await arrivals.turn();
      let since = bus.since(reading.id, filter);
      if (since === null) {
        // The bus has begun anew since it was read.
        reading.forget();
        reading = await sharedSnapshot(services, query);
        since = bus.since(reading.id, filter);
      }
      queue.pushFree(...reading.frame);
      over ||= since === null;
      for (const event of since ?? []) {
        if (!reading.tells(event)) queue.push(event);
      }
    }
  } catch (error) {
    unsubscribe();
    leave();
    throw error;
  }

  const sent = (published: EpochMicros) =>
    services.streamWaits?.add(
      (services.clock.now() - published) / MICROS_PER_MS,
    );
  const { readable, wake, cut, end, retire } = streamOf(queue, sent, () => {
    clearInterval(heartbeat);
    clearTimeout(old);
    wakes.delete(wake);
    unsubscribe();
    leave();
    services.shutdown.removeEventListener("abort", end);
    client.signal.removeEventListener("abort", end);
  });
  receive = (events) => {
    for (const event of events) queue.push(event);
    if (queue.overflown) {
      evicted++;
      cut();
    } else wakes.add(wake);
  };
  // Not all that began at once end at once.
  const old = setTimeout(
    retire,
    limits.ageMs * (0.9 + 0.2 * Math.random()),
  );
  const heartbeat = setInterval(() => {
    if (queue.empty) queue.pushFrame(HEARTBEAT);
    wakes.add(wake);
  }, limits.heartbeatMs);
  services.shutdown.addEventListener("abort", end);
  client.signal.addEventListener("abort", end);
  close = end;
  if (over || services.shutdown.aborted || client.signal.aborted) end();
  return new Response(readable, {
    headers: {
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Accel-Buffering": "no",
    },
  });
}

/** A body that hands out a queue whenever its reader asks for more. */
function streamOf(
  queue: ClientQueue,
  sent: (published: EpochMicros) => void,
  done: () => void,
) {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let asked: (() => void) | null = null;
  let open = true;

  const finish = (how: () => void) => {
    if (!open) return;
    open = false;
    done();
    how();
    asked?.();
  };
  const wake = () => {
    if (!open || asked === null) return;
    const published = queue.oldest;
    const parts = queue.take();
    if (parts === null) return;
    for (const part of parts) controller.enqueue(part);
    if (published !== null) sent(published);
    asked();
    asked = null;
  };
  const readable = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (own) => {
      controller = own;
    },
    pull: () => {
      const answered = new Promise<void>((resolve) => asked = resolve);
      wake();
      return answered;
    },
    cancel: () => finish(() => {}),
  }, { highWaterMark: 0 });
  return {
    readable,
    wake,
    end: () => finish(() => controller.close()),
    /** Hands out what waits, then ends. */
    retire: () =>
      finish(() => {
        for (const part of queue.take() ?? []) controller.enqueue(part);
        controller.close();
      }),
    cut: () =>
      finish(() =>
        controller.error(new Error("Client reads slower than candles close"))
      ),
  };
}
