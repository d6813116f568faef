import { assertNever } from "../domain/assert.ts";
import type { EpochMicros } from "../domain/time.ts";
import { nextTurn } from "../next_turn.ts";
import type { Clock, Log } from "../ports.ts";
import type {
  ControlMessage,
  ErrorCode,
  HelloMessage,
} from "./control_message.ts";
import { csvDecoder } from "./decode_csv.ts";
import { ndjsonDecoder } from "./decode_ndjson.ts";
import { DecodedBatch } from "./decoded_batch.ts";
import type { FeedGrant, FeedGuard } from "./feed_guard.ts";
import type { FeedEvents } from "./feed_ingest.ts";
import { type ConnectionStats, lineCounts } from "./feed_stats.ts";
import type { FeedEntrance, Ingest, OpenRequest } from "./ingest.ts";
import { LineFramer } from "./line_framer.ts";
import { Outbox } from "./outbox.ts";

/** The part of a TCP connection that is needed here. */
export interface ByteConnection {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  /** Tells the other end that nothing more comes. */
  closeWrite(): Promise<void>;
  close(): void;
}

export interface ConnectionOptions {
  readonly ingest: Ingest;
  readonly format: "ndjson" | "csv";
  /** Name of the feed that lines without a hello belong to. */
  readonly plainFeed: string;
  /** The other end, for people. */
  readonly peer: string;
  /** Whom it lets in; where it asks for tokens plain lines are refused. */
  readonly guard?: FeedGuard;
  readonly clock: Clock;
  readonly log: Log;
  /** Stops reading; what was read is sent off, committed and acked. */
  readonly signal: AbortSignal;
  /** How long that may take. */
  readonly drainMs: number;
}

/** Between two heartbeats of ours. */
const HEARTBEAT_MS = 5_000;
/** A source that said hello and is silent for so long is gone. */
const SILENCE_MS = 15_000;
/** Where tokens are asked for, a hello must come within it. */
const HELLO_MS = 3_000;
const WATCH_MS = 1_000;
/** How long a source that is closed by us may take to read why. */
const LINGER_MS = 1_000;
const OPEN_RETRY_MS = 200;
const PLAIN_PREFIX = "plain@";

/**
 * Speaks the feed protocol on one connection, from its first byte to its last.
 *
 * Resolves once the connection is closed; never rejects for what the source or
 * the network does.
 */
export async function runConnection(
  connection: ByteConnection,
  options: ConnectionOptions,
  onStats?: (stats: () => ConnectionStats) => void,
): Promise<void> {
  const run = new ConnectionRun(connection, options);
  onStats?.(() => run.stats());
  await run.run();
}

let connectionCount = 0;

class ConnectionRun {
  readonly #id = ++connectionCount;
  readonly #framer = new LineFramer();
  readonly #batch = new DecodedBatch(this.#framer.bytes);
  readonly #decoder;
  readonly #outbox: Outbox;
  /** Aborts when nothing more will be read: shutdown, error, end of file. */
  readonly #over = new AbortController();
  readonly #since: EpochMicros;
  #entrance: FeedEntrance | null = null;
  #hello = false;
  /** The welcome is on its way, and says what was acked until then. */
  #welcomed = false;
  #bytes = 0;
  /**
   * When the source was heard of last, or was last given a chance to be, by the
   * steady clock.
   */
  #heardAtMs: number;
  readonly #sinceMs: number;
  /** A read that nobody waited for to its end. */
  #reading: Promise<number | null> | null = null;
  #failed = false;
  #grant: FeedGrant | null = null;
  /** Until when the lines so far may take, by the feed's rate. */
  #paidUntilMs = -Infinity;

  constructor(
    private readonly connection: ByteConnection,
    private readonly options: ConnectionOptions,
  ) {
    this.#decoder = options.format === "csv" ? csvDecoder() : ndjsonDecoder();
    this.#outbox = new Outbox(
      (bytes) => connection.write(bytes),
      () => this.#over.abort(),
    );
    this.#since = options.clock.now();
    this.#sinceMs = this.#heardAtMs = options.clock.steadyMs();
  }

  async run(): Promise<void> {
    const { signal, log, peer } = this.options;
    const stop = () => this.#over.abort();
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    const watching = new AbortController();
    this.#watch(watching.signal);
    let left = false;
    try {
      left = await this.#readAll();
    } catch (error) {
      log.info("A feed's connection broke", { peer, error: String(error) });
    }
    try {
      await this.#finish(left);
    } finally {
      watching.abort();
      signal.removeEventListener("abort", stop);
      this.#entrance?.release();
      this.connection.close();
    }
  }

  /** @returns True if the other end said that nothing more comes. */
  async #readAll(): Promise<boolean> {
    for (;;) {
      const n = await this.#read();
      if (n === undefined) return false;
      if (n === null) this.#framer.finish();
      else {
        this.#bytes += n;
        this.#framer.filled(n);
      }
      await this.#takeLines();
      if (n === null) return true;
      if (this.#over.signal.aborted) return false;
    }
  }

  /** @returns `undefined` if reading is over. */
  async #read(): Promise<number | null | undefined> {
    const { signal } = this.#over;
    if (signal.aborted) return undefined;
    let stop = () => {};
    const stopped = new Promise<undefined>((resolve) => {
      stop = () => resolve(undefined);
      signal.addEventListener("abort", stop);
    });
    this.#heardAtMs = this.options.clock.steadyMs();
    const reading = this.connection.read(this.#framer.space());
    this.#reading = reading;
    // It may end by our own close, when nobody waits for it any more.
    reading.catch(() => {});
    try {
      const n = await Promise.race([reading, stopped]);
      if (n !== undefined) this.#reading = null;
      return n;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async #takeLines(): Promise<void> {
    const batch = this.#batch;
    while (!this.#failed) {
      batch.clear();
      const message = this.#decoder.decode(this.#framer, batch);
      if (message?.type === "hello" && batch.length === 0) {
        await this.#onHello(message);
        continue;
      }
      if (batch.length > 0) {
        const entrance = await this.#plainOrHello();
        await entrance?.take(batch, this.#over.signal);
        await this.#keepRate(batch.length);
        if (batch.full) await nextTurn();
      }
      if (message) await this.#onControl(message);
      else if (batch.length === 0) return;
    }
  }

  /** Makes a feed wait that is quicker than it may be, a second's burst aside. */
  async #keepRate(lines: number): Promise<void> {
    const rate = this.#grant?.linesPerSecond ?? null;
    if (rate === null) return;
    const nowMs = this.options.clock.steadyMs();
    this.#paidUntilMs = Math.max(this.#paidUntilMs, nowMs - 1_000) +
      lines / rate * 1_000;
    const waitMs = this.#paidUntilMs - nowMs;
    if (waitMs > 0) await this.options.clock.sleep(waitMs, this.#over.signal);
  }

  // --------------------------------------------------------------- protocol

  async #onHello(hello: HelloMessage): Promise<void> {
    if (this.#entrance) {
      this.#fail("protocol", "hello must be the first line, got another one");
      return;
    }
    this.#hello = true;
    const { guard } = this.options;
    const grant = guard?.admit(hello.feed, hello.token) ?? null;
    if (guard?.asks && grant === null) {
      this.#fail("token", "token must be the one that this feed was given");
      return;
    }
    this.#grant = grant;
    if (hello.feed.startsWith(PLAIN_PREFIX)) {
      this.#fail("protocol", `feed must not begin with ${PLAIN_PREFIX}`);
      return;
    }
    await this.#register(hello);
    const entrance = await this.#open({
      feed: hello.feed,
      epoch: hello.epoch,
      delivery: "acked",
      replay: hello.replay ?? false,
      content: hello.simulated ? "simulated" : "real",
      allows: grant?.allows,
    });
    if (!entrance) return;
    this.#welcomed = true;
    const { key, resumeAfter, windowBytes } = entrance;
    this.#outbox.send({
      type: "welcome",
      feed: key.feed,
      epoch: key.epoch,
      resume_after: resumeAfter,
      window: windowBytes,
    });
  }

  /** Instruments that the source gives decimals for are made known first. */
  async #register(hello: HelloMessage): Promise<void> {
    const { ingest, log } = this.options;
    for (const instrument of hello.instruments ?? []) {
      if (!("price_scale" in instrument)) continue;
      const { symbol, price_scale, size_scale } = instrument;
      const problem = this.#grant?.allows(symbol) === false
        ? "Not a symbol of this feed"
        : await ingest.declare(symbol, {
          price: price_scale ?? 0,
          size: size_scale ?? 0,
        });
      if (problem) {
        log.warn("Cannot register an instrument that a feed declared", {
          feed: hello.feed,
          symbol,
          problem,
        });
      }
    }
  }

  /** Lines without a hello before them make this a plain connection. */
  async #plainOrHello(): Promise<FeedEntrance | null> {
    const { guard, plainFeed } = this.options;
    if (this.#entrance) return this.#entrance;
    if (guard?.asks) {
      this.#fail("token", "this listener wants a hello with a token");
      return null;
    }
    return await this.#open({
      feed: plainFeed,
      delivery: "best_effort",
      replay: false,
      content: "real",
    });
  }

  /** A plain source is told nothing, so it waits until the stores answer. */
  async #open(request: OpenRequest): Promise<FeedEntrance | null> {
    const { ingest, log, clock, peer } = this.options;
    while (!this.#over.signal.aborted) {
      try {
        const { names } = this.#decoder.symbols;
        const result = await ingest.open(request, this.#events(), names);
        if (result.kind === "refused") {
          this.#fail(result.code, result.reason);
          return null;
        }
        this.#entrance = result.entrance;
        const { feed, epoch } = result.entrance.key;
        log.info("A feed connected", { feed, epoch, peer });
        return this.#entrance;
      } catch (error) {
        log.warn("Cannot open a feed as a store does not answer", {
          feed: request.feed,
          error: String(error),
        });
        if (this.#hello) {
          this.#fail("unavailable", "a store does not answer, try again");
          return null;
        }
        await clock.sleep(OPEN_RETRY_MS, this.#over.signal);
      }
    }
    return null;
  }

  async #onControl(message: ControlMessage): Promise<void> {
    switch (message.type) {
      case "heartbeat":
        return;
      case "end":
        if (!this.#hello) return;
        await this.#entrance?.end(message.total);
        return;
      case "hello":
        this.#fail("protocol", "hello must be the first line");
        return;
      case "bad_hello":
        this.#fail("protocol", `hello cannot be taken, ${message.detail}`);
        return;
      default:
        return assertNever(message);
    }
  }

  #events(): FeedEvents {
    const told = (send: () => void) => {
      if (this.#welcomed) send();
    };
    return {
      buffered: (seq) =>
        told(() => this.#outbox.send({ type: "buffered", seq })),
      ack: (seq) => told(() => this.#outbox.send({ type: "ack", seq })),
      nack: (nack) => told(() => this.#outbox.send({ type: "nack", ...nack })),
      resend: (from) => told(() => this.#outbox.send({ type: "resend", from })),
      fail: (code, reason) => this.#fail(code, reason),
    };
  }

  #fail(code: ErrorCode, reason: string): void {
    if (this.#failed) return;
    this.#failed = true;
    const { log, peer } = this.options;
    log.warn("A feed's connection is closed by us", { peer, code, reason });
    this.#outbox.send({ type: "error", code, reason });
    this.#over.abort();
  }

  // ------------------------------------------------------------------ times

  /** Heartbeats both ways; plain sources may be silent for ever. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { clock, guard } = this.options;
    let beatAtMs = clock.steadyMs();
    for (;;) {
      await clock.sleep(WATCH_MS, signal);
      if (signal.aborted) return;
      const nowMs = clock.steadyMs();
      if (
        guard?.asks && !this.#hello &&
        nowMs - this.#sinceMs >= HELLO_MS
      ) {
        this.#fail("token", `a hello must come within ${HELLO_MS} ms`);
      }
      if (!this.#hello || !this.#entrance) continue;
      if (nowMs - beatAtMs >= HEARTBEAT_MS) {
        beatAtMs = nowMs;
        this.#outbox.send({ type: "heartbeat" });
      }
      const silent = nowMs - this.#heardAtMs >= SILENCE_MS;
      if (silent && this.#reading !== null && !this.#over.signal.aborted) {
        this.#fail(
          "silent",
          `a heartbeat must come every ${HEARTBEAT_MS} ms, ` +
            `got nothing for ${SILENCE_MS} ms`,
        );
      }
    }
  }

  /**
   * Sends off what was taken. A source that ended by itself, and every one at
   * shutdown, is waited for until all it sent is acked.
   */
  async #finish(left: boolean): Promise<void> {
    const { clock, drainMs, signal, log, peer } = this.options;
    const entrance = this.#entrance;
    const deadline = new AbortController();
    const late = clock.sleep(drainMs, deadline.signal).then(() =>
      deadline.abort()
    );
    if (entrance) {
      const { feed, epoch } = entrance.key;
      // A plain source has no other way to say that it has sent everything.
      const complete = left && !this.#hello;
      const over = within(entrance.detach(complete), deadline.signal);
      await over;
      const waits = signal.aborted || (left && this.#hello);
      if (waits && !this.#failed) await entrance.whenSettled(deadline.signal);
      log.info("A feed's connection ended", {
        feed,
        epoch,
        peer,
        ...entrance.counts,
        droppedNacks: this.#outbox.droppedNacks,
      });
    }
    await within(this.#outbox.flushed(), deadline.signal);
    if (this.#failed && !left) {
      const lingered = clock.sleep(LINGER_MS, deadline.signal);
      await Promise.race([lingered, this.#hearOut()]);
    }
    deadline.abort();
    await late;
  }

  /**
   * Reads on into nothing until the source closes: with unread bytes our close
   * would be a reset, which takes the error line with it.
   */
  async #hearOut(): Promise<void> {
    try {
      await this.connection.closeWrite();
      const sink = new Uint8Array(65_536);
      while (await (this.#reading ?? this.connection.read(sink)) !== null) {
        this.#reading = null;
      }
    } catch {
      // The source is gone, which is what was waited for.
    }
  }

  stats(): ConnectionStats {
    return {
      ...(this.#entrance?.counts ?? lineCounts()),
      id: this.#id,
      peer: this.options.peer,
      format: this.options.format,
      feed: this.#entrance?.key.feed ?? null,
      epoch: this.#entrance?.key.epoch ?? null,
      bytes: this.#bytes,
      since: this.#since,
    };
  }
}

/** Waits for some work, but no longer than until the signal aborts. */
function within(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve());
    work.catch(() => {}).then(resolve);
  });
}
