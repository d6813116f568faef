import { PostgresUnusableError } from "../db/check_postgres.ts";
import { DbError } from "../db/db.ts";
import { LayoutMismatchError } from "../db/migrate.ts";
import { MigrationError } from "../db/schema_steps.ts";
import { ServerDownError } from "../db/until_up.ts";
import { BufferUnusableError } from "../pipeline/buffer/buffer_error.ts";

/** Refused: who asks, for which database, or what they may do there. */
const REFUSED = /^(28|3D|42501)/;

/** Whether a store is there and cannot be used as it is, which it says. */
export function unusable(error: unknown): error is Error {
  return error instanceof LayoutMismatchError ||
    error instanceof PostgresUnusableError ||
    error instanceof MigrationError ||
    error instanceof ServerDownError ||
    error instanceof BufferUnusableError ||
    (error instanceof DbError && REFUSED.test(error.code ?? ""));
}
