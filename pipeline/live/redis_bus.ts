import { createClient } from "redis";
import type { Log } from "../ports.ts";
import type { LiveLink } from "./live_relay.ts";

/**
 * All live events of a deployment. One channel for every partition is enough
 * until one process cannot read them all; the rest would be `tickhouse:live:p`.
 */
export const LIVE_CHANNEL = "tickhouse:live";

const CONNECT_MS_MAX = 3_000;
/** Nothing heard for so long, pings' answers neither: connect anew. */
const SILENCE_MS_MAX = 4_000;
const PING_EVERY_MS = 1_000;
const RECONNECT_MS_MAX = 1_000;
/** What a subscription that was refused waits for, such as another password. */
const REFUSED_RETRY_MS = 5_000;
const COMMANDS_MAX = 64;

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
  const sender = connect(url, "live events out", log);
  let listener: ReturnType<typeof connect> | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;

  return {
    async send(message) {
      await sender.publish(channel, message);
    },
    listen(onMessage, onListening) {
      const client = listener = connect(url, "live events in", log);
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

/** A client that tells the log when its connection comes and goes. */
function connect(url: string, use: string, log: Log) {
  const client = createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: "disabled",
    commandsQueueMaxLength: COMMANDS_MAX,
    pingInterval: PING_EVERY_MS,
    socket: {
      connectTimeout: CONNECT_MS_MAX,
      socketTimeout: SILENCE_MS_MAX,
      reconnectStrategy: (retries) =>
        Math.min(RECONNECT_MS_MAX, 50 * 2 ** Math.min(retries, 10)) *
        (0.5 + Math.random() / 2),
    },
  });
  let down = false;
  client.on("error", (error) => {
    if (!down) log.warn("Redis is not reached", { use, error: String(error) });
    down = true;
  });
  client.on("ready", () => {
    if (down) log.info("Redis is reached again", { use });
    down = false;
  });
  client.connect().catch(() => {}); // told by "error", or closed meanwhile
  return client;
}
