import { freePort } from "../free_port.ts";
import { findProgram } from "./installed.ts";

/** Room for a machine that does something else as well. */
const START_MS_MAX = 120_000;
/** Debian keeps the programs of each version apart; the newest first. */
const FOLDERS = ["18", "17", "16", "15"].map((version) =>
  `/usr/lib/postgresql/${version}/bin`
);

export const findPostgres = () => findProgram("postgres", FOLDERS);

/** A PostgreSQL of a test's own, on a free port of this machine. */
export interface PostgresServer {
  /** Of its first database, as a superuser. */
  readonly url: string;
  readonly port: number;
  /** Its data folder. */
  readonly dir: string;
  /** Starts it again on the same port with the same files. */
  start(): Promise<void>;
  /** Ends it as a crash would: nothing is written, the next start recovers. */
  crash(): Promise<void>;
  /** SIGSTOP or SIGCONT of the server and all of its processes. */
  signalAll(signal: "SIGSTOP" | "SIGCONT"): Promise<void>;
  /** Makes an empty database; returns its URL. */
  createDatabase(): Promise<string>;
  /** `pg_dump` of a database while it is used; returns the dump's file. */
  dump(database: string): Promise<string>;
  /** Makes a database of a dump; returns its URL. */
  restore(dump: string): Promise<string>;
  /** `pg_basebackup` while it is used, of one that archives. */
  baseBackup(): Promise<BaseBackup>;
  /** Its processes; none while it is not running. */
  pids(): Promise<readonly number[]>;
  /** Runs SQL in a database; returns its output, columns split by `|`. */
  psql(sql: string, database?: string): Promise<string>;
  /** Ends it and removes its files. */
  close(): Promise<void>;
}

/** A copy of a server, and the archive of what it wrote since. */
export interface BaseBackup {
  readonly dir: string;
  readonly archive: string;
}

export interface PostgresOptions {
  /** More settings, as in `{ max_connections: "50" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Keeps all that it writes in an archive. */
  readonly archives?: boolean;
  /** Begins with what another server was, up to the end of its archive. */
  readonly restores?: BaseBackup;
  /** Is a replica of another one, and streams from it. */
  readonly follows?: Pick<PostgresServer, "port">;
}

/**
 * Starts a PostgreSQL that syncs what it commits, as the user `postgres` where
 * these tests run as root, which it refuses.
 */
export async function startPostgres(
  options: PostgresOptions = {},
): Promise<PostgresServer> {
  const program = findPostgres();
  if (program === null) throw new Error("PostgreSQL is not installed");
  const bin = program.replace(/\/postgres$/, "");
  const port = freePort();
  const home = await Deno.makeTempDir({ prefix: "tickhouse-postgres-" });
  const dir = `${home}/data`;
  const asRoot = Deno.uid() === 0;

  async function run(args: readonly string[]): Promise<string> {
    const [first, ...rest] = asRoot
      ? ["runuser", "-u", "postgres", "--", ...args]
      : args;
    const { success, stdout, stderr } = await new Deno.Command(first, {
      args: rest,
      cwd: home,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { LC_ALL: "C", TZ: "UTC" },
    }).output();
    if (success) return new TextDecoder().decode(stdout);
    throw new Error(`${args[0]}: ${new TextDecoder().decode(stderr)}`);
  }

  const where = ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres"];
  const psql = (sql: string, database = "postgres") =>
    run([
      `${bin}/psql`,
      ...where,
      ...["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql],
    ]);

  async function pids(): Promise<number[]> {
    const text = await Deno.readTextFile(`${dir}/postmaster.pid`).catch(() =>
      ""
    );
    const first = Number(text.split("\n")[0]);
    if (!first) return [];
    // Reading /proc needs more permissions than tests have.
    const { stdout } = await new Deno.Command("ps", {
      args: ["--ppid", String(first), "-o", "pid="],
    }).output();
    const children = new TextDecoder().decode(stdout).match(/\d+/g) ?? [];
    return [first, ...children.map(Number)];
  }

  const archive = `${home}/archive`;
  const archiving: Record<string, string> = options.archives
    ? { archive_mode: "on", archive_command: `cp %p ${archive}/%f` }
    : {};
  if (options.restores) {
    archiving.restore_command = `cp ${options.restores.archive}/%f %p`;
  }
  async function start(): Promise<void> {
    const settings = Object.entries({
      port: String(port),
      listen_addresses: "127.0.0.1",
      unix_socket_directories: home,
      ...archiving,
      ...options.settings,
    });
    // The log goes to a file: pg_ctl's child would hold a pipe open.
    await run([
      `${bin}/pg_ctl`,
      ...["start", "-D", dir, "-w", "-t", String(START_MS_MAX / 1_000)],
      ...["-l", `${home}/log`],
      ...[
        "-o",
        settings.map(([key, value]) => `-c ${key}='${value}'`).join(" "),
      ],
    ]).catch(async (error) => {
      const log = await Deno.readTextFile(`${home}/log`).catch(() => "");
      throw new Error(`${error.message}\n${log.slice(-4_000)}`);
    });
  }

  const stop = () =>
    run([`${bin}/pg_ctl`, "stop", "-D", dir, "-m", "immediate", "-w"]).then(
      () => {},
      () => {}, // it was not running
    );

  if (asRoot) {
    await new Deno.Command("chown", { args: ["postgres", home] }).output();
  }
  await run(["mkdir", archive]);
  if (options.follows) {
    await run([
      `${bin}/pg_basebackup`,
      ...["-h", "127.0.0.1", "-p", String(options.follows.port)],
      ...["-U", "postgres", "-D", dir, "-c", "fast", "-R"],
    ]);
  } else if (options.restores) {
    await run(["cp", "-a", options.restores.dir, dir]);
    await run(["touch", `${dir}/recovery.signal`]);
  } else {
    await run([
      `${bin}/initdb`,
      ...["-D", dir, "-U", "postgres", "-A", "trust", "-E", "UTF8"],
      ...["--locale=C", "-N"],
    ]);
  }
  await start();
  // It answers while it still reads the archive.
  const recovers = async () =>
    await psql("select pg_is_in_recovery()") !== "f\n";
  while (options.restores && await recovers()) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  let databases = 0;
  const createDatabase = async () => {
    const name = `test_${++databases}`;
    await psql(`create database ${name}`);
    return `postgres://postgres@127.0.0.1:${port}/${name}`;
  };
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    dir,
    start,
    crash: stop,
    async signalAll(signal) {
      for (const pid of await pids()) {
        try {
          Deno.kill(pid, signal);
        } catch {
          // it ended meanwhile
        }
      }
    },
    createDatabase,
    async dump(database) {
      const file = `${home}/${database}.dump`;
      const args = ["--format=custom", "--no-owner", `--file=${file}`];
      await run([`${bin}/pg_dump`, ...where, ...args, database]);
      return file;
    },
    async restore(dump) {
      const url = await createDatabase();
      const args = ["--no-owner", "--exit-on-error", "--single-transaction"];
      const name = new URL(url).pathname.slice(1);
      await run([`${bin}/pg_restore`, ...where, ...args, "-d", name, dump]);
      return url;
    },
    pids,
    async baseBackup() {
      const copy = `${home}/copy`;
      await run([`${bin}/pg_basebackup`, ...where, "-D", copy, "-c", "fast"]);
      return { dir: copy, archive };
    },
    psql,
    async close() {
      for (const pid of await pids()) {
        try {
          Deno.kill(pid, "SIGCONT");
        } catch {
          // it ended meanwhile
        }
      }
      await stop();
      await Deno.remove(home, { recursive: true }).catch(() => {});
    },
  };
}
