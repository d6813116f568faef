import type { Log } from "../ports.ts";
import type { LiveLink } from "./live_relay.ts";
import { type LiveClient, liveClient } from "./redis_client.ts";

/**
 * All live events of a deployment. One channel for every partition is enough
 * until one process cannot read them all; the rest would be `tickhouse:live:p`.
 */
export const LIVE_CHANNEL = "tickhouse:live";

/** What a subscription that was refused waits for, such as another password. */
const REFUSED_RETRY_MS = 5_000;

/**
 * A link over Redis pub/sub, with one connection to send and one to listen.
 *
 * It connects when it can and for ever; sending fails at once while it is not
 * connected. Commands used: PUBLISH, SUBSCRIBE, PING.
 */
export function redisLiveLink(options: {
  readonly url: string;
  readonly log: Log;
  readonly channel?: string;
}): LiveLink {
  const { url, log, channel = LIVE_CHANNEL } = options;
  const sender = liveClient(url, "live events out", log);
  let listener: LiveClient | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;

  return {
    async send(message) {
      await sender.publish(channel, message);
    },
    listen(onMessage, onListening) {
      const client = listener = liveClient(url, "live events in", log);
      let subscribed = false;
      const subscribe = async () => {
        clearTimeout(retry);
        try {
          // The client subscribes again by itself once it has been let.
          if (!subscribed) await client.subscribe(channel, onMessage);
          subscribed = true;
          onListening();
        } catch (error) {
          if (!client.isReady) return; // the next connection tries again
          log.warn("Cannot listen to live events", { error: String(error) });
          retry = setTimeout(subscribe, REFUSED_RETRY_MS);
        }
      };
      client.on("ready", subscribe);
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
