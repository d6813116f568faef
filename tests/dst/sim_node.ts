import { alwaysOpen } from "../../pipeline/calendars/always_open.ts";
import { CLEAN_DEFAULTS } from "../../pipeline/candles/clean.ts";
import { SharedOwnership } from "../../pipeline/candles/ownership.ts";
import { runAggregator } from "../../pipeline/candles/run_aggregator.ts";
import { Catalog } from "../../pipeline/catalog.ts";
import { Ingest } from "../../pipeline/feeds/ingest.ts";
import { runCommitWatch } from "../../pipeline/feeds/run_commit_watch.ts";
import { appendStart, runMarks } from "../../pipeline/feeds/run_marks.ts";
import { BEFORE_FIRST, type EntryId, type Log } from "../../pipeline/ports.ts";
import { PartitionLayout } from "../../pipeline/domain/partition_layout.ts";
import { followLayout } from "../../program/follow_layout.ts";
import { followOthers } from "../../program/follow_others.ts";
import { simBuffer, type SimStreams } from "./sim_buffer.ts";
import type { SimProcess } from "./sim_process.ts";
import { LEASE_MS, simStore, type SimWarehouse } from "./sim_store.ts";

export interface SimNodeOptions {
  readonly process: SimProcess;
  /** Differs for each start of a process with this name. */
  readonly boot: number;
  readonly streams: SimStreams;
  readonly warehouse: SimWarehouse;
  /** Other processes share the buffer and the warehouse. */
  readonly shared: boolean;
  readonly note: (what: string) => void;
  /** It takes connections from now on. */
  readonly onListening: (ingest: Ingest) => void;
  readonly onBug: (error: unknown) => void;
}

/** Starts what a process is made of, wired as the program wires it. */
export function startNode(options: SimNodeOptions): void {
  const { process, boot, streams, warehouse, shared } = options;
  const layout = new PartitionLayout(warehouse.first);
  layout.become(warehouse.divisions);
  const node = process.name;
  const owner = shared ? `${node}/${boot}` : node;
  const clock = process.clock();
  const buffer = simBuffer(streams, process, () => layout.now.tag);
  const stores = simStore(warehouse, process, layout);
  const say = (message: string, fields?: unknown) =>
    options.note(`${node} ${message} ${JSON.stringify(fields)}`);
  const log: Log = { info: say, warn: say, error: say };
  const { signal } = new AbortController();
  const run = (work: Promise<unknown>) => void work.catch(options.onBug);

  const catalog = new Catalog(
    stores.instruments,
    new Map([["24x7", alwaysOpen()]]),
    { autoRegister: true },
  );
  const ingest = new Ingest({
    buffer,
    store: stores.feeds,
    catalog,
    clean: CLEAN_DEFAULTS,
    layout,
    node,
    clock,
    log,
    settings: { windowBytes: 4_096 },
  });
  const ownership = shared
    ? new SharedOwnership({
      owner,
      layout,
      leaseMs: LEASE_MS,
      leases: stores.leases,
      presence: process,
      clock,
      log,
    })
    : undefined;
  if (ownership) {
    const committed: EntryId[] = Array(layout.partitions).fill(BEFORE_FIRST);
    run(ownership.run(signal));
    run(followOthers(
      {
        stores: { feeds: stores.feeds, buffer },
        catalog,
        committed,
        clock,
        log,
      },
      signal,
    ));
  }
  run(layout.forEach(signal, (p) =>
    runAggregator({
      p,
      owner,
      ownership,
      buffer,
      store: stores.aggregate,
      catalog,
      clock,
      log,
      settings: {
        trimEveryMs: 500,
        retentionMs: 0,
        paceMsMin: 100,
        // Small reads, so that there is more to join.
        batchEntriesMax: 8,
        joinCandlesMin: 2,
        joinReadsMax: 4,
      },
      random: Math.random,
      events: {
        onCommitted: (p, position, news) =>
          ingest.onCommitted(p, { position, ...news }),
        onRolledUp: () => {},
      },
    }, signal)));
  run(followLayout({
    layout,
    store: stores.layouts,
    buffer,
    owner,
    leases: stores.leases,
    ingest,
    divides: true,
    retentionMs: 0,
    clock,
    log,
  }, signal));
  const around = { buffer, layout, clock, log, signal };
  run(runCommitWatch({ ...around, ingest, store: stores.feeds }));
  run((async () => {
    await appendStart({ ...around, node });
    options.onListening(ingest);
    await runMarks({ ...around, node });
  })());
}
