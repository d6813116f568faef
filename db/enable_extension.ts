import { PostgresUnusableError } from "./check_postgres.ts";
import { type Db, DbError } from "./db.ts";

/** What may divide the tables of the warehouse, or spread them over machines. */
export type WarehouseExtension = "citus" | "timescaledb";

/** The oldest that will do, as major and minor number. */
const VERSION_MIN: Readonly<Record<WarehouseExtension, readonly number[]>> = {
  // The first for every PostgreSQL that we take.
  citus: [13, 0],
  // First with `by_range()`, and with continuous aggregates on what is older.
  timescaledb: [2, 13],
};

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
  const [{ version }] = await owner.query<{ version: string }>(
    "select extversion as version from pg_extension where extname = $1",
    [extension],
  );
  const [major, minor] = version.split(".").map(Number);
  const [majorMin, minorMin] = VERSION_MIN[extension];
  if (major < majorMin || (major === majorMin && minor < minorMin)) {
    throw cannot(
      `as it must be ${VERSION_MIN[extension].join(".")} or newer, not ` +
        version,
    );
  }
  const why = await UNUSABLE[extension](owner);
  if (why !== null) throw cannot(why);
}

/** What else must be so on the server; `null` if it is. */
const UNUSABLE: Readonly<
  Record<WarehouseExtension, (owner: Db) => Promise<string | null>>
> = {
  async citus(owner) {
    // Without its library, distributed tables would look empty.
    const [{ loaded }] = await owner.query<{ loaded: boolean }>(
      "select current_setting('citus.shard_count', true) is not null as loaded",
    );
    if (!loaded) {
      return "as shared_preload_libraries must have citus on the server";
    }
    const [{ coordinates }] = await owner.query<{ coordinates: boolean }>(
      "select groupid = 0 as coordinates from pg_dist_local_group",
    );
    return coordinates
      ? null
      : "as the database must be that of the coordinator, not of a worker";
  },
  async timescaledb(owner) {
    const [{ license }] = await owner.query<{ license: string | null }>(
      "select current_setting('timescaledb.license', true) as license",
    );
    // Its part under the Apache licence has no continuous aggregates.
    return license === "timescale"
      ? null
      : "as timescaledb.license must be timescale on the server";
  },
};
