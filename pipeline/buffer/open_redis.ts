import type { RedisPlaces } from "../ports.ts";
import { BufferError, BufferUnusableError } from "./buffer_error.ts";
import {
  askClusterMap,
  type ClusterOptions,
  RedisCluster,
} from "./redis_cluster.ts";
import type { RedisCommands } from "./redis_commands.ts";
import { RedisConnection } from "./redis_connection.ts";
import { redisUrlParts } from "./redis_url.ts";

/** Until the next server is tried as well. */
const NEXT_MS = 200;

export interface OpenRedis {
  readonly commands: RedisCommands;
  readonly places: RedisPlaces;
}

/**
 * Connects to the Redis of a URL, which says itself whether it is a cluster.
 *
 * @throws {BufferError} If it does not answer within 10 s.
 * @throws {BufferUnusableError} If the URL, user or password are wrong, or if
 *   there are several servers and no cluster.
 */
export async function openRedis(options: ClusterOptions): Promise<OpenRedis> {
  const { url } = options;
  const { addresses, shown, urlAt } = redisUrlParts(url);
  const first = await firstOf(options, addresses.map(urlAt));
  try {
    const map = await askClusterMap(first);
    if (map !== null) {
      const cluster = await RedisCluster.open(options, first, map);
      return { commands: cluster, places: cluster };
    }
    if (addresses.length > 1) {
      throw new BufferUnusableError(
        `Cannot use the servers at ${shown} together as they are no Redis ` +
          `Cluster, or the user may not ask for CLUSTER SLOTS: name one, or ` +
          `allow that`,
      );
    }
    return { commands: first, places: onePlace(url) };
  } catch (error) {
    await first.close();
    throw error;
  }
}

/** Whichever answers first; the others are closed again, or not even opened. */
async function firstOf(
  options: ClusterOptions,
  urls: readonly string[],
): Promise<RedisConnection> {
  const { clock } = options;
  const found = new AbortController();
  const opening = urls.map(async (url, i) => {
    await clock.sleep(i * NEXT_MS, found.signal);
    if (found.signal.aborted) throw new BufferError("Another one answered");
    return await RedisConnection.open({ ...options, url });
  });
  try {
    const first = await Promise.any(opening);
    found.abort();
    for (const one of opening) {
      one.then(async (other) => {
        if (other !== first) await other.close();
      }).catch(() => {});
    }
    return first;
  } catch (error) {
    const { errors } = error as AggregateError;
    const unusable = errors.find((one) => one instanceof BufferUnusableError);
    throw unusable ?? errors[0];
  }
}

/** Of a Redis that is no cluster. */
export function onePlace(url: string): RedisPlaces {
  return {
    clustered: false,
    urlOf: () => url,
    onMoved: () => () => {},
    doubt() {},
  };
}
