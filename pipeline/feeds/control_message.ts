import { z } from "zod";

/** What a feed may be called. */
export const FEED_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,63}$/;

const scale = z.int().min(0).max(8);

const declaredInstrument = z.union([
  z.string().transform((symbol) => ({ symbol })),
  z.object({
    symbol: z.string(),
    /** Decimals to register it with, if it is unknown. */
    price_scale: scale.optional(),
    size_scale: scale.optional(),
  }),
]);

const helloSchema = z.object({
  type: z.literal("hello"),
  feed: z.string("must be a text").regex(
    FEED_PATTERN,
    `must match ${FEED_PATTERN.source}`,
  ),
  epoch: z.int().min(1).max(2 ** 31 - 1).optional(),
  token: z.string().max(1_024).optional(),
  instruments: z.array(declaredInstrument).max(4_096).optional(),
  simulated: z.boolean().optional(),
  replay: z.boolean().optional(),
});

const messageSchema = z.discriminatedUnion("type", [
  helloSchema,
  z.object({ type: z.literal("heartbeat") }),
  z.object({ type: z.literal("end"), total: z.int().min(0).optional() }),
], {
  error: (issue) =>
    issue.code === "invalid_union"
      ? "type must be hello, heartbeat, end or tick"
      : undefined,
});

/** First line of a feed that numbers its ticks and wants to be acked. */
export type HelloMessage = z.infer<typeof helloSchema>;
/** A line from the source that is no tick. */
export type ControlMessage = z.infer<typeof messageSchema> | BadHelloMessage;

/**
 * A hello that cannot be taken. Its source waits for an answer, so it is told,
 * where any other wrong line is a reject.
 */
export interface BadHelloMessage {
  readonly type: "bad_hello";
  readonly detail: string;
}

/** Checks a parsed line that has a `type`; says what is wrong with it. */
export function decodeControl(
  value: unknown,
):
  | { readonly kind: "control"; readonly message: ControlMessage }
  | { readonly kind: "invalid"; readonly detail: string } {
  const result = messageSchema.safeParse(value);
  if (result.success) return { kind: "control", message: result.data };
  const [issue] = result.error.issues;
  const where = issue.path.join(".");
  const detail = where ? `${where}: ${issue.message}` : issue.message;
  return (value as { readonly type?: unknown }).type === "hello"
    ? { kind: "control", message: { type: "bad_hello", detail } }
    : { kind: "invalid", detail };
}

/** Why a connection is closed by us. */
export type ErrorCode =
  | "token"
  | "content"
  | "epoch_too_low"
  | "seq_too_low"
  | "superseded"
  | "protocol"
  | "silent"
  | "too_many_connections"
  | "buffer_lost"
  | "unavailable";

/** A line from us to the source. */
export type ServerMessage =
  | {
    readonly type: "welcome";
    readonly feed: string;
    readonly epoch: number;
    readonly resume_after: number;
    readonly window: number;
  }
  | { readonly type: "buffered"; readonly seq: number }
  | { readonly type: "ack"; readonly seq: number }
  | {
    readonly type: "nack";
    readonly seq: number | null;
    readonly line: number | null;
    readonly code: string;
    readonly reason: string;
  }
  | { readonly type: "resend"; readonly from: number }
  | { readonly type: "heartbeat" }
  | {
    readonly type: "error";
    readonly code: ErrorCode;
    readonly reason: string;
  };

/** The message as a line of text, with its end. */
export function messageLine(message: ServerMessage): string {
  // They come by the thousand where a feed is broken.
  if (message.type === "nack") {
    const { seq, line, code, reason } = message;
    return `{"type":"nack","seq":${seq},"line":${line},"code":"${code}",` +
      `"reason":${JSON.stringify(reason)}}\n`;
  }
  return `${JSON.stringify(message)}\n`;
}
