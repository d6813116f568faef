import type { LiveEvent, LiveEventKind } from "../domain/live_event.ts";

/**
 * The newest of what a sender knows to be lost, for those who have yet to hear
 * of it.
 */
export interface LostLately {
  readonly n: number;
  /** How long ago it was lost, in ms, or less. */
  readonly ms: number;
}

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
  /**
   * How long ago that number was taken, in ms, or less: what has a number was
   * stored before it was taken. 0 if it is not said.
   */
  readonly afterMs: number;
  /** Of what was lost lately to this partition, if anything was. */
  readonly lost: LostLately | null;
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
  { from, n, after, afterMs, lost }: Omit<LiveMessage, "events">,
  events: readonly string[],
): string {
  return `{"v":${VERSION},"from":${JSON.stringify(from)},"n":${n},` +
    `"after":${after},"afterMs":${afterMs},` +
    `${lost ? `"lost":${JSON.stringify(lost)},` : ""}"events":[` +
    `${events.join(",")}]}`;
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
  const { v, from, n, after, afterMs = 0, lost = null, events } = message;
  const good = v === VERSION && typeof from === "string" &&
    Number.isSafeInteger(n) && Number.isSafeInteger(after) &&
    isAge(afterMs) && isLost(lost) &&
    Array.isArray(events) && events.every(isEvent);
  return good ? { from, n, after, afterMs, lost, events } : null;
}

function isAge(ms: unknown): boolean {
  return Number.isSafeInteger(ms) && (ms as number) >= 0;
}

function isLost(lost: Partial<LostLately> | null): boolean {
  return lost === null ||
    typeof lost === "object" && Number.isSafeInteger(lost.n) && isAge(lost.ms);
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
