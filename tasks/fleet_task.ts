import { connectPg } from "../db/connect_pg.ts";
import type { Db } from "../db/db.ts";
import { explainSchema } from "../db/explain_schema.ts";
import { type Config, parseConfig } from "../pipeline/config.ts";
import { readSecretFiles } from "../pipeline/secret_files.ts";
import { runTask, type TaskContext, type TaskResult } from "./run_task.ts";

/** Where the database is that processes share. */
export type FleetConfig =
  & Pick<Config, "databaseUrl">
  & Partial<Pick<Config, "databaseWsUrl">>;

/** A task that gives orders to the processes that share a database. */
export type FleetTask = (
  args: readonly string[],
  config: FleetConfig,
  context: TaskContext,
) => Promise<TaskResult>;

/** Runs it as `runTask()` does, with the settings that processes have. */
export async function runFleetTask(task: FleetTask): Promise<never> {
  return await runTask((args, context) =>
    task(args, parseConfig(readSecretFiles(Deno.env.toObject())), context)
  );
}

/**
 * Works on their database, whose tables they make, and closes it. It is reached
 * as they reach it, be it through a relay.
 *
 * @throws {MigrationError} If it has not all tables that are needed.
 */
export async function onFleetDatabase<T>(
  url: string,
  { databaseWsUrl: relay }: FleetConfig,
  work: (db: Db) => Promise<T>,
): Promise<T> {
  const db = connectPg({ url, relay });
  try {
    return await work(db);
  } catch (error) {
    throw await explainSchema(db, error);
  } finally {
    await db.close();
  }
}
