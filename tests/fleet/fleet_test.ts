/** The small fleet of `deno task fleet`, on hosts that it makes itself. */
import assert from "node:assert/strict";
import { serverTest } from "../harness/servers/installed.ts";
import { findPgbouncer } from "../harness/servers/pgbouncer_server.ts";
import { findPostgres } from "../harness/servers/postgres_server.ts";
import { findRedis } from "../harness/servers/redis_server.ts";
import { asRoot, findIp } from "./hosts.ts";

serverTest(
  "three hosts lose a process, a Redis primary and the network, and no tick",
  {
    "redis-server": findRedis,
    PostgreSQL: findPostgres,
    PgBouncer: findPgbouncer,
    "iproute2, for root,": asRoot(findIp),
  },
  async () => {
    const { success, stdout, stderr } = await new Deno.Command(
      Deno.execPath(),
      {
        // Its own permissions: tests may not reach other hosts.
        args: [
          ...["run", "--no-prompt", "--allow-net", "--allow-read"],
          ...["--allow-write", "--allow-env", "--allow-run", "--allow-sys"],
          ...["tasks/fleet.ts", "--small", "--rate", "3000", "--viewers", "12"],
        ],
        cwd: new URL("../../", import.meta.url),
        stdin: "null",
      },
    ).output();
    const [said, report] = [stderr, stdout].map((bytes) =>
      new TextDecoder().decode(bytes)
    );
    console.log(said);
    assert(success, said);
    const { difference, wrong, streams, viewers } = JSON.parse(report);
    assert.deepEqual([difference, wrong], [0, 0]);
    assert(streams > viewers, "viewers went from one process to another");
  },
);
