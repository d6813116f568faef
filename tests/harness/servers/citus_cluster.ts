import { findProgram } from "./installed.ts";
import {
  findPostgres,
  type PostgresServer,
  startPostgres,
} from "./postgres_server.ts";

/** Citus for the PostgreSQL that tests start, or `null` if it has none. */
export function findCitus(): string | null {
  const bin = findPostgres()?.replace(/\/postgres$/, "");
  if (bin === undefined) return null;
  // Debian's place, and that of an installation of its own.
  return findProgram("citus.control", [
    `${bin.replace("/lib/", "/share/").replace(/\/bin$/, "")}/extension`,
    `${bin}/../share/extension`,
    `${bin}/../share/postgresql/extension`,
  ]);
}

/** A coordinator and its workers, on free ports of this machine. */
export interface CitusCluster {
  readonly coordinator: PostgresServer;
  readonly workers: readonly PostgresServer[];
  /** Makes an empty database on all of them; returns the coordinator's URL. */
  createDatabase(): Promise<string>;
  /** Ends all of them and removes their files. */
  close(): Promise<void>;
}

/** Starts the servers of a cluster; one without workers is the coordinator. */
export async function startCitus(
  { workers: count }: { readonly workers: number },
): Promise<CitusCluster> {
  const settings = {
    shared_preload_libraries: "citus",
    // It would tell its makers that it was started.
    "citus.enable_statistics_collection": "off",
  };
  const started = await Promise.allSettled(
    Array.from({ length: 1 + count }, () => startPostgres({ settings })),
  );
  const servers = started.flatMap((one) =>
    one.status === "fulfilled" ? [one.value] : []
  );
  const close = async () => {
    await Promise.all(servers.map((server) => server.close()));
  };
  for (const one of started) {
    if (one.status === "fulfilled") continue;
    await close();
    throw one.reason;
  }
  const [coordinator, ...workers] = servers;

  async function createDatabase(): Promise<string> {
    let url = "";
    // Each numbers its databases alike.
    for (const server of [...workers, coordinator]) {
      url = await server.createDatabase();
      const name = new URL(url).pathname.slice(1);
      await server.psql("create extension citus", name);
    }
    const name = new URL(url).pathname.slice(1);
    const nodes = workers.map(({ port }) =>
      `select citus_add_node('127.0.0.1', ${port})`
    );
    const here =
      `select citus_set_coordinator_host('127.0.0.1', ${coordinator.port})`;
    await coordinator.psql([here, ...nodes].join(";"), name);
    return url;
  }
  return { coordinator, workers, createDatabase, close };
}
