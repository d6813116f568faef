import { Pool } from "pg";
import {
  type Db,
  DbError,
  type Param,
  type Row,
  type Statement,
} from "./db.ts";

/** Longest statement; the server gives up a little before the client does. */
const STATEMENT_MS_MAX = 4_000;
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
const BEGIN = `begin; set local statement_timeout = ${STATEMENT_MS_MAX};
  set local idle_in_transaction_session_timeout = ${IDLE_MS_MAX};
  set local timezone = 'UTC'`;

/** Of the driver, which brings no types, what is used here. */
interface PgClient {
  query(sql: string, params?: Param[]): Promise<PgAnswer>;
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
}

/**
 * A PostgreSQL server, version 15 or later, over a pool of connections; also
 * behind PgBouncer in transaction mode.
 *
 * Lost connections reject what runs on them and are replaced; the caller tries
 * again. Every call settles within seconds, whatever the server does.
 */
export function connectPg({ url }: PgOptions): Db {
  const pool: PgPool = new Pool({
    connectionString: url,
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
      if (!isRefusal(error)) broken = error as Error;
      throw error;
    } finally {
      client.release(broken);
    }
  }

  /**
   * Runs statements in one transaction, sent at once as far as none decides
   * whether it is to be: a server that is far or busy is waited for once or
   * twice, not once a statement. A `commit` behind one that failed undoes all.
   */
  const transact = (statements: readonly Statement[]) =>
    onClient(async (client) => {
      const results: Row[][] = [];
      let sent = 0;
      for (;;) {
        const decisive = statements.findIndex(({ expectRows }, i) =>
          i >= sent && expectRows !== undefined
        );
        const ends = decisive === -1;
        const group = statements.slice(sent, ends ? undefined : decisive + 1);
        const answers = await answered([
          ...sent === 0 ? [client.query(BEGIN)] : [],
          ...group.map(({ sql, params }) =>
            client.query(sql, [...params ?? []])
          ),
          ...ends ? [client.query("commit")] : [],
        ]).catch(async (error) => {
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
 * What was sent together is answered together.
 *
 * @throws The first failure, once everything is answered or given up.
 */
async function answered(
  sent: readonly Promise<PgAnswer>[],
): Promise<readonly PgAnswer[]> {
  for (const outcome of await Promise.allSettled(sent)) {
    if (outcome.status === "rejected") throw outcome.reason;
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

/** Codes of the network have other shapes than five letters and digits. */
function sqlStateOf(error: unknown): string | null {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}
