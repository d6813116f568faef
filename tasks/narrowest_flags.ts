import { redisUrlParts } from "../pipeline/buffer/redis_url.ts";
import type { Config } from "../pipeline/config.ts";
import { fileKeyOf, SECRET_KEYS } from "../pipeline/secret_keys.ts";

/** The settings that are set, as they are in the environment. */
type Given = Readonly<Record<string, string>>;

/** Folders of the project that the running program reads. */
const READ = [
  "node_modules",
  "deno.json",
  "deno.lock",
  "main.ts",
  "markets",
  "routes",
  "islands",
  "components",
  "chart",
  "web",
  "fresh",
  "static",
  "pipeline",
  "program",
  "db",
];

/** So many streams, which are twice the default, keep V8 busy. */
const CROWD = 1_000;

/**
 * Where clouds keep the credentials of a machine. What is denied is looked for
 * at the address that is connected to, so a name that is allowed and leads
 * here, today or from tomorrow on, is refused.
 */
const NEVER = ["169.254.0.0/16", "100.100.100.200", "[fd00:ec2::254]"];

/**
 * Permission flags for one configuration and no other: its own addresses, its
 * own folders, the settings that are set, no run, no ffi, no code from
 * elsewhere or made of texts, and of the system nothing but how much room its
 * disks have.
 *
 * A port of 0 is chosen by the system, so there the host alone is named.
 */
export function narrowestFlags(
  config: Config,
  given: Given,
): readonly string[] {
  const address = (host: string, port: number) => {
    const name = host.includes(":") ? `[${host}]` : host;
    return port === 0 ? name : `${name}:${port}`;
  };
  const net = new Set([address(config.httpHost, config.httpPort)]);
  if (config.opsPort !== null) net.add(address("127.0.0.1", config.opsPort));
  for (const { host, port } of config.feeds) net.add(address(host, port));
  for (const address of storeAddresses(config)) net.add(address);
  for (const url of config.signalWebhooks) {
    const { hostname, port, protocol } = new URL(url);
    net.add(`${hostname}:${port || (protocol === "https:" ? 443 : 80)}`);
  }
  const read = [...READ, config.dataDir];
  if (config.instruments) read.push(config.instruments);
  if (config.feedRules) read.push(config.feedRules);
  return [
    ...common({ net: [...net], read, given, v8: heapFlags(config) }),
    `--allow-write=${quoted(config.dataDir)}`,
    "--allow-sys=statfs",
  ];
}

/** What `deno serve` runs: one file that was built, or the sources. */
export type EdgeEntry = "_build/edge.js" | "edge.ts";

/**
 * The same for pages at a host (`deno serve`): the stores' addresses, no file
 * to write, and none to read where it was built. What it listens on is the
 * host's.
 */
export function edgeFlags(
  config: Config,
  given: Given,
  entry: EdgeEntry,
): readonly string[] {
  const read = entry === "edge.ts" ? [...READ, "edge.ts", "_build"] : [];
  return [
    ...common({ net: storeAddresses(config), read, given }),
    "--deny-write",
    "--deny-sys",
  ];
}

function common({ net, read, given, v8 = [] }: {
  readonly net: readonly string[];
  readonly read: readonly string[];
  readonly given: Given;
  readonly v8?: readonly string[];
}): readonly string[] {
  const keys = Object.keys(given);
  const secrets = SECRET_KEYS.map((key) => given[fileKeyOf(key)])
    .filter((path) => path !== undefined);
  const files = [...read, ...secrets];
  return [
    "--no-prompt",
    "--frozen",
    `--allow-net=${net.join(",")}`,
    `--deny-net=${NEVER.join(",")}`,
    "--ignore-env",
    ...keys.length > 0 ? [`--allow-env=${keys.join(",")}`] : [],
    files.length > 0
      ? `--allow-read=${files.map(quoted).join(",")}`
      : "--deny-read",
    "--deny-run",
    "--deny-ffi",
    "--no-remote",
    `--v8-flags=${
      ["--disallow-code-generation-from-strings", ...v8].join(",")
    }`,
  ];
}

/**
 * A crowd of streams leaves much to collect: V8 would let it be until the heap
 * is four times what is in use. Collecting it sooner costs ticks a second.
 */
function heapFlags({ streamsMax }: Config): readonly string[] {
  return streamsMax > CROWD
    ? ["--initial-old-space-size=64", "--heap-growing-percent=60"]
    : [];
}

/** Where those listen that do not say so. */
const PORTS: Readonly<Record<string, number>> = { "ws:": 80, "wss:": 443 };

function storeAddresses(config: Config): readonly string[] {
  const { redisUrl, databaseUrl, migrationUrl, readUrl, databaseWsUrl } =
    config;
  const postgres = databaseWsUrl === null
    ? [databaseUrl, migrationUrl, readUrl].filter((url) => url !== null)
    : [databaseWsUrl];
  return [
    ...redisUrl === null ? [] : redisUrlParts(redisUrl).addresses,
    ...postgres.map((url) => {
      const { protocol, hostname, port } = new URL(url);
      return `${hostname}:${port || PORTS[protocol] || 5432}`;
    }),
  ];
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
