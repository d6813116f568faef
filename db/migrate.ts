import { type Db, DbError } from "./db.ts";
import type { WarehouseExtension } from "./enable_extension.ts";
import { isExpansion, newerSchema, stepsTaken } from "./schema_steps.ts";
import { textArray } from "./sql_values.ts";

const FOLDER = new URL("./migrations/", import.meta.url);

/** A warehouse that was made in another way than it is to be used now. */
export class LayoutMismatchError extends Error {
  override name = "LayoutMismatchError";
}

/** One step of the schema: a file of `migrations/`, run once. */
export interface Migration {
  /** Its path in there, as `0001_schema.sql` or `timescaledb/0001_candles.sql`. */
  readonly name: string;
  readonly sql: string;
}

/**
 * The steps of this program, in their order: those of an extension follow the
 * step of all warehouses that has the same number, while its tables are empty.
 */
export async function loadMigrations(
  extension: WarehouseExtension | null = null,
): Promise<readonly Migration[]> {
  const names = await sqlFiles("");
  if (extension !== null) names.push(...await sqlFiles(`${extension}/`));
  const place = (name: string) =>
    `${/\d{4}/.exec(name)![0]} ${extensionOf([name]) ?? ""} ${name}`;
  names.sort((a, b) => place(a) < place(b) ? -1 : 1);
  return await Promise.all(
    names.map(async (name) => ({
      name,
      sql: await Deno.readTextFile(new URL(name, FOLDER)),
    })),
  );
}

async function sqlFiles(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(new URL(folder, FOLDER))) {
    if (name.endsWith(".sql")) names.push(folder + name);
  }
  return names;
}

/** Whose tables these steps make. */
function extensionOf(names: readonly string[]): string | null {
  const name = names.find((name) => name.includes("/"));
  return name === undefined ? null : name.split("/")[0];
}

const UNIQUE_VIOLATION = "23505";
const UNDEFINED_TABLE = "42P01";

/**
 * Whether a database has taken these steps and no others, so that there is
 * nothing to `migrate()`. One question, where a start is in a hurry.
 */
export async function isMigrated(
  db: Db,
  migrations: readonly Migration[],
): Promise<boolean> {
  try {
    const rows = await db.query<{ name: string }>(
      "select name from migrations",
    );
    const taken = new Set(rows.map(({ name }) => name));
    return taken.size === migrations.length &&
      migrations.every(({ name }) => taken.has(name));
  } catch (error) {
    if (error instanceof DbError && error.code === UNDEFINED_TABLE) {
      return false;
    }
    throw error;
  }
}

/**
 * Brings a database to the newest schema; repeatable, also by several processes
 * at a time.
 *
 * @returns Steps of a newer program that the database has taken, all of which
 * only add to the schema.
 * @throws {MigrationError} If it took another step that this program has not.
 * @throws {LayoutMismatchError} If its tables are of another extension, or of
 * none.
 */
export async function migrate(
  db: Db,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  await db.script(
    `begin;
    select pg_advisory_xact_lock(hashtext('migrations'));
    create table if not exists migrations (
      name text primary key, applied_at timestamptz not null default now());
    commit;`,
  );
  const taken = new Set(await stepsTaken(db));
  if (taken.size > 0) checkLayout([...taken], migrations);
  const known = new Set(migrations.map(({ name }) => name));
  const newer = [...taken.difference(known)];
  if (!newer.every(isExpansion)) {
    throw await newerSchema(db, newer.filter((name) => !isExpansion(name)));
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
  return newer;
}

/** Tables are made in one way and stay so. */
function checkLayout(
  taken: readonly string[],
  migrations: readonly Migration[],
): void {
  const held = extensionOf(taken);
  const wanted = extensionOf(migrations.map(({ name }) => name));
  if (held === wanted) return;
  const told = wanted === null
    ? "without WAREHOUSE_EXTENSION"
    : `as WAREHOUSE_EXTENSION=${wanted}`;
  throw new LayoutMismatchError(
    `Cannot use a warehouse of ${held ?? "plain PostgreSQL"} tables ${told}; ` +
      `${
        held === null ? "leave it out" : `set it to ${held}`
      } or use another ` +
      `database`,
  );
}
