import type { EmbeddedStores } from "../db/open_embedded.ts";
import type { Ingest } from "../pipeline/feeds/ingest.ts";
import type { Feeds } from "../pipeline/feeds/start_feeds.ts";
import type { RunningSimulator } from "../pipeline/feeds/start_simulator.ts";
import type { Config } from "../pipeline/config.ts";
import {
  type Clock,
  compareEntryIds,
  type EntryId,
} from "../pipeline/ports.ts";
import type { HttpServer } from "../web/serve_http.ts";
import type { Life } from "./life.ts";

/** How long the last entries may take to be committed. */
const DRAIN_MS = 6_000;
const LOOK_EVERY_MS = 20;

/** What runs, to be stopped; what a role left out is `null`. */
export interface Stoppable {
  readonly config: Config;
  readonly clock: Clock;
  readonly stores: EmbeddedStores;
  readonly life: Life;
  readonly ingest: Ingest | null;
  readonly feeds: Feeds | null;
  readonly simulator: RunningSimulator | null;
  readonly server: HttpServer | null;
  /** Newest position committed, by partition. */
  readonly committed: readonly EntryId[];
}

/** Stops reading, commits what was read, acks it, then closes the rest. */
export async function stop(program: Stoppable): Promise<void> {
  const { life, feeds, stores } = program;
  life.stopping = true;
  await program.simulator?.stop();
  await life.stop("feed");
  await feeds?.stopped;
  await life.stop("mark", "forecast", "status", "upkeep", "web");
  await program.server?.close();
  if (program.config.roles.has("aggregate")) await drained(program);
  await life.stop("aggregate");
  program.ingest?.dispose();
  await stores.close();
}

/** Waits until all that is in the buffer is committed, but not for ever. */
async function drained(
  { stores, committed, clock }: Stoppable,
): Promise<void> {
  const deadline = clock.now() + DRAIN_MS * 1_000;
  for (const p of committed.keys()) {
    const newest = await stores.buffer.newest(p);
    while (
      compareEntryIds(committed[p], newest) < 0 &&
      clock.now() < deadline
    ) await clock.sleep(LOOK_EVERY_MS);
  }
}
