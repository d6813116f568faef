import { freePort } from "../free_port.ts";
import { findProgram } from "./installed.ts";

/** Room for a machine that does something else as well. */
const START_MS_MAX = 60_000;
const POLL_MS = 20;

export const findPgbouncer = () => findProgram("pgbouncer", ["/usr/sbin"]);

/** A PgBouncer of a test's own, in transaction mode. */
export interface PgbouncerServer {
  readonly port: number;
  /** Ends it and removes its files. */
  close(): Promise<void>;
}

/**
 * Starts a PgBouncer before all databases of a PostgreSQL of this machine, as
 * the user `postgres` where these tests run as root, which it refuses.
 */
export async function startPgbouncer(
  postgresPort: number,
  { address = "127.0.0.1", poolSize = 3 }: {
    readonly address?: string;
    readonly poolSize?: number;
  } = {},
): Promise<PgbouncerServer> {
  const program = findPgbouncer();
  if (program === null) throw new Error("PgBouncer is not installed");
  const port = freePort();
  const dir = await Deno.makeTempDir({ prefix: "tickhouse-pgbouncer-" });
  const config = `${dir}/pgbouncer.ini`;
  await Deno.writeTextFile(
    config,
    `[databases]
* = host=127.0.0.1 port=${postgresPort} user=postgres
[pgbouncer]
listen_addr = ${address}
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${poolSize}
server_login_retry = 1
logfile = ${dir}/log
`,
  );
  const user = Deno.uid() === 0 ? await idsOf("postgres") : {};
  if (user.uid !== undefined) {
    for (const path of [dir, config]) await Deno.chown(path, user.uid, null);
  }
  const child = new Deno.Command(program, {
    args: [config],
    cwd: dir,
    ...user,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();

  async function close(): Promise<void> {
    try {
      child.kill("SIGKILL");
    } catch {
      // it has ended by itself
    }
    await child.status;
    await Deno.remove(dir, { recursive: true });
  }

  let ended = false;
  child.status.then(() => ended = true);
  const deadline = Date.now() + START_MS_MAX;
  while (!await listens(address, port)) {
    if (ended || Date.now() > deadline) {
      const log = await Deno.readTextFile(`${dir}/log`).catch(() => "");
      await close();
      throw new Error(`PgBouncer does not listen\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { port, close };
}

async function idsOf(
  user: string,
): Promise<{ readonly uid?: number; readonly gid?: number }> {
  const ask = async (flag: string) => {
    const { stdout } = await new Deno.Command("id", { args: [flag, user] })
      .output();
    return Number(new TextDecoder().decode(stdout));
  };
  return { uid: await ask("-u"), gid: await ask("-g") };
}

async function listens(hostname: string, port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname, port })).close();
    return true;
  } catch {
    return false;
  }
}
