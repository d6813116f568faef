import type { Db } from "./db.ts";

const VERSION_MIN = 15;

/** The server cannot be used as it is; the message says what to change. */
export class PostgresUnusableError extends Error {
  override name = "PostgresUnusableError";
}

/**
 * Whether a server may hold the warehouse, as it is set.
 *
 * @returns What is worth a warning in the log.
 * @throws {PostgresUnusableError} If it is too old, or not in UTF-8.
 */
export async function checkPostgres(db: Db): Promise<readonly string[]> {
  const [row] = await db.query<{
    version: number;
    encoding: string;
    fsync: string;
    synchronous_commit: string;
  }>(
    `select current_setting('server_version_num')::int / 10000 as version,
      current_setting('server_encoding') as encoding,
      current_setting('fsync') as fsync,
      current_setting('synchronous_commit') as synchronous_commit`,
  );
  if (row.version < VERSION_MIN) {
    throw new PostgresUnusableError(
      `Cannot use PostgreSQL ${row.version} as it must be ${VERSION_MIN} or ` +
        `newer`,
    );
  }
  if (row.encoding !== "UTF8") {
    throw new PostgresUnusableError(
      `Cannot use a database in ${row.encoding} as it must be in UTF8`,
    );
  }
  const warnings: string[] = [];
  for (const name of ["fsync", "synchronous_commit"] as const) {
    if (row[name] !== "off") continue;
    warnings.push(
      `PostgreSQL may lose its last commits in a crash as ${name} is off: ` +
        `set it to on, since feeds forget what is committed`,
    );
  }
  return warnings;
}
