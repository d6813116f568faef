import { BufferUnusableError } from "./buffer_error.ts";

const DEFAULT_PORT = 6379;

export interface RedisUrlParts {
  /** `host:port` of each server named, as `--allow-net` wants it. */
  readonly addresses: readonly string[];
  readonly tls: boolean;
  /** Where it leads, for people to read: without the user and password. */
  readonly shown: string;
  /** The URL of one server, with the user, password and database of this. */
  urlAt(address: string): string;
}

/**
 * What a URL of Redis says, as `redis://user:password@host:6379/0`, or with
 * several servers of one cluster, as `redis://user:password@a:6379,b:6379`.
 *
 * @throws {BufferUnusableError} If it is none; the message has no password.
 */
export function redisUrlParts(text: string): RedisUrlParts {
  const [, scheme, user = "", hosts, path = ""] =
    /^(rediss?:)\/\/(?:([^/]*)@)?([^/@?#]+)([/?#].*)?$/i.exec(text) ?? [];
  const urls = (hosts ?? "").split(",").map((host) =>
    URL.parse(`${scheme}//${user}${user && "@"}${host.trim()}`)
  );
  if (!urls.every((url) => url !== null && url.hostname !== "")) {
    throw new BufferUnusableError(
      "Cannot use REDIS_URL as it must be " +
        "redis://[user:password@]host[:port][/db], with several hosts of a " +
        "cluster as host:port,host:port, or rediss://… for TLS",
    );
  }
  if (!/^(\/\d*)?$/.test(path)) {
    throw new BufferUnusableError(
      "Cannot use REDIS_URL as what follows the host must be the number of " +
        "a database",
    );
  }
  const addresses = urls.map((url) =>
    `${url!.hostname}:${url!.port || DEFAULT_PORT}`
  );
  const at = `${scheme.toLowerCase()}//`;
  const behind = path === "/" ? "" : path;
  return {
    addresses,
    tls: at === "rediss://",
    shown: `${at}${addresses.join(",")}${behind}`,
    urlAt: (address) => `${at}${user}${user && "@"}${address}${behind}`,
  };
}
