import { freePorts } from "../free_port.ts";
import { findProgram } from "./installed.ts";

/** Room for a machine that does something else as well. */
const START_MS_MAX = 60_000;

export const findRedis = () => findProgram("redis-server");

export interface RedisOptions {
  /** More lines of its configuration, as `["maxmemory", "8mb"]`. */
  readonly config?: readonly (readonly [string, string])[];
  /** Runs the server under another program, such as `strace` with its options. */
  readonly under?: readonly string[];
  /** Where it keeps its files; a folder of its own if absent. */
  readonly dir?: string;
  /** Takes TLS at one port more, `tlsPort`. */
  readonly tls?: TlsFiles;
  /** Its address; that of this machine alone if absent. */
  readonly host?: string;
  /** Where it listens, and for TLS; free ports if absent. */
  readonly ports?: readonly [number, number];
}

/** Files in PEM. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A Redis of a test's own, on a free port of this machine. */
export interface RedisServer {
  /** As in `redis://127.0.0.1:41233`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly tlsPort: number | null;
  readonly dir: string;
  /** Starts it again on the same port with the same files. */
  start(): Promise<void>;
  /** SIGKILL, and the end of the process. */
  kill(): Promise<void>;
  signal(signal: Deno.Signal): void;
  /** Removes its files: to be done while it is not running. */
  wipe(): Promise<void>;
  /** Ends it and removes its files. */
  close(): Promise<void>;
}

/** Starts a Redis that syncs every write and evicts nothing. */
export async function startRedis(
  options: RedisOptions = {},
): Promise<RedisServer> {
  const program = findRedis();
  if (program === null) throw new Error("redis-server is not installed");
  const { host = "127.0.0.1" } = options;
  const [port, secondPort] = options.ports ?? freePorts(2);
  const dir = options.dir ??
    await Deno.makeTempDir({ prefix: "tickhouse-redis-" });
  const tlsPort = options.tls ? secondPort : null;
  const settings: readonly (readonly [string, string])[] = [
    ["port", String(port)],
    ["bind", host],
    ["protected-mode", "no"],
    ["dir", dir],
    ["save", ""],
    ["appendonly", "yes"],
    ["appendfsync", "always"],
    ["maxmemory-policy", "noeviction"],
    ["daemonize", "no"],
    ...options.tls
      ? [
        ["tls-port", String(tlsPort)] as const,
        ["tls-ca-cert-file", options.tls.ca] as const,
        ["tls-cert-file", options.tls.cert] as const,
        ["tls-key-file", options.tls.key] as const,
        ["tls-auth-clients", "no"] as const,
        ["tls-cluster", "yes"] as const,
        ["tls-replication", "yes"] as const,
      ]
      : [],
    ...options.config ?? [],
  ];
  let child: Deno.ChildProcess | null = null;
  /** Under another program the server is a child of that one. */
  let serverPid = 0;

  async function start(): Promise<void> {
    const [first, ...rest] = [
      ...options.under ?? [],
      program!,
      ...settings.flatMap(([name, value]) => [`--${name}`, value]),
    ];
    const started = child = new Deno.Command(first, {
      args: rest,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    let ended = false;
    started.status.then(() => ended = true);
    const deadline = Date.now() + START_MS_MAX;
    while (await ask(host, port, "PING") !== "+PONG") {
      if (ended) throw new Error("redis-server ended before it answered");
      if (Date.now() > deadline) {
        throw new Error("redis-server does not answer");
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const info = await ask(host, port, "INFO server") ?? "";
    serverPid = Number(/process_id:(\d+)/.exec(info)?.[1] ?? started.pid);
  }

  async function kill(): Promise<void> {
    if (child === null) return;
    const gone = child;
    child = null;
    for (const pid of [serverPid, gone.pid]) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // it has ended by itself, or with the other one
      }
    }
    await gone.status;
  }

  const server: RedisServer = {
    url: `redis://${host}:${port}`,
    host,
    port,
    tlsPort,
    dir,
    start,
    kill,
    signal(signal) {
      if (child !== null) Deno.kill(serverPid, signal);
    },
    async wipe() {
      for await (const { name } of Deno.readDir(dir)) {
        await Deno.remove(`${dir}/${name}`, { recursive: true });
      }
    },
    async close() {
      await kill();
      await Deno.remove(dir, { recursive: true }).catch(() => {});
    },
  };
  await start();
  return server;
}

/** The first bytes of an answer; `null` if the server gives none. */
async function ask(
  hostname: string,
  port: number,
  command: string,
): Promise<string | null> {
  try {
    using connection = await Deno.connect({ hostname, port });
    await connection.write(new TextEncoder().encode(`${command}\r\n`));
    const into = new Uint8Array(4096);
    const n = await connection.read(into);
    return n === null
      ? null
      : new TextDecoder().decode(into.subarray(0, n)).trim();
  } catch {
    return null;
  }
}
