import type { Log } from "../ports.ts";
import type { LiveLink } from "./live_relay.ts";
import { type LiveClient, liveClient } from "./redis_client.ts";

/**
 * The channel of a partition's live events. In a cluster it lives where its
 * number in braces says, and no other node hears of what goes over it.
 */
export function liveChannel(p: number): string {
  return `tickhouse:live:{${p}}`;
}

/** What a subscription that was refused waits for, such as another password. */
const REFUSED_RETRY_MS = 5_000;

/**
 * A link over Redis pub/sub, with one connection to send and one to listen.
 *
 * It connects when it can and for ever; sending fails at once while it is not
 * connected. Commands used: SPUBLISH, SSUBSCRIBE, PING.
 */
export function redisLiveLink(options: {
  readonly url: string;
  readonly partitions: number;
  readonly log: Log;
}): LiveLink {
  const { url, partitions, log } = options;
  const channels = Array.from({ length: partitions }, (_, p) => liveChannel(p));
  const numbers = new Map(channels.map((channel, p) => [channel, p]));
  const sender = liveClient(url, "live events out", log);
  let listener: LiveClient | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;

  return {
    async send(p, message) {
      await sender.sPublish(channels[p], message);
    },
    listen({ message, listening, interrupted }) {
      const client = listener = liveClient(url, "live events in", log);
      let subscribed = false;
      const subscribe = async () => {
        clearTimeout(retry);
        try {
          // The client subscribes again by itself once it has been let.
          if (!subscribed) {
            await client.sSubscribe(
              channels,
              (text, channel) => message(text, numbers.get(channel)!),
            );
          }
          subscribed = true;
          listening();
        } catch (error) {
          if (!client.isReady) return; // the next connection tries again
          log.warn("Cannot listen to live events", { error: String(error) });
          retry = setTimeout(subscribe, REFUSED_RETRY_MS);
        }
      };
      client.on("ready", subscribe);
      client.on("error", interrupted);
      client.on("reconnecting", interrupted);
    },
    close() {
      clearTimeout(retry);
      for (const client of [sender, listener]) {
        if (client?.isOpen) client.destroy();
      }
      return Promise.resolve();
    },
  };
}
