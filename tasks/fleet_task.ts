import { connectPg } from "../db/connect_pg.ts";
import type { Db } from "../db/db.ts";
import { explainSchema } from "../db/explain_schema.ts";
import { type Config, parseConfig } from "../pipeline/config.ts";
import { readSecretFiles } from "../pipeline/secret_files.ts";
import { runTask, type TaskContext, type TaskResult } from "./run_task.ts";

/** A task that gives orders to the processes that share a database. */
export type FleetTask = (
  args: readonly string[],
  config: Pick<Config, "databaseUrl">,
  context: TaskContext,
) => Promise<TaskResult>;

/** Runs it as `runTask()` does, with the settings that processes have. */
export async function runFleetTask(task: FleetTask): Promise<never> {
  return await runTask((args, context) =>
    task(args, parseConfig(readSecretFiles(Deno.env.toObject())), context)
  );
}

/**
 * Works on their database, whose tables they make, and closes it.
 *
 * @throws {MigrationError} If it has not all tables that are needed.
 */
export async function onFleetDatabase<T>(
  url: string,
  work: (db: Db) => Promise<T>,
): Promise<T> {
  const db = connectPg({ url });
  try {
    return await work(db);
  } catch (error) {
    throw await explainSchema(db, error);
  } finally {
    await db.close();
  }
}
