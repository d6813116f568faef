import { ErrorReply, RedisClient, RESP_TYPES } from "redis";

/** Reply of a command: bulk strings are bytes. */
export type RedisReply = Buffer | string | number | null | RedisReply[];

/** How often waiting commands are looked at, and how often without an answer. */
const CHECK_MS = 250;
const CHECKS_MAX = 10;
const CONNECT_MS_MAX = 2_000;
/** More than the windows of all feeds can have under way. */
const QUEUE_MAX = 65_536;

interface Pending {
  readonly reject: (error: Error) => void;
  /** Number of the check before the command was sent. */
  readonly since: number;
}

/** What a connection began with. */
export interface SessionStart {
  readonly session: RedisSession;
  /** Names of the scripts, as given. */
  readonly shas: readonly string[];
  /** Another one after each start of the server; "" if it may not be asked. */
  readonly runId: string;
}

/** The server answered, with an error. */
export class RedisRefusal extends Error {
  override name = "RedisRefusal";
}

/**
 * One connection, from its start to its first failure; never made again.
 *
 * Commands are sent and answered in the order of the calls. When no answer has
 * come for about `CHECK_MS * CHECKS_MAX`, the connection is given up with all
 * that are under way; as long as answers come, later commands wait their turn,
 * however slow the network is. Looks are counted instead of time, so that a
 * pause of this process is not taken for one of the server.
 */
export class RedisSession {
  /** Resolves with the reason when the connection is over. */
  readonly ended: Promise<Error>;
  readonly #client: ReturnType<typeof clientOf>;
  readonly #pending = new Set<Pending>();
  /** Looks at them while there are some, and wakes an idle process for none. */
  #watch: ReturnType<typeof setInterval> | null = null;
  #checks = 0;
  /** Number of the check before the newest answer. */
  #answered = 0;
  #end!: (reason: Error) => void;
  #over: Error | null = null;

  private constructor(url: string) {
    this.ended = new Promise((resolve) => this.#end = resolve);
    this.#client = clientOf(url);
    this.#client.on("error", (error: Error) => this.end(error));
    this.#client.on("end", () => this.end(new Error("Connection closed")));
  }

  /**
   * Connects and loads scripts; resolves when the server takes commands.
   */
  static async connect(
    url: string,
    scripts: readonly string[],
  ): Promise<SessionStart> {
    const session = new RedisSession(url);
    try {
      await session.#guard(
        session.#client.connect().then(() => {
          // ended while it connected: it must not stay open
          if (session.#over) session.#client.destroy();
        }),
      );
      await session.call(["PING"]);
      const shas = await Promise.all(
        scripts.map((text) => session.call(["SCRIPT", "LOAD", text])),
      );
      const info = await session.call(["INFO", "server"]).catch((error) => {
        if (error instanceof RedisRefusal) return "";
        throw error;
      });
      const runId = /run_id:(\w+)/.exec(String(info))?.[1] ?? "";
      return { session, shas: shas.map(String), runId };
    } catch (error) {
      session.end(error as Error);
      throw session.#over ?? error;
    }
  }

  /** Whether a command is under way. */
  get busy(): boolean {
    return this.#pending.size > 0;
  }

  call(args: readonly (string | Buffer)[]): Promise<RedisReply> {
    if (this.#over) return Promise.reject(this.#over);
    return this.#guard(
      this.#client.sendCommand<RedisReply>(args, {
        timeout: 0,
        typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer },
      }),
    );
  }

  /** Gives the connection up; whatever is under way is rejected. */
  end(reason: Error): void {
    if (this.#over) return;
    this.#over = reason;
    this.#unwatch();
    for (const { reject } of this.#pending) reject(reason);
    this.#pending.clear();
    this.#client.destroy();
    this.#end(reason);
  }

  #guard<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const pending: Pending = { reject, since: this.#checks };
      this.#pending.add(pending);
      this.#watch ??= setInterval(() => this.#check(), CHECK_MS);
      const settled = () => {
        this.#pending.delete(pending);
        this.#answered = this.#checks;
      };
      promise.then((value) => {
        settled();
        resolve(value);
      }, (error: Error) => {
        settled();
        const refused = error instanceof ErrorReply;
        reject(refused ? new RedisRefusal(error.message) : error);
      });
    });
  }

  #unwatch(): void {
    if (this.#watch !== null) clearInterval(this.#watch);
    this.#watch = null;
  }

  #check(): void {
    this.#checks++;
    if (this.#pending.size === 0) this.#unwatch();
    for (const { since } of this.#pending) {
      if (this.#checks - Math.max(since, this.#answered) > CHECKS_MAX) {
        const waited = CHECK_MS * CHECKS_MAX;
        this.end(new Error(`No answer for ${waited} ms`));
      }
      return; // the first one is the oldest
    }
  }
}

/**
 * A client that tries nothing by itself: its session ends instead. It has no
 * methods for commands, which would be made for each kind of client anew.
 */
function clientOf(url: string) {
  return new RedisClient({
    url,
    RESP: 2,
    socket: {
      connectTimeout: CONNECT_MS_MAX,
      // asked before `error` is told of, upon which the session ends
      reconnectStrategy: () => 1,
    },
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: "disabled",
    commandsQueueMaxLength: QUEUE_MAX,
    commandOptions: { timeout: 0 },
  });
}
