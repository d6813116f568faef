import type { Log, RedisPlaces } from "../ports.ts";
import type { LiveLink, LiveListener } from "./live_relay.ts";
import { type PubSubClient, pubSubClient } from "../redis_client.ts";

/**
 * Groups of channels in a cluster. Those of one group are at one server, which
 * gives all listeners one order; ids of events name a message of each.
 */
const GROUPS = 8;
/** What a subscription that was refused waits for, such as another password. */
const REFUSED_RETRY_MS = 5_000;
/** Where its server is no more the one: unless the map says so before. */
const MOVED_RETRY_MS = 1_000;

/** Channels that are at one server, and the way there. */
interface Group {
  readonly channels: readonly string[];
  url: string;
  sender: PubSubClient;
  listener: PubSubClient | null;
  /** Whether it hears what is sent. */
  hears: boolean;
}

/**
 * A link over Redis pub/sub, with one connection to send and one to listen; in
 * a cluster, with two for each group of partitions, which go where the group
 * goes.
 *
 * It connects when it can and for ever; sending fails at once while it is not
 * connected. Commands used: SPUBLISH, SSUBSCRIBE, PING.
 */
export function redisLiveLink({ places, partitions, log }: {
  readonly places: RedisPlaces;
  readonly partitions: number;
  readonly log: Log;
}): LiveLink {
  const orders = places.clustered ? Math.min(GROUPS, partitions) : 1;
  const channels = Array.from(
    { length: partitions },
    (_, p) => liveChannel(p, places.clustered ? p % orders : null),
  );
  const numbers = new Map(channels.map((channel, p) => [channel, p]));
  let heardBy: LiveListener | null = null;
  const retries = new Set<ReturnType<typeof setTimeout>>();
  const senderAt = (url: string) => pubSubClient(url, "live events out", log);
  const groups = Array.from({ length: orders }, (_, order): Group => {
    const own = channels.filter((_, p) => p % orders === order);
    const url = places.urlOf(own[0]);
    const sender = senderAt(url);
    return { channels: own, url, sender, listener: null, hears: false };
  });

  function listenAt(group: Group, { message }: LiveListener): void {
    const client = group.listener = pubSubClient(
      group.url,
      "live events in",
      log,
    );
    let subscribed = false;
    const subscribe = async () => {
      try {
        // The client subscribes again by itself once it has been let.
        if (!subscribed) {
          await client.sSubscribe(
            [...group.channels],
            (text, channel) => message(text, numbers.get(channel)!),
          );
        }
        subscribed = true;
        if (group.listener !== client) return;
        group.hears = true;
        if (groups.every(({ hears }) => hears)) heardBy?.listening();
      } catch (error) {
        if (!client.isReady) return; // the next connection tries again
        places.doubt();
        log.warn("Cannot listen to live events", { error: String(error) });
        later(REFUSED_RETRY_MS);
      }
    };
    const later = (ms: number) => {
      const retry = setTimeout(() => {
        retries.delete(retry);
        subscribe();
      }, ms);
      retries.add(retry);
    };
    const interrupted = () => {
      if (group.listener !== client) return;
      group.hears = false;
      heardBy?.interrupted();
    };
    client.on("ready", subscribe);
    client.on("error", interrupted);
    client.on("reconnecting", interrupted);
    client.on("sharded-channel-moved", () => {
      subscribed = false;
      interrupted();
      places.doubt();
      later(MOVED_RETRY_MS);
    });
  }

  const stay = places.onMoved(() => {
    for (const group of groups) {
      const url = places.urlOf(group.channels[0]);
      if (url === group.url) continue;
      end(group.sender, group.listener);
      group.url = url;
      group.sender = senderAt(url);
      group.hears = false;
      if (heardBy === null) continue;
      heardBy.interrupted();
      listenAt(group, heardBy);
    }
  });

  return {
    orders,
    async send(p, message) {
      const { sender } = groups[p % orders];
      try {
        await sender.sendCommand(["SPUBLISH", channels[p], message]);
      } catch (error) {
        places.doubt();
        throw error;
      }
    },
    listen(listener) {
      heardBy = listener;
      for (const group of groups) listenAt(group, listener);
    },
    close() {
      stay();
      for (const retry of retries) clearTimeout(retry);
      for (const { sender, listener } of groups) end(sender, listener);
      return Promise.resolve();
    },
  };
}

/**
 * The channel of a partition's live events. In a cluster it lives where the
 * number of its group in braces says, and no other node hears of what goes over
 * it.
 */
function liveChannel(p: number, group: number | null): string {
  return group === null
    ? `tickhouse:live:{${p}}`
    : `tickhouse:live:{${group}}:${p}`;
}

function end(...clients: readonly (PubSubClient | null)[]): void {
  for (const client of clients) if (client?.isOpen) client.destroy();
}
