import { assertNever } from "../domain/assert.ts";
import type { Clock } from "../ports.ts";
import { AckWindow } from "./ack_window.ts";
import {
  type FeedHello,
  type ListenerMessage,
  type Nack,
  parseListenerMessage,
  type Welcome,
} from "./feed_messages.ts";
import { guardedSource, TickSourceError } from "./guarded_source.ts";

/** The part of a TCP connection that a source needs. */
export interface FeedConnection {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  /** Tells the listener that nothing more comes; reading goes on. */
  closeWrite(): Promise<void>;
  /** May be called more than once. */
  close(): void;
}

/** Whole lines that carry the next `count` numbers of the feed, at least 1. */
export interface TickChunk {
  readonly bytes: Uint8Array;
  readonly count: number;
}

/**
 * Where the ticks come from; it can give any of them again.
 *
 * `from` yields chunks from the tick numbered `seq` on, each of at most `max`
 * numbers, and ends after the last tick or soon after the signal aborts. The
 * bytes of a chunk may be overwritten once the next one is asked for.
 */
export interface TickSource {
  from(
    seq: number,
    options: { readonly max: number; readonly signal: AbortSignal },
  ): AsyncIterable<TickChunk>;
}

/** What a source did and what came of it. */
export interface FeedSummary {
  readonly feed: string;
  epoch: number;
  /** Number after which the first connection went on. */
  resumedAfter: number;
  /** Ticks sent, those sent again included. */
  sent: number;
  /** Highest number with all before it committed. */
  acked: number;
  rejected: number;
  readonly nacked: Record<string, number>;
  resends: number;
  reconnects: number;
  /** Number of the last tick, once the source has come to its end. */
  total: number | null;
  /** All ticks to the end were acked. */
  complete: boolean;
}

export interface FeedClientOptions {
  readonly hello: FeedHello;
  readonly connect: (signal: AbortSignal) => Promise<FeedConnection>;
  /** The ticks of an epoch. */
  readonly source: (epoch: number) => TickSource;
  /**
   * Which epoch to send, by what the listener knows; as welcomed if absent.
   * Asked once, and not if the hello names an epoch.
   */
  readonly chooseEpoch?: (welcome: Welcome) => number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Called after every change of the summary; must not throw. */
  readonly onProgress?: (summary: FeedSummary) => void;
  /** Called for each tick that the listener rejects, once. */
  readonly onNack?: (nack: Nack) => void;
  /** Called when a connection is lost or refused, before the next try. */
  readonly onLost?: (cause: unknown) => void;
  /** Longest time without a welcome before it gives up; never if absent. */
  readonly giveUpAfterMs?: number;
  readonly random?: () => number;
}

/** The listener does not want this feed; trying again would not help. */
export class FeedRefusedError extends Error {
  override name = "FeedRefusedError";

  constructor(readonly code: string, readonly reason: string) {
    super(`Cannot feed the listener as it refuses (${code}): ${reason}`);
  }
}

/** No listener answered for as long as the caller wanted to wait. */
export class FeedUnreachableError extends Error {
  override name = "FeedUnreachableError";
}

/** A connection that ended before the feed did. */
export class FeedLostError extends Error {
  override name = "FeedLostError";
}

const HEARTBEAT_MS = 5_000;
const WELCOME_MS = 30_000;
/**
 * Ticks wait for their ack and no heartbeat is heard: the peer is gone. What
 * it had is to be taken over within ten seconds, by where the feed goes then.
 */
const SILENCE_MS = 7_000;
const LOOK_MS = 1_000;
const CONNECT_MS = 10_000;
/** How long a listener may take to hang up once all is acked. */
const FAREWELL_MS = 2_000;
const BACKOFF_MS_MIN = 100;
const BACKOFF_MS_MAX = 2_500;
/** Bytes that may wait for an ack if the listener does not say. */
const WINDOW_BYTES_FALLBACK = 262_144;
const CHUNK_MAX = 1_024;
/** Of a usual line, so that several chunks fit in a window. */
const LINE_BYTES_USUAL = 96;
const LINE_BYTES_MAX = 65_536;
const NACK_REASONS_MAX = 32;

/** Refusals that pass by themselves. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  "buffer_lost",
  "silent",
  "slow_reader",
  "too_many_connections",
  "unavailable",
]);

/**
 * Sends a feed until its end, each tick once: the source's side of the
 * protocol.
 *
 * Says hello, goes on after what the listener has committed, keeps at most the
 * listener's window of bytes waiting for their ack, sends again what is asked
 * for, and connects anew whenever the connection is lost. The listener may be
 * killed at any moment: what it acked is never sent again, the rest is.
 *
 * @returns When every tick was acked, or the signal aborts (then `complete` is
 * false unless all were acked).
 * @throws {FeedRefusedError} If the listener refuses the feed for good.
 * @throws {TickSourceError} If the source fails.
 * @throws {FeedUnreachableError} If nobody welcomed it for `giveUpAfterMs`.
 */
export async function runFeedClient(
  options: FeedClientOptions,
): Promise<FeedSummary> {
  const { clock, signal, random = Math.random } = options;
  const summary: FeedSummary = {
    feed: options.hello.feed,
    epoch: options.hello.epoch ?? 0,
    resumedAfter: 0,
    sent: 0,
    acked: 0,
    rejected: 0,
    nacked: {},
    resends: 0,
    reconnects: 0,
    total: null,
    complete: false,
  };
  const state: ClientState = { summary, epoch: options.hello.epoch };
  let failures = 0;
  let welcomedAtMs = clock.steadyMs();
  while (!signal?.aborted) {
    const end = await runConnection(options, state);
    if (end.welcomed) {
      failures = 0;
      welcomedAtMs = clock.steadyMs();
    }
    if (end.kind === "complete") break;
    if (end.kind === "epoch") {
      state.epoch = end.epoch;
      continue;
    }
    if (signal?.aborted) break;
    if (end.kind === "lost" && end.cause instanceof TickSourceError) {
      throw end.cause;
    }
    if (end.kind === "refused" && !PASSING_CODES.has(end.code)) {
      throw new FeedRefusedError(end.code, end.reason);
    }
    const cause = end.kind === "lost"
      ? end.cause
      : new FeedRefusedError(end.code, end.reason);
    options.onLost?.(cause);
    const waitedMs = clock.steadyMs() - welcomedAtMs;
    if (waitedMs >= (options.giveUpAfterMs ?? Infinity)) {
      throw new FeedUnreachableError(
        `Cannot reach the listener: ${messageOf(cause)}`,
        { cause },
      );
    }
    if (end.welcomed) summary.reconnects++;
    const backoffMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** failures);
    failures = Math.min(failures + 1, 16);
    await clock.sleep(backoffMs * (0.5 + random() / 2), signal);
  }
  options.onProgress?.(summary);
  return summary;
}

interface ClientState {
  readonly summary: FeedSummary;
  /** To ask for in the hello; undefined until one was chosen. */
  epoch: number | undefined;
  /** Nacks up to here were counted: after a reconnect they come again. */
  nackedThrough?: number;
  resumed?: true;
}

type ConnectionEnd =
  & { readonly welcomed: boolean }
  & (
    | { readonly kind: "complete" }
    | { readonly kind: "epoch"; readonly epoch: number }
    | { readonly kind: "lost"; readonly cause: unknown }
    | {
      readonly kind: "refused";
      readonly code: string;
      readonly reason: string;
    }
  );

async function runConnection(
  options: FeedClientOptions,
  state: ClientState,
): Promise<ConnectionEnd> {
  const tooLong = AbortSignal.timeout(CONNECT_MS);
  const signal = options.signal
    ? AbortSignal.any([options.signal, tooLong])
    : tooLong;
  let connection: FeedConnection;
  try {
    connection = await options.connect(signal);
  } catch (cause) {
    return { kind: "lost", cause, welcomed: false };
  }
  return await new FeedSession(connection, options, state).run();
}

type Ending = ConnectionEnd extends infer End
  ? End extends unknown ? Omit<End, "welcomed"> : never
  : never;

/** One connection, from its hello to its end. */
class FeedSession {
  readonly #over = new AbortController();
  #ending: Ending | null = null;
  #welcome: Welcome | null = null;
  /** Number of the next tick to send. */
  #next = 1;
  #acked = 0;
  #resendFrom: number | null = null;
  #leaving = false;
  /** Stops the source's current pass. */
  #pass: AbortController | null = null;
  #writing: Promise<void> | null = null;
  #heardAtMs: number;
  #wake: (() => void) | null = null;

  constructor(
    private readonly connection: FeedConnection,
    private readonly options: FeedClientOptions,
    private readonly state: ClientState,
  ) {
    this.#heardAtMs = options.clock.steadyMs();
  }

  async run(): Promise<ConnectionEnd> {
    const abort = () => this.#finish({ kind: "lost", cause: aborted() });
    const { signal } = this.options;
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    const background = Promise.all([this.#read(), this.#keepAlive()]);
    try {
      await this.#send();
    } catch (cause) {
      this.#finish({ kind: "lost", cause });
    } finally {
      signal?.removeEventListener("abort", abort);
    }
    await background;
    const ending = this.#ending ?? { kind: "lost", cause: aborted() };
    return { ...ending, welcomed: this.#welcome !== null } as ConnectionEnd;
  }

  async #send(): Promise<void> {
    const { hello } = this.options;
    const { epoch } = this.state;
    await this.#writeMessage({ type: "hello", ...hello, epoch });
    while (this.#welcome === null) {
      if (this.#ending) return;
      await this.#changed();
    }
    const welcome = this.#welcome;
    const chosen = epoch ?? this.options.chooseEpoch?.(welcome) ??
      welcome.epoch;
    if (chosen !== welcome.epoch) {
      if (epoch === undefined) {
        return this.#finish({ kind: "epoch", epoch: chosen });
      }
      throw new FeedLostError(
        `The listener welcomes epoch ${welcome.epoch} instead of ${chosen}`,
      );
    }
    this.#begin(welcome);
    const source = guardedSource(this.options.source(welcome.epoch));
    const window = new AckWindow(welcome.window ?? WINDOW_BYTES_FALLBACK);
    while (!this.#ending) await this.#sendPass(source, window);
  }

  #begin(welcome: Welcome): void {
    const { summary } = this.state;
    this.state.epoch = welcome.epoch;
    this.#acked = welcome.resume_after;
    this.#next = welcome.resume_after + 1;
    summary.epoch = welcome.epoch;
    summary.acked = welcome.resume_after;
    if (!this.state.resumed) {
      this.state.resumed = true;
      summary.resumedAfter = welcome.resume_after;
      this.state.nackedThrough = welcome.resume_after;
    }
    this.options.onProgress?.(summary);
  }

  /** Sends from `#next` to the source's end, or until a resend is asked for. */
  async #sendPass(source: TickSource, window: AckWindow): Promise<void> {
    const { summary } = this.state;
    if (this.#resendFrom !== null) {
      this.#next = this.#resendFrom;
      this.#resendFrom = null;
      window.rewind(this.#next);
      summary.resends++;
    }
    const pass = this.#pass = new AbortController();
    if (this.#ending) return;
    const fits = Math.floor(window.bytesMax / 4 / LINE_BYTES_USUAL);
    const max = Math.max(1, Math.min(CHUNK_MAX, fits));
    const chunks = source.from(this.#next, { max, signal: pass.signal });
    for await (const { bytes, count } of chunks) {
      window.ack(this.#acked);
      while (!window.hasRoom(bytes.length) && !pass.signal.aborted) {
        await this.#changed();
        window.ack(this.#acked);
      }
      if (pass.signal.aborted) return;
      // Before the write: a resend may be asked for while it is under way.
      this.#next += count;
      window.add(this.#next - 1, bytes.length);
      await this.#write(bytes);
      summary.sent += count;
    }
    if (pass.signal.aborted) return;
    const total = this.#next - 1;
    summary.total = total;
    await this.#writeMessage({ type: "end", total });
    while (!pass.signal.aborted && this.#acked < total) await this.#changed();
    if (pass.signal.aborted) return;
    summary.complete = true;
    await this.#leave();
  }

  /**
   * Hangs up last: closing with answers unread would reset the connection, and
   * take the `end` with it that the listener may not have read.
   */
  async #leave(): Promise<void> {
    this.#leaving = true;
    await this.connection.closeWrite().catch(() => {});
    await this.options.clock.sleep(FAREWELL_MS, this.#over.signal);
    this.#finish({ kind: "complete" });
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    const into = new Uint8Array(16_384);
    let rest = "";
    try {
      while (!this.#ending) {
        const n = await this.connection.read(into);
        if (n === null) throw new FeedLostError("The listener hung up");
        this.#heardAtMs = this.options.clock.steadyMs();
        const lines = (rest + decoder.decode(into.subarray(0, n), {
          stream: true,
        })).split("\n");
        rest = lines.pop() ?? "";
        if (rest.length > LINE_BYTES_MAX) {
          throw new FeedLostError(
            `The listener's line has more than ${LINE_BYTES_MAX} characters`,
          );
        }
        for (const line of lines) {
          if (line.trim() !== "") this.#hear(parseListenerMessage(line));
        }
        this.#notify();
      }
    } catch (cause) {
      this.#finish(
        this.#leaving ? { kind: "complete" } : { kind: "lost", cause },
      );
    }
  }

  #hear(message: ListenerMessage | null): void {
    if (message === null || this.#ending) return;
    const { summary } = this.state;
    switch (message.type) {
      case "welcome":
        this.#welcome ??= message;
        break;
      case "ack":
        if (message.seq <= this.#acked) break;
        this.#acked = summary.acked = message.seq;
        this.options.onProgress?.(summary);
        break;
      case "nack":
        this.#countNack(message);
        break;
      case "resend":
        // A hole beyond what was sent is none; the source is on its way there.
        if (message.from >= this.#next) break;
        this.#resendFrom = message.from;
        this.#pass?.abort();
        break;
      case "error":
        this.#finish({
          kind: "refused",
          code: message.code,
          reason: message.reason,
        });
        break;
      case "buffered":
        break;
      default:
        assertNever(message);
    }
  }

  #countNack(nack: Nack): void {
    const { summary } = this.state;
    if (typeof nack.seq === "number") {
      if (nack.seq <= (this.state.nackedThrough ?? 0)) return;
      this.state.nackedThrough = nack.seq;
    }
    const reason = nack.code ?? nack.reason;
    const known = reason in summary.nacked ||
      Object.keys(summary.nacked).length < NACK_REASONS_MAX;
    const key = known ? reason : "other";
    summary.nacked[key] = (summary.nacked[key] ?? 0) + 1;
    summary.rejected++;
    this.options.onNack?.(nack);
  }

  /** Heartbeats, and an end to waiting for a peer that is not there. */
  async #keepAlive(): Promise<void> {
    const { clock } = this.options;
    for (let looks = 1; !this.#ending; looks++) {
      await clock.sleep(LOOK_MS, this.#over.signal);
      if (this.#ending || this.#leaving) return;
      const silentMs = clock.steadyMs() - this.#heardAtMs;
      const waiting = this.#welcome === null || this.#acked < this.#next - 1;
      const patienceMs = this.#welcome === null ? WELCOME_MS : SILENCE_MS;
      if (waiting && silentMs >= patienceMs) {
        this.#finish({
          kind: "lost",
          cause: new FeedLostError(
            `The listener has said nothing for ${Math.round(silentMs)} ms`,
          ),
        });
      } else if (
        looks % (HEARTBEAT_MS / LOOK_MS) === 0 && this.#welcome !== null &&
        this.#writing === null
      ) {
        // Ticks on their way show as well as a heartbeat that we are here.
        await this.#writeMessage({ type: "heartbeat" }).catch((cause) =>
          this.#finish({ kind: "lost", cause })
        );
      }
    }
  }

  #writeMessage(message: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#write(ENCODER.encode(`${JSON.stringify(message)}\n`));
  }

  /** One write at a time, so that lines never mix. */
  async #write(bytes: Uint8Array): Promise<void> {
    while (this.#writing) await this.#writing.catch(() => {});
    this.#writing = this.#writeAll(bytes);
    try {
      await this.#writing;
    } finally {
      this.#writing = null;
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let at = 0;
    while (at < bytes.length) {
      at += await this.connection.write(bytes.subarray(at));
    }
  }

  #finish(ending: Ending): void {
    if (this.#ending) return;
    this.#ending = ending;
    this.#over.abort();
    this.#pass?.abort();
    this.connection.close();
    this.#notify();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#ending) resolve();
      else this.#wake = resolve;
    });
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}

const ENCODER = new TextEncoder();

function aborted(): FeedLostError {
  return new FeedLostError("The feed was stopped");
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
