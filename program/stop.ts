import type { OpenStores } from "../db/open_stores.ts";
import type { Ingest } from "../pipeline/feeds/ingest.ts";
import type { Feeds } from "../pipeline/feeds/start_feeds.ts";
import type { Config } from "../pipeline/config.ts";
import {
  type Clock,
  compareEntryIds,
  type EntryId,
} from "../pipeline/ports.ts";
import type { HttpServer } from "../web/serve_http.ts";
import type { Life } from "./life.ts";

/** From the beginning of the stop: what was read is in the buffer. */
const APPENDED_BY_MS = 5_500;
/** From the beginning of the stop: what is in the buffer is committed. */
const COMMITTED_BY_MS = 7_500;
const LOOK_EVERY_MS = 20;

/** What runs, to be stopped; what a role left out is `null`. */
export interface Stoppable {
  readonly config: Config;
  readonly clock: Clock;
  readonly stores: OpenStores;
  readonly life: Life;
  readonly ingest: Ingest | null;
  readonly feeds: Feeds | null;
  readonly servers: readonly HttpServer[];
  /** As whom it holds leases. */
  readonly owner: string;
  /** Newest position committed, by partition. */
  readonly committed: readonly EntryId[];
}

/** Every part there may be, in the order in which they stop. */
export const PARTS = [
  ...["simulator", "layout", "nodes", "feed", "mark", "watch"],
  ...["forecast", "webhooks"],
  ...["status", "others"],
  ...["upkeep", "archive", "aggregate", "leases", "presence", "relay"],
  ...["web"],
];

/**
 * Stops reading, commits what was read, acks it, then closes the rest. Whoever
 * asks how the program does is told, until all is committed.
 */
export async function stop(program: Stoppable): Promise<void> {
  const { life, feeds, stores, owner, clock } = program;
  const startedAtMs = clock.steadyMs();
  life.stopping = true;
  await life.stop("simulator", "layout", "nodes", "feed");
  await feeds?.stopped;
  await appended(program, startedAtMs);
  await life.stop("mark", "forecast", "webhooks", "status", "others");
  await life.stop("upkeep", "archive");
  // Other processes go on with what is in a stream that they share.
  const drains = program.config.roles.has("aggregate") && !stores.shared;
  if (drains) await drained(program, startedAtMs);
  await life.stop("aggregate", "leases", "presence", "watch", "relay", "web");
  await Promise.all(program.servers.map((server) => server.close()));
  program.ingest?.dispose();
  if (stores.shared) {
    await stores.leases.leave(owner).catch(() => {});
    await stores.nodes.leave(owner).catch(() => {});
  }
  await stores.close();
}

/** Waits until all that was read is in the buffer, but not for ever. */
async function appended(
  { ingest, clock }: Stoppable,
  startedAtMs: number,
): Promise<void> {
  if (!ingest) return;
  const left = APPENDED_BY_MS - (clock.steadyMs() - startedAtMs);
  const done = new AbortController();
  const deadline = new AbortController();
  const late = clock.sleep(left, done.signal).then(() => deadline.abort());
  await ingest.whenAppended(deadline.signal);
  done.abort();
  await late;
}

/** Waits until all that is in the buffer is committed, but not for ever. */
async function drained(
  { stores, committed, clock }: Stoppable,
  startedAtMs: number,
): Promise<void> {
  const deadlineMs = startedAtMs + COMMITTED_BY_MS;
  for (const p of committed.keys()) {
    const newest = await stores.buffer.newest(p);
    while (
      compareEntryIds(committed[p], newest) < 0 &&
      clock.steadyMs() < deadlineMs
    ) await clock.sleep(LOOK_EVERY_MS);
  }
}
