import { type Feeds, type FeedsOptions, startFeeds } from "./start_feeds.ts";

/** Feeds that can be left to other processes for a while. */
export interface DrainableFeeds extends Feeds {
  /**
   * Listens and dials no more; connections end when what was read of them is
   * acked. Resolves when they have.
   */
  drain(): Promise<void>;
  /** Listens where it did, and dials again. */
  resume(): void;
}

/**
 * As `startFeeds`.
 *
 * @throws {ListenError} If an address cannot be listened on.
 */
export function drainableFeeds(options: FeedsOptions): DrainableFeeds {
  let drained: AbortController | null = null;
  const start = (endpoints: FeedsOptions["endpoints"]) => {
    drained = new AbortController();
    const signal = AbortSignal.any([options.signal, drained.signal]);
    return startFeeds({ ...options, endpoints, signal });
  };
  let feeds = start(options.endpoints);
  const { listening } = feeds;
  // A port that the system chose stays the same.
  const chosen = options.endpoints.map((endpoint) => {
    if (endpoint.mode !== "listen") return endpoint;
    const at = options.endpoints.filter(({ mode }) => mode === "listen")
      .indexOf(endpoint);
    return { ...endpoint, port: listening[at].port };
  });
  const over = new Promise<void>((resolve) => {
    if (options.signal.aborted) resolve();
    else options.signal.addEventListener("abort", () => resolve());
  });
  return {
    listening,
    stopped: over.then(() => feeds.stopped),
    feedStats: () => feeds.feedStats(),
    connectionStats: () => feeds.connectionStats(),
    endpointStats: () => drained === null ? [] : feeds.endpointStats(),
    async drain() {
      drained?.abort();
      drained = null;
      await feeds.stopped;
    },
    resume() {
      if (drained === null && !options.signal.aborted) feeds = start(chosen);
    },
  };
}
