import { PostgresUnusableError } from "./check_postgres.ts";
import { type Db, DbError } from "./db.ts";

/** What may divide the tables of the warehouse in place of PostgreSQL. */
export type WarehouseExtension = "timescaledb";

/** First with `by_range()`, and with continuous aggregates on what is older. */
const TIMESCALE_MIN = [2, 13];

/**
 * Makes sure that a database has the extension that its tables are to use.
 *
 * @param owner The database as the role that changes its schema.
 * @throws {PostgresUnusableError} If the server does not have it, or the role
 * may not create it; the message says what to do.
 */
export async function enableExtension(
  owner: Db,
  extension: WarehouseExtension,
): Promise<void> {
  const cannot = (why: string) =>
    new PostgresUnusableError(
      `Cannot use WAREHOUSE_EXTENSION=${extension} ${why}`,
    );
  const [{ available, created }] = await owner.query<{
    available: boolean;
    created: boolean;
  }>(
    `select
      exists (select from pg_available_extensions where name = $1) as available,
      exists (select from pg_extension where extname = $1) as created`,
    [extension],
  );
  if (!available) {
    throw cannot("as the server must have the extension installed");
  }
  if (!created) {
    await owner.query(`create extension if not exists ${extension}`)
      .catch((error) => {
        if (!(error instanceof DbError)) throw error;
        throw cannot(
          `as "create extension ${extension}" must work in the database, or ` +
            `have been run there by a superuser: ${error.message}`,
        );
      });
  }
  const [{ version, license }] = await owner.query<{
    version: string;
    license: string | null;
  }>(
    `select extversion as version,
      current_setting('timescaledb.license', true) as license
    from pg_extension where extname = $1`,
    [extension],
  );
  const [major, minor] = version.split(".").map(Number);
  const [majorMin, minorMin] = TIMESCALE_MIN;
  if (major < majorMin || (major === majorMin && minor < minorMin)) {
    throw cannot(
      `as it must be ${TIMESCALE_MIN.join(".")} or newer, not ${version}`,
    );
  }
  // Its part under the Apache licence has no continuous aggregates.
  if (license !== "timescale") {
    throw cannot("as timescaledb.license must be timescale on the server");
  }
}
