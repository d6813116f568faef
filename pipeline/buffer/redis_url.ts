import { BufferUnusableError } from "./buffer_error.ts";

const DEFAULT_PORT = 6379;

export interface RedisUrlParts {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** `host:port` as `--allow-net` wants it. */
  readonly address: string;
  /** Where it leads, for people to read: without the user and password. */
  readonly shown: string;
}

/**
 * What a URL of a Redis says, as `redis://user:password@host:6379/0`.
 *
 * @throws {BufferUnusableError} If it is none; the message has no password.
 */
export function redisUrlParts(text: string): RedisUrlParts {
  const url = URL.parse(text);
  const scheme = url?.protocol;
  if (!url?.hostname || (scheme !== "redis:" && scheme !== "rediss:")) {
    throw new BufferUnusableError(
      "Cannot use REDIS_URL as it must be " +
        "redis://[user:password@]host[:port][/db] or rediss://… for TLS",
    );
  }
  if (!/^(\/\d*)?$/.test(url.pathname)) {
    throw new BufferUnusableError(
      `Cannot use REDIS_URL with the path "${url.pathname}" as it must be ` +
        `the number of a database`,
    );
  }
  const port = Number(url.port || DEFAULT_PORT);
  const address = `${url.hostname}:${port}`;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port,
    tls: scheme === "rediss:",
    address,
    shown: `${scheme}//${address}${url.pathname === "/" ? "" : url.pathname}`,
  };
}
