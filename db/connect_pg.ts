import { Pool } from "pg";
import {
  type BatchOptions,
  type Db,
  DbError,
  type Param,
  type Row,
  type Statement,
} from "./db.ts";
import { RelayedSocket } from "./relayed_socket.ts";

/** Longest statement; the server gives up a little before the client does. */
const STATEMENT_MS_MAX = 4_000;
/** Of a connection that only reads: what strangers ask for ends sooner. */
const READ_MS_MAX = 2_000;
const QUERY_MS_MAX = 6_000;
const CONNECT_MS_MAX = 5_000;
const CONNECTIONS_MAX = 8;

/**
 * How long the server waits for the next statement of a transaction: a process
 * that was paused in one must not keep its rows from whoever takes over.
 */
const IDLE_MS_MAX = 1_000;
/** A migration may have many rows to write. */
const SCRIPT_MS_MAX = 600_000;

/**
 * What each transaction begins with. Nothing is set for a session, since behind
 * PgBouncer the next transaction may have another one.
 */
const begin = (readOnly: boolean) =>
  `begin${readOnly ? " read only" : ""};
  set local statement_timeout = ${readOnly ? READ_MS_MAX : STATEMENT_MS_MAX};
  set local idle_in_transaction_session_timeout = ${IDLE_MS_MAX};
  set local timezone = 'UTC'`;

/** Of statements whose plans the server keeps. */
const KEEP_PLANS = "; set local plan_cache_mode = force_generic_plan";

/** Of the driver, which brings no types, what is used here. */
interface PgClient {
  /** What the other end calls itself: a server its process, a pooler anything. */
  readonly processID: number | null;
  readonly connection: {
    readonly stream: { cork(): void; uncork(): void };
  };
  query(sql: string, params?: Param[]): Promise<PgAnswer>;
  /** A statement with a name is parsed by the server once a connection. */
  query(config: {
    readonly name: string;
    readonly text: string;
    readonly values: Param[];
  }): Promise<PgAnswer>;
  query(config: {
    readonly text: string;
    readonly query_timeout: number;
  }): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): void;
  /** Closes the connection if an error is given. */
  release(error?: Error): void;
}

interface PgAnswer {
  readonly rows: Row[];
}

interface PgPool {
  connect(): Promise<PgClient>;
  on(event: "connect", listener: (client: PgClient) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  end(): Promise<void>;
}

export interface PgOptions {
  /** As in `postgres://user:password@host:5432/database`. */
  readonly url: string;
  /** WebSocket relay in place of TCP, as in `wss://relay.example/v1`. */
  readonly relay?: string | null;
  /** Every transaction refuses to write; scripts are as the role lets them be. */
  readonly readOnly?: boolean;
}

/**
 * A PostgreSQL server, version 15 or later, over a pool of connections; also
 * behind PgBouncer in transaction mode.
 *
 * Lost connections reject what runs on them and are replaced; the caller tries
 * again. Every call settles within seconds, whatever the server does.
 */
export function connectPg(
  { url, relay = null, readOnly = false }: PgOptions,
): Db {
  const beginning = begin(readOnly);
  const pool: PgPool = new Pool({
    connectionString: url,
    ...relay !== null && { stream: () => new RelayedSocket(relay) },
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    query_timeout: QUERY_MS_MAX,
    keepAlive: true,
    // Statements are sent without waiting for the answers to those before.
    pipeline: true,
  });
  // Without a listener on each, a server that dies ends the process.
  pool.on("connect", (client) => client.on("error", () => {}));
  pool.on("error", () => {});

  async function onClient<T>(
    work: (client: PgClient) => Promise<T>,
  ): Promise<T> {
    let broken: Error | undefined;
    const client = await outside(() => pool.connect());
    try {
      return await outside(() => work(client));
    } catch (error) {
      if (!isRefusal(error) || isStale(error)) broken = error as Error;
      throw error;
    } finally {
      client.release(broken);
    }
  }

  const plans = new KeptPlans();

  /**
   * Runs statements in one transaction, sent at once as far as none decides
   * whether it is to be: a server that is far or busy is waited for once or
   * twice, not once a statement. A `commit` behind one that failed undoes all.
   */
  const transact = (
    statements: readonly Statement[],
    { keepPlans = false }: BatchOptions = {},
  ) =>
    onClient(async (client) => {
      const kept = keepPlans && await plans.canBeKept(client);
      const results: Row[][] = [];
      let sent = 0;
      for (;;) {
        const decisive = statements.findIndex(({ expectRows }, i) =>
          i >= sent && expectRows !== undefined
        );
        const ends = decisive === -1;
        const group = statements.slice(sent, ends ? undefined : decisive + 1);
        const answers = await answered(inOneWrite(client, () => [
          ...sent === 0
            ? [client.query(kept ? beginning + KEEP_PLANS : beginning)]
            : [],
          ...group.map(({ sql, params = [] }) =>
            kept
              ? client.query({
                name: plans.nameOf(sql),
                text: sql,
                values: [...params],
              })
              : client.query(sql, [...params])
          ),
          ...ends ? [client.query("commit")] : [],
        ])).catch(async (error) => {
          // A server that does not answer would not answer this either.
          if (!ends && isRefusal(error)) await client.query("rollback");
          throw error;
        });
        const rows = answers.slice(sent === 0 ? 1 : 0).map(({ rows }) => rows);
        results.push(...rows.slice(0, group.length));
        sent += group.length;
        if (ends) return results;
        if (results.at(-1)!.length !== group.at(-1)!.expectRows) {
          await client.query("rollback");
          return null;
        }
      }
    });

  return {
    query: async <R extends Row>(sql: string, params: readonly Param[] = []) =>
      (await transact([{ sql, params }]))![0] as R[],
    batch: transact,
    script: (sql) =>
      onClient(async (client) => {
        try {
          await client.query({ text: sql, query_timeout: SCRIPT_MS_MAX });
        } catch (error) {
          // It may have begun a transaction, which nobody would end.
          if (isRefusal(error)) await client.query("rollback").catch(() => {});
          throw error;
        }
      }),
    close: () => pool.end(),
  };
}

/**
 * Statements that a server keeps the plans of, which takes a connection of its
 * own: behind PgBouncer the next transaction may have another server process.
 */
class KeptPlans {
  readonly #direct = new WeakMap<PgClient, boolean>();
  readonly #names = new Map<string, string>();

  /** Whether the server itself is at the connection's other end. */
  async canBeKept(client: PgClient): Promise<boolean> {
    let direct = this.#direct.get(client);
    if (direct === undefined) {
      const { rows } = await client.query("select pg_backend_pid() as pid");
      direct = rows[0].pid === client.processID;
      this.#direct.set(client, direct);
    }
    return direct;
  }

  nameOf(sql: string): string {
    let name = this.#names.get(sql);
    if (name === undefined) {
      name = `s${this.#names.size + 1}`;
      this.#names.set(sql, name);
    }
    return name;
  }
}

/** A write a statement would wake the server, and cost a call, for each. */
function inOneWrite<T>({ connection: { stream } }: PgClient, send: () => T): T {
  stream.cork();
  try {
    return send();
  } finally {
    stream.uncork();
  }
}

/**
 * What was sent together is answered together.
 *
 * @throws Once everything is answered or given up: what ended the connection, or
 * else the first failure.
 */
async function answered(
  sent: readonly Promise<PgAnswer>[],
): Promise<readonly PgAnswer[]> {
  const failures = (await Promise.allSettled(sent)).flatMap((outcome) =>
    outcome.status === "rejected" ? [outcome.reason] : []
  );
  if (failures.length > 0) {
    throw failures.find((error) => !isRefusal(error)) ?? failures[0];
  }
  return Promise.all(sent);
}

async function outside<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof DbError) throw cause;
    throw new DbError(
      `The warehouse failed: ${(cause as Error).message}`,
      sqlStateOf(cause),
      { cause },
    );
  }
}

/**
 * Whether the server refused a statement, which leaves a good connection;
 * anything else leaves one of which nothing is known.
 */
function isRefusal(error: unknown): boolean {
  const code = sqlStateOf(error);
  // Connections that fail, and servers that go down, have codes too.
  return code !== null && !/^(08|57P0)/.test(code);
}

/** The server does not know a statement, or a migration has changed its plan. */
function isStale(error: unknown): boolean {
  return ["26000", "0A000"].includes(sqlStateOf(error) ?? "");
}

/** Codes of the network have other shapes than five letters and digits. */
function sqlStateOf(error: unknown): string | null {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}
