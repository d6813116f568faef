import type { NumberedEvent } from "../pipeline/live/live_bus.ts";
import type { LiveEvent } from "../pipeline/domain/live_event.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const frames = new WeakMap<NumberedEvent, Bytes>();

/** One event of a stream, as bytes; `idLine` may come before it. */
export function eventFrame(name: string, json: string): Bytes {
  return encoder.encode(`event: ${name}\ndata: ${json}\n\n`);
}

export function idLine(id: string): Bytes {
  return encoder.encode(`id: ${id}\n`);
}

/** The frame of an event of the bus, made once for all who get it. */
export function liveFrame(event: NumberedEvent): Bytes {
  let frame = frames.get(event);
  if (frame === undefined) {
    frame = eventFrame(
      event.event.kind,
      JSON.stringify(payloadOf(event.event)),
    );
    frames.set(event, frame);
  }
  return frame;
}

export const HEARTBEAT = encoder.encode(": heartbeat\n\n");

/** Between one and three seconds: not all whom a restart cut come back at once. */
export function retryFrame(random = Math.random()): Bytes {
  return encoder.encode(`retry: ${1_000 + Math.floor(random * 2_000)}\n\n`);
}

/** What a client gets: the event's own fields, its kind being the name. */
function payloadOf(event: LiveEvent): unknown {
  switch (event.kind) {
    case "candle":
    case "candle.closed":
    case "candle.revised":
      return {
        symbol: event.symbol,
        interval: event.interval,
        candle: event.candle,
      };
    case "forecast":
      return { symbol: event.symbol, forecasts: event.forecasts };
    case "signal":
      return { symbol: event.symbol, signal: event.signal };
    case "feed":
      return event.state;
  }
}
