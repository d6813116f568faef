import type { EpochMicros } from "../domain/time.ts";
import type { Clock, Log } from "../ports.ts";
import { OpenConnections } from "./connection_limits.ts";
import type { FeedGuard } from "./feed_guard.ts";
import type { ConnectionStats, FeedStats } from "./feed_stats.ts";
import type { Ingest } from "./ingest.ts";
import type {
  FeedEndpoint,
  SocketEndpoint,
  VenueName,
} from "../domain/feed_endpoint.ts";
import { type DialerOptions, runDialer } from "./run_dialer.ts";
import {
  type FeedListener,
  hostPort,
  startListener,
  tcpConnection,
} from "./run_listener.ts";
import { VENUES } from "./venues/venues.ts";
import { connectWebSocket } from "./websocket_connection.ts";

export interface FeedsOptions {
  readonly endpoints: readonly FeedEndpoint[];
  readonly ingest: Ingest;
  /** Whom listeners let in; everybody if absent. */
  readonly guard?: FeedGuard;
  readonly connectionsMax?: number;
  readonly perAddressMax?: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Stops reading and drains. */
  readonly signal: AbortSignal;
  /** How long draining may take. */
  readonly drainMs?: number;
}

/** One way in, as it is now. */
export interface EndpointStats {
  /** Such as `listen://127.0.0.1:9101` or `tcp://feed.example:7000`. */
  readonly url: string;
  readonly format: SocketEndpoint["format"] | VenueName;
  /** A listener always listens; a source that we dial may be away. */
  readonly state: "listening" | "connected" | "away";
  /** Since when it is so. */
  readonly since: EpochMicros;
  /** Why the last attempt to connect failed, while it is away. */
  readonly error: string | null;
}

/** All ways in, running. */
export interface Feeds {
  /** Where it listens, with the ports that were chosen, in the order given. */
  readonly listening: readonly (SocketEndpoint & { readonly url: string })[];
  /** Resolves when all connections are drained and closed. */
  readonly stopped: Promise<void>;
  feedStats(): readonly FeedStats[];
  connectionStats(): readonly ConnectionStats[];
  endpointStats(): readonly EndpointStats[];
}

/** A source that we dial, and whether it is there. */
interface Dialled {
  readonly endpoint: FeedEndpoint;
  stats: (() => ConnectionStats) | null;
  since: EpochMicros;
  error: string | null;
}

const CONNECTIONS_MAX = 64;
const PER_ADDRESS_MAX = 4;
const DRAIN_MS = 5_000;

/**
 * Opens every endpoint: listeners at once, dialled ones in the background.
 *
 * @throws {ListenError} If an address cannot be listened on.
 */
export function startFeeds(options: FeedsOptions): Feeds {
  const { endpoints, ingest, guard, clock, log, drainMs = DRAIN_MS } = options;
  const connections = new OpenConnections({
    connectionsMax: options.connectionsMax ?? CONNECTIONS_MAX,
    perAddressMax: options.perAddressMax ?? PER_ADDRESS_MAX,
  });
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const shared = { ingest, guard, clock, log, signal, drainMs };
  const listeners: { endpoint: SocketEndpoint; listener: FeedListener }[] = [];
  try {
    for (const endpoint of endpoints) {
      if (endpoint.mode !== "listen") continue;
      const { host: hostname, port, format } = endpoint;
      const listener = startListener({
        ...shared,
        hostname,
        port,
        format,
        connections,
      });
      listeners.push({ endpoint, listener });
    }
  } catch (error) {
    stop.abort();
    throw error;
  }
  const startedAt = clock.now();
  const dialled = endpoints.filter(({ mode }) => mode !== "listen").map(
    (endpoint): Dialled => ({
      endpoint,
      stats: null,
      since: startedAt,
      error: null,
    }),
  );
  const dialers = dialled.map(
    (dial) =>
      runDialer({
        ...shared,
        // We chose whom to call, so the other end need not prove itself.
        guard: undefined,
        ...wayTo(dial.endpoint, clock),
        onStats: (stats) => {
          if ((stats === null) !== (dial.stats === null)) {
            dial.since = clock.now();
          }
          dial.stats = stats;
          if (stats) dial.error = null;
        },
        onFailed: (error) => dial.error = error,
      }),
  );
  const running = [...listeners.map(({ listener }) => listener.stopped)];
  return {
    listening: listeners.map(({ endpoint, listener }) => ({
      ...endpoint,
      port: listener.port,
      url: `listen://${listener.address}`,
    })),
    stopped: Promise.all([...running, ...dialers]).then(() => {}),
    feedStats: () => ingest.stats(),
    connectionStats: () => [
      ...connections.stats(),
      ...dialled.flatMap(({ stats }) => stats ? [stats()] : []),
    ],
    endpointStats: () => [
      ...listeners.map(({ endpoint, listener }): EndpointStats => ({
        url: `listen://${listener.address}`,
        format: endpoint.format,
        state: "listening",
        since: startedAt,
        error: null,
      })),
      ...dialled.map(({ endpoint, stats, since, error }): EndpointStats => ({
        url: shownUrl(endpoint),
        format: endpoint.mode === "websocket"
          ? endpoint.venue
          : endpoint.format,
        state: stats === null ? "away" : "connected",
        since,
        error,
      })),
    ],
  };
}

/** Where it is, without what may be secret. */
export function shownUrl({ mode, host, port }: FeedEndpoint): string {
  const scheme = mode === "websocket" ? "ws" : mode;
  return `${scheme}://${hostPort(host, port)}`;
}

/** How a source is dialled, and what it is called. */
function wayTo(
  endpoint: FeedEndpoint,
  clock: Clock,
): Pick<DialerOptions, "connect" | "peer" | "format"> {
  const { host: hostname, port } = endpoint;
  const peer = hostPort(hostname, port);
  if (endpoint.mode !== "websocket") {
    return {
      peer,
      format: endpoint.format,
      connect: async (signal) =>
        tcpConnection(await Deno.connect({ hostname, port, signal })),
    };
  }
  const { url, venue, symbols } = endpoint;
  return {
    peer: `${venue}@${peer}`,
    format: "ndjson",
    connect: (signal) =>
      connectWebSocket({ url, venue: VENUES[venue](symbols), clock }, signal),
  };
}
