import type { LiveEvent, LiveEventKind } from "../domain/live_event.ts";

/** What processes tell each other of live events, as JSON. */
export interface LiveMessage {
  /** The process that sent it, another one after each start. */
  readonly from: string;
  /**
   * Counts the sender's messages to all partitions, and those it had to drop,
   * from 1. A beat has the number of the message before it.
   */
  readonly n: number;
  /** Number of the sender's message before it to this partition, or 0. */
  readonly after: number;
  /** None in a beat. */
  readonly events: readonly LiveEvent[];
}

const VERSION = 2;
const RELAYED: readonly LiveEventKind[] = [
  "candle",
  "candle.closed",
  "candle.revised",
  "forecast",
  "signal",
];

/** Whether processes tell each other: feed states each makes for itself. */
export function isRelayed({ kind }: LiveEvent): boolean {
  return RELAYED.includes(kind);
}

/** A message of events that are JSON already. */
export function writeMessage(
  { from, n, after }: Omit<LiveMessage, "events">,
  events: readonly string[],
): string {
  return `{"v":${VERSION},"from":${JSON.stringify(from)},"n":${n},` +
    `"after":${after},"events":[${events.join(",")}]}`;
}

/** @returns `null` for what is none, or of another version. */
export function readMessage(text: string): LiveMessage | null {
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  if (message === null || typeof message !== "object") return null;
  const { v, from, n, after, events } = message;
  const good = v === VERSION && typeof from === "string" &&
    Number.isSafeInteger(n) && Number.isSafeInteger(after) &&
    Array.isArray(events) && events.every(isEvent);
  return good ? { from, n, after, events } : null;
}

function isEvent(event: LiveEvent | null): boolean {
  if (event === null || typeof event !== "object") return false;
  if (typeof event.symbol !== "string" || !isRelayed(event)) return false;
  if (event.kind === "forecast") return Array.isArray(event.forecasts);
  if (event.kind === "signal") return typeof event.signal === "object";
  if (event.kind === "feed") return false;
  const { candle } = event;
  return typeof event.interval === "string" && candle !== null &&
    typeof candle === "object" &&
    typeof candle.t === "number";
}
