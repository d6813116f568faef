import { type Db, DbError } from "./db.ts";
import { textArray } from "./sql_values.ts";

const FOLDER = new URL("./migrations/", import.meta.url);

/** A step of the schema that was changed after a warehouse took it. */
export class MigrationError extends Error {
  override name = "MigrationError";
}

/** One step of the schema: a file of `migrations/`, run once. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** The steps of this program, in their order. */
export async function loadMigrations(): Promise<readonly Migration[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(FOLDER)) {
    if (name.endsWith(".sql")) names.push(name);
  }
  return await Promise.all(
    names.sort().map(async (name) => ({
      name,
      sql: await Deno.readTextFile(new URL(name, FOLDER)),
    })),
  );
}

const UNIQUE_VIOLATION = "23505";

/**
 * Brings a database to the newest schema; repeatable, also by several processes
 * at a time.
 *
 * @throws {MigrationError} If the database took a step that this program does
 * not have: it belongs to a newer one.
 */
export async function migrate(
  db: Db,
  migrations: readonly Migration[],
): Promise<void> {
  await db.script(
    `begin;
    select pg_advisory_xact_lock(hashtext('migrations'));
    create table if not exists migrations (
      name text primary key, applied_at timestamptz not null default now());
    commit;`,
  );
  const rows = await db.query<{ name: string }>(
    "select name from migrations order by name",
  );
  const taken = new Set(rows.map(({ name }) => name));
  for (const name of taken) {
    if (!migrations.some((migration) => migration.name === name)) {
      throw new MigrationError(
        `Cannot use a warehouse with the migration ${name} as this program ` +
          `must have all of its migrations`,
      );
    }
  }
  for (const { name, sql } of migrations) {
    if (taken.has(name)) continue;
    // One script is one transaction: a step is taken whole or not at all. Who
    // names it second waits for the first, and is refused then.
    await db.script(
      `begin;\ninsert into migrations (name) ` +
        `select unnest('${textArray([name])}'::text[]);\n${sql}\ncommit;`,
    ).catch((error) => {
      const taken = error instanceof DbError && error.code === UNIQUE_VIOLATION;
      if (!taken) throw error;
    });
  }
}
