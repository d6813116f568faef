import type { Db } from "./db.ts";

/**
 * The newest step of this program for all warehouses, for whoever may read no
 * files; it is the last in `migrations/`.
 */
export const NEWEST_STEP = "0021_quarantine_packs.sql";

/** A warehouse with other steps of the schema than this program's. */
export class MigrationError extends Error {
  override name = "MigrationError";
}

/**
 * Whether a step only adds to the schema, and leaves older programs all that
 * they use: its name says so, as that is all they know of it.
 */
export function isExpansion(step: string): boolean {
  return step.endsWith(".expand.sql");
}

/** Names of the steps that a database has taken. */
export async function stepsTaken(db: Db): Promise<readonly string[]> {
  const rows = await db.query<{ name: string }>(
    "select name from migrations order by name",
  );
  return rows.map(({ name }) => name);
}

/** That a database lacks steps which this program needs. */
export async function olderSchema(
  db: Db,
  missing: readonly string[],
  cause?: unknown,
): Promise<MigrationError> {
  return new MigrationError(
    `Cannot use the database ${await nameOf(db)} as its schema is of an ` +
      `older version, without ${missing.join(", ")}: start a process of this ` +
      `version on it, which brings it up to date`,
    { cause },
  );
}

/** That a database has steps after which this program cannot work. */
export async function newerSchema(
  db: Db,
  unknown: readonly string[],
): Promise<MigrationError> {
  return new MigrationError(
    `Cannot use the database ${await nameOf(db)} as its schema is of a newer ` +
      `version, with ${unknown.join(", ")}: start a program that has these ` +
      `steps; one without them can go on only after steps that add, which ` +
      `end in .expand.sql`,
  );
}

async function nameOf(db: Db): Promise<string> {
  const [{ name }] = await db.query("select current_database() as name");
  return JSON.stringify(name);
}
