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

/** Partitions whose channels are at one server, and the way there. */
interface Group {
  /** One of the channels: the others are where it is. */
  readonly channel: string;
  /** Partitions that are to be heard. */
  readonly wanted: Set<number>;
  url: string;
  sender: PubSubClient;
  ears: Ears | null;
}

/** A connection that listens. */
interface Ears {
  /** Partitions that the listener knows to be heard. */
  readonly heard: Set<number>;
  /** Some that are wanted have come or gone. */
  follow(): void;
  leave(): void;
}

/**
 * A link over Redis pub/sub, with one connection to send and one to listen; in
 * a cluster, with two for each group of partitions, which go where the group
 * goes. The server sends what goes to the partitions that are wanted.
 *
 * It connects when it can and for ever; sending fails at once while it is not
 * connected. Commands used: SPUBLISH, SSUBSCRIBE, SUNSUBSCRIBE, PING.
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
  const senderAt = (url: string) => pubSubClient(url, "live events out", log);
  const groups = Array.from({ length: orders }, (_, order): Group => {
    const channel = channels[order];
    const url = places.urlOf(channel);
    const sender = senderAt(url);
    return { channel, wanted: new Set(), url, sender, ears: null };
  });
  const groupOf = (p: number) => groups[p % orders];

  function earsAt({ url, wanted }: Group, heardBy: LiveListener): Ears {
    const client = pubSubClient(url, "live events in", log);
    /** The client subscribes to these again by itself. */
    const subscribed = new Set<number>();
    const heard = new Set<number>();
    let following = false;
    let left = false;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const hear = (text: string, channel: string) => {
      const p = numbers.get(channel)!;
      if (!left && wanted.has(p)) heardBy.message(text, p);
    };
    /** One step towards what is wanted; false if there is none to do. */
    const step = async () => {
      const more = [...wanted].filter((p) => !subscribed.has(p));
      if (more.length > 0) {
        await client.sSubscribe(more.map((p) => channels[p]), hear);
        for (const p of more) subscribed.add(p);
        return true;
      }
      const less = [...subscribed].filter((p) => !wanted.has(p));
      if (less.length > 0) {
        await client.sUnsubscribe(less.map((p) => channels[p]));
        for (const p of less) subscribed.delete(p);
      }
      return less.length > 0;
    };
    const tell = () => {
      const now = [...subscribed].filter((p) => wanted.has(p) && !heard.has(p));
      if (left || now.length === 0) return;
      for (const p of now) heard.add(p);
      heardBy.listening(now);
    };
    const follow = async () => {
      if (following || left || !client.isReady) return;
      following = true;
      try {
        do tell(); while (await step());
      } catch (error) {
        if (!client.isReady) return; // the next connection tries again
        places.doubt();
        log.warn("Cannot listen to live events", { error: String(error) });
        followIn(REFUSED_RETRY_MS);
      } finally {
        following = false;
      }
    };
    const followIn = (ms: number) => {
      clearTimeout(retry);
      retry = setTimeout(follow, ms);
    };
    const interrupted = (partitions: readonly number[] = [...heard]) => {
      const lost = partitions.filter((p) => heard.delete(p));
      if (lost.length > 0) heardBy.interrupted(lost);
    };
    client.on("ready", () => {
      interrupted();
      follow();
    });
    client.on("error", () => interrupted());
    client.on("reconnecting", () => interrupted());
    client.on("sharded-channel-moved", (channel) => {
      const p = numbers.get(String(channel))!;
      subscribed.delete(p);
      interrupted([p]);
      places.doubt();
      followIn(MOVED_RETRY_MS);
    });
    return {
      heard,
      follow,
      leave() {
        interrupted();
        left = true;
        clearTimeout(retry);
        end(client);
      },
    };
  }

  const stay = places.onMoved(() => {
    for (const group of groups) {
      const url = places.urlOf(group.channel);
      if (url === group.url) continue;
      end(group.sender);
      group.ears?.leave();
      group.url = url;
      group.sender = senderAt(url);
      if (heardBy !== null) group.ears = earsAt(group, heardBy);
    }
  });

  return {
    orders,
    async send(p, message) {
      const { sender } = groupOf(p);
      try {
        await sender.sendCommand(["SPUBLISH", channels[p], message]);
      } catch (error) {
        places.doubt();
        throw error;
      }
    },
    listen(listener) {
      heardBy = listener;
      for (const group of groups) group.ears = earsAt(group, listener);
    },
    want(partitions) {
      for (const p of partitions) groupOf(p).wanted.add(p);
      for (const group of new Set(partitions.map(groupOf))) {
        group.ears?.follow();
      }
    },
    drop(partitions) {
      for (const p of partitions) {
        groupOf(p).wanted.delete(p);
        groupOf(p).ears?.heard.delete(p);
      }
      for (const group of new Set(partitions.map(groupOf))) {
        group.ears?.follow();
      }
    },
    close() {
      stay();
      for (const { sender, ears } of groups) {
        end(sender);
        ears?.leave();
      }
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

function end(client: PubSubClient): void {
  if (client.isOpen) client.destroy();
}
