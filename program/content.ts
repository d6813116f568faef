import type { Stores } from "../db/stores.ts";
import type { Config } from "../pipeline/config.ts";
import type { FeedStore, WarehouseContent } from "../pipeline/ports.ts";
import { StartError } from "./start_error.ts";

/** Simulated and real ticks never share a warehouse. */
export async function admitContent(
  stores: Pick<Stores, "feeds">,
  { simulate, dataDir }: Config,
): Promise<WarehouseContent | null> {
  if (!simulate) return await stores.feeds.content();
  const content = await stores.feeds.claimContent("simulated");
  if (content === "simulated") return content;
  throw new StartError(
    `Cannot simulate into ${dataDir} as it holds real ticks: set ` +
      `SIMULATE=off or FEEDS, or another DATA_DIR`,
  );
}

/** The store of the feeds, which tells what the warehouse turns out to hold. */
export function watchingContent(
  store: FeedStore,
  onContent: (content: WarehouseContent) => void,
): FeedStore {
  return {
    loadAck: (feed, epoch) => store.loadAck(feed, epoch),
    saveAcks: (acks) => store.saveAcks(acks),
    committedSeq: (p, key) => store.committedSeq(p, key),
    committed: (keys) => store.committed(keys),
    content: () => store.content(),
    claimContent: async (wanted) => {
      const content = await store.claimContent(wanted);
      onContent(content);
      return content;
    },
  };
}
