import type { Log, Presence, RedisPlaces } from "../ports.ts";
import { type PubSubClient, pubSubClient } from "../redis_client.ts";

/** An answer that comes later is none: leases are renewed after it. */
const ANSWER_MS_MAX = 150;
/** In a cluster all meet at the server that has this key's slot. */
const MEETING = "{tickhouse:here}";

/**
 * Sees at once when a process is killed: each listens to a channel of its own,
 * and the kernel closes its connection, by which Redis counts it out.
 *
 * One that is paused or cut off stays there. While this process itself is not
 * counted, as after a Redis that was begun anew or another one of a cluster,
 * nobody is missing. Commands used: SUBSCRIBE, PUBSUB NUMSUB, PING.
 */
export function redisPresence({ places, owner, log }: {
  readonly places: RedisPlaces;
  readonly owner: string;
  readonly log: Log;
}): Presence & { close(): void } {
  let refused = false;
  const refusal = (error: unknown) => {
    if (!refused) {
      log.warn("Redis does not say who is there; leases do, later", {
        error: String(error),
      });
    }
    refused = true;
  };
  const meet = (url: string): Meeting => {
    const here = pubSubClient(url, "that this process is there", log);
    let subscribed = false;
    here.on("ready", async () => {
      try {
        // The client subscribes again by itself once it has been let.
        if (!subscribed) await here.subscribe(channelOf(owner), () => {});
        subscribed = true;
      } catch (error) {
        if (here.isReady) refusal(error);
      }
    });
    return { url, here, asker: pubSubClient(url, "who else is there", log) };
  };
  const leave = ({ here, asker }: Meeting) => {
    for (const client of [here, asker]) if (client.isOpen) client.destroy();
  };
  let meeting = meet(places.urlOf(MEETING));
  const stay = places.onMoved(() => {
    const url = places.urlOf(MEETING);
    if (url === meeting.url) return;
    leave(meeting);
    meeting = meet(url);
  });
  const asked = async (owners: readonly string[]) => {
    const [mine, ...others] = [owner, ...owners].map(channelOf);
    const reply = await meeting.asker.sendCommand<(string | number)[]>(
      ["PUBSUB", "NUMSUB", mine, ...others],
    );
    // Each channel, in the order asked, and how many listen to it.
    const [here, ...there] = reply.filter((_, i) => i % 2 === 1);
    return here === 0 ? [] : owners.filter((_, i) => there[i] === 0);
  };
  return {
    async missing(owners) {
      const { asker } = meeting;
      if (!asker.isReady) return [];
      const late = Promise.withResolvers<readonly string[]>();
      const timer = setTimeout(() => late.resolve([]), ANSWER_MS_MAX);
      try {
        return await Promise.race([asked(owners), late.promise]);
      } catch (error) {
        if (asker.isReady) refusal(error);
        return [];
      } finally {
        clearTimeout(timer);
      }
    },
    close() {
      stay();
      leave(meeting);
    },
  };
}

/** The server where all look for each other. */
interface Meeting {
  readonly url: string;
  readonly here: PubSubClient;
  readonly asker: PubSubClient;
}

function channelOf(owner: string): string {
  return `tickhouse:here:${owner}`;
}
