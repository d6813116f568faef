import type { Clock, Log } from "../ports.ts";
import { BufferError, BufferUnusableError } from "./buffer_error.ts";
import type { RedisCommands, RedisNode } from "./redis_commands.ts";
import { type ScriptName, SCRIPTS } from "./redis_scripts.ts";
import {
  RedisRefusal,
  type RedisReply,
  RedisSession,
  type SessionStart,
} from "./redis_session.ts";
import { redisUrlParts } from "./redis_url.ts";

const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 100;
/** A server that is just being started, or loads its file, is waited for. */
const OPEN_MS_MAX = 10_000;

/** The server will not take these commands: another one may, or it later. */
const MOVED_ON = /^(LOADING|READONLY|MASTERDOWN|NOSCRIPT)\b/;
/** No retry helps. */
const UNUSABLE =
  /^(WRONGPASS|NOAUTH|NOPERM|DENIED)\b|invalid password|DB index is out of range|SELECT is not allowed/;

const NAMES = Object.keys(SCRIPTS) as ScriptName[];

export interface ConnectionOptions {
  /** Of one server. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
}

interface Connected {
  readonly session: RedisSession;
  readonly shas: ReadonlyMap<ScriptName, string>;
  readonly runId: string;
}

/**
 * Commands for one Redis, over one connection that is made again for good.
 *
 * Calls are sent in their order. A call settles within 3 s of the server's last
 * answer: while there is no connection it rejects at once, and when one breaks,
 * those under way reject and nothing of them is sent again.
 */
export class RedisConnection implements RedisCommands, RedisNode {
  readonly #closing = new AbortController();
  #back = new AbortController();
  #connected: Connected | null = null;
  #why = "it was not connected yet";
  #running: Promise<void> = Promise.resolve();

  /** `host:port`. */
  readonly address: string;
  readonly shown: string;

  private constructor(private readonly options: ConnectionOptions) {
    const { addresses, shown } = redisUrlParts(options.url);
    [this.address] = addresses;
    this.shown = shown;
  }

  /** As `open`, without waiting for the server. */
  static start(options: ConnectionOptions): RedisConnection {
    const connection = new RedisConnection(options);
    connection.#running = connection.#run();
    return connection;
  }

  /**
   * Connects for the first time.
   *
   * @throws {BufferError} If there is no such server within 10 s.
   * @throws {BufferUnusableError} If the URL, user or password are wrong.
   */
  static async open(options: ConnectionOptions): Promise<RedisConnection> {
    const connection = new RedisConnection(options);
    const { shown } = connection;
    const deadline = performance.now() + OPEN_MS_MAX;
    for (let retry = 0;; retry++) {
      try {
        connection.#connected = await connection.#connect();
        connection.#running = connection.#run();
        return connection;
      } catch (error) {
        if (UNUSABLE.test((error as Error).message)) {
          throw new BufferUnusableError(
            `Cannot use the Redis at ${shown} as it says ` +
              `"${(error as Error).message}": change the user, password or ` +
              `database of REDIS_URL, or what that user may do`,
          );
        }
        if (performance.now() > deadline) {
          throw new BufferError(
            `Cannot reach the Redis at ${shown}: ${(error as Error).message}`,
            { cause: error },
          );
        }
        await options.clock.sleep(retryMs(retry));
      }
    }
  }

  get connected(): boolean {
    return this.#connected !== null;
  }

  get nodes(): readonly RedisNode[] {
    return [this];
  }

  async call(args: readonly (string | Buffer)[]): Promise<RedisReply> {
    return await this.#ask(({ session }) => session.call(args));
  }

  /** What the server calls itself comes behind the arguments. */
  async run(
    script: ScriptName,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
  ): Promise<RedisReply> {
    return await this.#ask(({ session, shas, runId }) =>
      session.call([
        "EVALSHA",
        shas.get(script)!,
        String(keys.length),
        ...keys,
        ...args,
        runId,
      ])
    );
  }

  /** Lets the call that is made next be for a slot that is on its way here. */
  asking(): void {
    this.#connected?.session.call(["ASKING"]).catch(() => {}); // told by the next
  }

  /** Aborts once there is a connection again. */
  get back(): AbortSignal {
    return this.#back.signal;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    while (this.#connected?.session.busy) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    this.#connected?.session.end(new BufferError("The buffer is closed"));
    await this.#running;
  }

  /** Sends within the call, so that the order of the calls is kept. */
  async #ask(
    send: (connected: Connected) => Promise<RedisReply>,
  ): Promise<RedisReply> {
    const connected = this.#connected;
    if (this.#closing.signal.aborted) {
      throw new BufferError("The buffer is closed");
    }
    if (connected === null) {
      throw new BufferError(`No Redis at ${this.shown}: ${this.#why}`);
    }
    try {
      return await send(connected);
    } catch (cause) {
      const { message } = cause as Error;
      if (cause instanceof BufferError) throw cause;
      if (!(cause instanceof RedisRefusal)) {
        throw new BufferError(`The Redis at ${this.shown} failed: ${message}`, {
          cause,
        });
      }
      if (MOVED_ON.test(message)) connected.session.end(cause);
      throw refused(message, cause);
    }
  }

  async #connect(): Promise<Connected> {
    const { shas, ...start }: SessionStart = await RedisSession.connect(
      this.options.url,
      NAMES.map((name) => SCRIPTS[name]),
    );
    return { ...start, shas: new Map(NAMES.map((name, i) => [name, shas[i]])) };
  }

  /** Keeps a connection until `close`. */
  async #run(): Promise<void> {
    const { clock, log } = this.options;
    const { signal } = this.#closing;
    const at = this.shown;
    let retry = 0;
    while (!signal.aborted) {
      try {
        const connected = this.#connected ??= await this.#connect();
        if (retry > 0) {
          log.info("Redis is connected again", { at, retries: retry });
          this.#back.abort();
          this.#back = new AbortController();
        }
        retry = 0;
        if (signal.aborted) connected.session.end(new Error("closed"));
        const reason = await connected.session.ended;
        this.#why = reason.message;
        if (!signal.aborted) {
          log.warn("Redis is gone; connecting again", { at, error: this.#why });
        }
      } catch (error) {
        this.#why = (error as Error).message;
      }
      this.#connected = null;
      await clock.sleep(retryMs(retry++), signal);
    }
  }
}

/** Longer each time, and not the same for all who lost the same server. */
function retryMs(retry: number): number {
  const most = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(retry, 10));
  return most / 2 + Math.random() * most / 2;
}

function refused(message: string, cause: RedisRefusal): BufferError {
  if (message.startsWith("OOM")) {
    return new BufferError(
      "The buffer is full: Redis has reached its maxmemory",
      { cause },
    );
  }
  const format = /^FORMAT (.*)/.exec(message);
  if (format) {
    return new BufferUnusableError(
      `Cannot use streams of format ${format[1]} as it must be 1: use the ` +
        `release that wrote them, or another database in REDIS_URL`,
      { cause },
    );
  }
  return new BufferError(`Redis refused: ${message}`, { cause });
}
