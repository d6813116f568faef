import { RedisClient } from "redis";
import type { Log } from "./ports.ts";

const CONNECT_MS_MAX = 3_000;
/** Nothing heard for so long, pings' answers neither: connect anew. */
const SILENCE_MS_MAX = 4_000;
const PING_EVERY_MS = 1_000;
const RECONNECT_MS_MAX = 1_000;
const COMMANDS_MAX = 64;

export type PubSubClient = ReturnType<typeof pubSubClient>;

/**
 * A client of what is sent and forgotten, which tells the log when its
 * connection comes and goes: it connects when it can and for ever, and fails
 * at once while it is not connected. It has no methods for commands, which
 * would be made for each kind of client anew: there is `sendCommand`.
 */
export function pubSubClient(
  url: string,
  use: string,
  log: Log,
  commandsMax = COMMANDS_MAX,
) {
  const client = new RedisClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: "disabled",
    commandsQueueMaxLength: commandsMax,
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
