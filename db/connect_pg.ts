import { Pool } from "pg";
import { type Db, DbError, type Param, type Row } from "./db.ts";

/** Longest statement; the server gives up a little before the client does. */
const STATEMENT_MS_MAX = 4_000;
const QUERY_MS_MAX = 6_000;
const CONNECT_MS_MAX = 5_000;
const CONNECTIONS_MAX = 8;

/** Of the driver, which brings no types, what is used here. */
interface PgClient {
  query(sql: string, params?: Param[]): Promise<{ rows: Row[] }>;
  on(event: "error", listener: (error: Error) => void): void;
  /** Closes the connection if an error is given. */
  release(error?: Error): void;
}

interface PgPool {
  query(sql: string, params?: Param[]): Promise<{ rows: Row[] }>;
  connect(): Promise<PgClient>;
  on(event: "connect", listener: (client: PgClient) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  end(): Promise<void>;
}

export interface PgOptions {
  /** As in `postgres://user:password@host:5432/database`. */
  readonly url: string;
  /** Schema that unqualified names are in; it must exist. */
  readonly schema?: string;
}

/**
 * A PostgreSQL server, version 15 or later, over a pool of connections.
 *
 * Lost connections reject what runs on them and are replaced; the caller tries
 * again.
 */
export function connectPg({ url, schema = "public" }: PgOptions): Db {
  const pool: PgPool = new Pool({
    connectionString: url,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    query_timeout: QUERY_MS_MAX,
    keepAlive: true,
    options: `-c search_path=${schema} -c timezone=UTC`,
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
      // A statement that was refused leaves a good connection; anything else
      // leaves one of which nothing is known.
      if (!(error instanceof DbError && error.code)) broken = error as Error;
      throw error;
    } finally {
      client.release(broken);
    }
  }

  return {
    query: async <R extends Row>(sql: string, params: readonly Param[] = []) =>
      (await outside(() => pool.query(sql, [...params]))).rows as R[],
    batch: (statements) =>
      onClient(async (client) => {
        await client.query("begin");
        try {
          const results: Row[][] = [];
          for (const { sql, params, expectRows } of statements) {
            const { rows } = await client.query(sql, [...params ?? []]);
            if (expectRows !== undefined && rows.length !== expectRows) {
              await client.query("rollback");
              return null;
            }
            results.push(rows);
          }
          await client.query("commit");
          return results;
        } catch (error) {
          await client.query("rollback").catch(() => {});
          throw error;
        }
      }),
    script: (sql) =>
      onClient(async (client) => {
        try {
          await client.query(sql);
        } catch (error) {
          // It may have begun a transaction, which nobody would end.
          await client.query("rollback").catch(() => {});
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
    const { message, code } = cause as Error & { code?: unknown };
    // Codes of the network have other shapes than five letters and digits.
    const sqlState = typeof code === "string" && /^[0-9A-Z]{5}$/.test(code)
      ? code
      : null;
    throw new DbError(`The warehouse failed: ${message}`, sqlState, { cause });
  }
}
