import { type Db, DbError } from "./db.ts";
import { loadMigrations } from "./migrate.ts";
import { MigrationError, olderSchema, stepsTaken } from "./schema_steps.ts";

/** A statement names a table, a column or a function that is not there. */
const UNDEFINED = /^42(P01|703|883)$/;

/**
 * What a statement failed for, in words for a person, if others have not brought
 * the schema to that of this program; any other error is given back as it is.
 *
 * For whoever works on a warehouse without making its tables.
 */
export async function explainSchema(db: Db, error: unknown): Promise<unknown> {
  const isUndefined = error instanceof DbError &&
    UNDEFINED.test(error.code ?? "");
  if (!isUndefined) return error;
  const [{ name, made }] = await db.query<{ name: string; made: boolean }>(
    `select current_database() as name,
      to_regclass('migrations') is not null as made`,
  );
  if (!made) {
    return new MigrationError(
      `Cannot use the database ${
        JSON.stringify(name)
      } as it has no tables of ` +
        `a warehouse: check its name, or start the program on it, which makes ` +
        `them`,
      { cause: error },
    );
  }
  const taken = await stepsTaken(db);
  const missing = (await loadMigrations()).map(({ name }) => name)
    .filter((name) => !taken.includes(name));
  return missing.length === 0 ? error : await olderSchema(db, missing, error);
}
