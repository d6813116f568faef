import { z } from "zod";

/** What a source says first on a connection. */
export interface FeedHello {
  readonly feed: string;
  /** Absent: the newest epoch that the listener knows of the feed, or 1. */
  readonly epoch?: number;
  /** Prices that are made up; the listener keeps them apart from real ones. */
  readonly simulated?: boolean;
  /** A recording played again: it never holds back or closes live candles. */
  readonly replay?: boolean;
  readonly token?: string;
}

const SEQ = z.number().int().nonnegative();

const LISTENER_MESSAGE = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("welcome"),
    epoch: z.number().int().positive(),
    resume_after: SEQ,
    window: z.number().int().positive().optional(),
  }),
  z.object({ type: z.literal("ack"), seq: SEQ }),
  z.object({ type: z.literal("buffered"), seq: SEQ }),
  z.object({
    type: z.literal("nack"),
    seq: SEQ.nullish(),
    line: SEQ.nullish(),
    code: z.string().nullish(),
    reason: z.string(),
  }),
  z.object({ type: z.literal("resend"), from: z.number().int().positive() }),
  z.object({
    type: z.literal("error"),
    code: z.string(),
    reason: z.string(),
  }),
]);

/** What a listener answers to a source that said hello. */
export type ListenerMessage = z.infer<typeof LISTENER_MESSAGE>;
export type Welcome = Extract<ListenerMessage, { type: "welcome" }>;
export type Nack = Extract<ListenerMessage, { type: "nack" }>;

/**
 * Reads one line of the listener.
 *
 * @returns `null` for a type that this version does not know, which a source
 * passes over.
 * @throws {TypeError} If the line is no message at all, or lacks a field.
 */
export function parseListenerMessage(line: string): ListenerMessage | null {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (cause) {
    throw new TypeError(
      `Cannot read ${shown(line)} as it must be a JSON message`,
      { cause },
    );
  }
  const parsed = LISTENER_MESSAGE.safeParse(json);
  if (parsed.success) return parsed.data;
  const type = SOME_MESSAGE.safeParse(json).data?.type;
  if (type !== undefined && !KNOWN_TYPES.has(type)) return null;
  throw new TypeError(
    `Cannot read ${shown(line)} as it must be a message of the feed ` +
      `protocol: ${z.prettifyError(parsed.error)}`,
  );
}

const SOME_MESSAGE = z.object({ type: z.string() });
const KNOWN_TYPES = new Set(
  LISTENER_MESSAGE.options.map((option) => option.shape.type.value as string),
);

function shown(line: string): string {
  return JSON.stringify(line.length > 200 ? `${line.slice(0, 200)}…` : line);
}
