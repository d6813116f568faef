import { Pool } from "pg";
import { type Db, DbError, type Param, type Row } from "./db.ts";

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
  query(sql: string, params?: Param[]): Promise<{ rows: Row[] }>;
  query(config: {
    readonly text: string;
    readonly query_timeout: number;
  }): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): void;
  /** Closes the connection if an error is given. */
  release(error?: Error): void;
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

  /** Runs work in one transaction; undone if it gives `null` or fails. */
  const inTransaction = <T>(work: (client: PgClient) => Promise<T | null>) =>
    onClient(async (client) => {
      await client.query(BEGIN);
      try {
        const result = await work(client);
        await client.query(result === null ? "rollback" : "commit");
        return result;
      } catch (error) {
        // A server that does not answer would not answer this either.
        if (isRefusal(error)) await client.query("rollback").catch(() => {});
        throw error;
      }
    });

  return {
    query: async <R extends Row>(sql: string, params: readonly Param[] = []) =>
      (await inTransaction((client) => client.query(sql, [...params])))!
        .rows as R[],
    batch: (statements) =>
      inTransaction(async (client) => {
        const results: Row[][] = [];
        for (const { sql, params, expectRows } of statements) {
          const { rows } = await client.query(sql, [...params ?? []]);
          if (expectRows !== undefined && rows.length !== expectRows) {
            return null;
          }
          results.push(rows);
        }
        return results;
      }),
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
