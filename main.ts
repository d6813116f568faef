/**
 * Builds, starts and stops everything; alone reads the environment. Importing
 * it starts nothing: it gives the web application, `app`.
 */
import { openAhead } from "./db/open_ahead.ts";
import { type Config, parseConfig } from "./pipeline/config.ts";
import { readSecretFiles } from "./pipeline/secret_files.ts";

const config = import.meta.main
  ? Promise.try(() => parseConfig(readSecretFiles(Deno.env.toObject())))
  : null;
const ahead = config?.then(openWarehouse);
// Its thread is at work before this one loads the rest; what failed, run() says.
await Promise.allSettled([ahead]);

const program = await import("./program/run_program.ts");

export const { app } = program;

if (config) await program.run({ http: "own", config, ahead });

async function openWarehouse({ databaseUrl, dataDir }: Config) {
  return databaseUrl === null ? await openAhead(dataDir, new Date()) : null;
}
