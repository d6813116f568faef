import { redisUrlParts } from "../pipeline/buffer/redis_url.ts";
import type { Config } from "../pipeline/config.ts";
import type { WarehouseContent } from "../pipeline/ports.ts";

export function bufferPlace({ redisUrl, dataDir }: Config): string {
  return redisUrl === null
    ? `SQLite in ${dataDir}/buffer.sqlite`
    : `Redis at ${redisUrlParts(redisUrl).addresses.join(", ")}`;
}

export function warehousePlace({ databaseUrl, dataDir }: Config): string {
  return databaseUrl === null
    ? `PGlite in ${dataDir}/warehouse`
    : postgresPlace(databaseUrl);
}

/** What is read in place of the warehouse, if anything is. */
export function replicaPlace({ readUrl }: Config): string | null {
  return readUrl === null ? null : postgresPlace(readUrl);
}

function postgresPlace(url: string): string {
  const { host, pathname } = new URL(url);
  return `PostgreSQL at ${host}${pathname}`;
}

/** What to tell a person who started the program. */
export function greeting(
  { config, http, content }: {
    readonly config: Config;
    /** Where the dashboard is, if it is here. */
    readonly http: string | null;
    readonly content: WarehouseContent | null;
  },
): readonly string[] {
  const lines = ["Tickhouse"];
  if (http) lines.push(`  dashboard  ${http}`);
  lines.push(`  ticks      ${bufferPlace(config)}`);
  lines.push(`  candles    ${warehousePlace(config)}`);
  if (config.simulate) {
    lines.push(
      `  feed       SIMULATED prices, seed ${config.simulateSeed}; set FEEDS ` +
        `and another DATA_DIR for real ones`,
    );
  } else if (content === "simulated") {
    lines.push(
      `  feed       this warehouse holds SIMULATED ticks and refuses real ` +
        `ones; set another DATA_DIR for those`,
    );
  }
  return lines;
}
