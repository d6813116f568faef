import { BufferUnusableError } from "./buffer_error.ts";
import type { RedisNode } from "./redis_commands.ts";
import type { RedisReply } from "./redis_session.ts";

const VERSION_MIN = 7;

/** What the checks ask for, as far as the server tells it. */
interface Facts {
  /** As "7.0.15"; `null` if it may not be asked. */
  readonly version: string | null;
  /** By name; one that may not be asked is absent. */
  readonly settings: ReadonlyMap<string, string>;
}

/**
 * As `checkRedis`, of every server of a cluster, or of the only one.
 *
 * @returns What is worth a warning in the log; each once, with the servers.
 * @throws {BufferUnusableError} If one of them may not hold the buffer.
 */
export async function checkNodes(
  nodes: readonly RedisNode[],
): Promise<readonly string[]> {
  const found = new Map<string, string[]>();
  for (const node of nodes) {
    for (const warning of await checkNode(node)) {
      found.set(warning, [...found.get(warning) ?? [], node.shown]);
    }
  }
  return [...found].map(([warning, at]) =>
    at.length === nodes.length ? warning : `${warning} (${at.join(", ")})`
  );
}

async function checkNode(node: RedisNode): Promise<readonly string[]> {
  if (!node.connected) {
    return ["A server of the Redis Cluster was away and could not be checked"];
  }
  try {
    return await checkRedis((args) => node.call(args));
  } catch (error) {
    if (!(error instanceof BufferUnusableError)) throw error;
    throw new BufferUnusableError(`${error.message} (${node.shown})`, {
      cause: error,
    });
  }
}

/**
 * Whether a server may hold the buffer, as it is set.
 *
 * @returns What is worth a warning in the log.
 * @throws {BufferUnusableError} If it would drop entries by itself, or is too
 *   old.
 */
export async function checkRedis(
  call: (args: readonly string[]) => Promise<RedisReply>,
): Promise<readonly string[]> {
  const ask = (args: readonly string[]) =>
    call(args).catch((error: Error) => {
      // managed servers allow neither of them
      if (/NOPERM|unknown command|unknown subcommand/i.test(error.message)) {
        return null;
      }
      throw error;
    });
  const info = await ask(["INFO", "server"]);
  const version = /redis_version:(\S+)/.exec(String(info ?? ""))?.[1] ?? null;
  checkVersion(version);
  const config = await ask(["CONFIG", "GET", "maxmemory*", "append*"]);
  const settings = new Map<string, string>();
  if (Array.isArray(config)) {
    for (let i = 0; i + 1 < config.length; i += 2) {
      settings.set(String(config[i]), String(config[i + 1]));
    }
  }
  return judge({ version, settings });
}

function checkVersion(version: string | null): void {
  if (version === null || Number.parseInt(version) >= VERSION_MIN) return;
  throw new BufferUnusableError(
    `Cannot use Redis ${version} as it must be ${VERSION_MIN} or newer`,
  );
}

/** As `checkRedis`, of what the server told. */
export function judge({ version, settings }: Facts): readonly string[] {
  checkVersion(version);
  const warnings: string[] = [];
  if (version === null) {
    warnings.push(
      `The version of Redis could not be checked: it must be ${VERSION_MIN} ` +
        `or newer`,
    );
  }
  const policy = settings.get("maxmemory-policy");
  if (policy === undefined) {
    warnings.push(
      "The settings of Redis could not be checked: maxmemory-policy must be " +
        "noeviction, and appendonly yes is advised",
    );
    return warnings;
  }
  if (policy !== "noeviction" && settings.get("maxmemory") !== "0") {
    throw new BufferUnusableError(
      `Cannot use Redis with maxmemory-policy ${policy} as it drops ticks ` +
        `that are not in the warehouse: set it to noeviction`,
    );
  }
  if (settings.get("appendonly") !== "yes") {
    warnings.push(
      "Redis keeps nothing over a restart as appendonly is off: nothing that " +
        "was acked is lost, but feeds that are not acked lose what was buffered",
    );
  } else if (settings.get("appendfsync") !== "always") {
    warnings.push(
      `Redis may lose its last writes with the machine as appendfsync is ` +
        `${settings.get("appendfsync")}: nothing that was acked is lost, but ` +
        `feeds that are not acked lose what was buffered`,
    );
  }
  return warnings;
}
