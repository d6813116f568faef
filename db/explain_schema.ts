import { type Db, DbError } from "./db.ts";
import { loadMigrations, MigrationError } from "./migrate.ts";

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
  const taken = await db.query<{ name: string }>("select name from migrations");
  const missing = (await loadMigrations()).map(({ name }) => name)
    .filter((name) => !taken.some((one) => one.name === name));
  if (missing.length === 0) return error;
  return new MigrationError(
    `Cannot use the database ${JSON.stringify(name)} as its schema is of an ` +
      `older version, without ${missing.join(", ")}: start a process of this ` +
      `version on it, which brings it up to date`,
    { cause: error },
  );
}
