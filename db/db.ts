/** A value bound to a statement; arrays go as literals (`sql_values.ts`). */
export type Param = string | number | boolean | null;

export type Row = Record<string, unknown>;

export interface Statement {
  readonly sql: string;
  readonly params?: readonly Param[];
  /** The batch is undone unless the statement returns exactly so many rows. */
  readonly expectRows?: number;
}

export interface BatchOptions {
  /**
   * These statements come again and again, of a small number of texts: a server
   * may keep a plan of each, made once for whatever parameters.
   */
  readonly keepPlans?: boolean;
  /**
   * Others may be in the same transaction: no statement has `expectRows`, and
   * none is bound to what goes before or after it. It waits for them for so
   * many milliseconds at most.
   */
  readonly shares?: { readonly ms: number; readonly signal?: AbortSignal };
}

/**
 * A database, whichever program serves it.
 *
 * Whole numbers and times are cast in SQL (`::float8`, `to_micros`), decimals
 * to text, since drivers read `int8`, `numeric` and `timestamptz` differently.
 */
export interface Db {
  query<R extends Row>(
    sql: string,
    params?: readonly Param[],
  ): Promise<readonly R[]>;
  /**
   * Runs statements in one transaction, with nothing between them.
   *
   * @returns Rows of each, or `null` if one returned other than `expectRows`:
   * then nothing was written.
   */
  batch(
    statements: readonly Statement[],
    options?: BatchOptions,
  ): Promise<readonly (readonly Row[])[] | null>;
  /** Runs a script of several statements, which has no parameters. */
  script(sql: string): Promise<void>;
  close(): Promise<void>;
}

/** The database refused a statement, or does not answer. */
export class DbError extends Error {
  override name = "DbError";

  constructor(
    message: string,
    /** SQLSTATE, where the database gave one. */
    readonly code: string | null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What the files of one embedded database are, and how to keep them. */
export interface EmbeddedDb extends Db {
  /** Writes everything to disk and waits until it is there. */
  sync(): Promise<void>;
}
