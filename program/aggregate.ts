import type { OpenStores } from "../db/open_stores.ts";
import type { TickArchiver } from "../pipeline/archive/tick_archiver.ts";
import { SharedOwnership } from "../pipeline/candles/ownership.ts";
import {
  AGGREGATOR_DEFAULTS,
  type AggregatorEvents,
  runAggregator,
} from "../pipeline/candles/run_aggregator.ts";
import type { WaitSketch } from "../pipeline/domain/wait_sketch.ts";
import type { Catalog } from "../pipeline/catalog.ts";
import type { Config } from "../pipeline/config.ts";
import type { Clock, Log, Presence } from "../pipeline/ports.ts";
import type { Life } from "./life.ts";

/** Share of the budget from which ticks are kept for less. */
const TRIM_FROM = 0.7;
/** Memory is dearer than disk, and servers need no checkpoint for a trim. */
const SHARED_TRIM_MS = 60_000;
/** What waits at a start is applied by code that is not compiled yet. */
const FIRST_SHARE = 1 / 16;
/** The embedded warehouse does one thing at a time: pages wait for a commit. */
const SMALL_TURNS = {
  turnMsMax: 250,
  rejectsMax: 256,
  furtherMinutesMax: 256,
  rollUpLimit: 50,
};

/**
 * Runs the loop of every partition; where other processes share them, each
 * works while this process owns it.
 *
 * @returns Which are owned; `null` if all are, always.
 */
export function aggregate(
  {
    config,
    stores,
    presence,
    onGone,
    catalog,
    archiver,
    owner,
    clock,
    log,
    life,
    events,
    waits,
  }: {
    readonly config: Config;
    readonly stores: OpenStores;
    /** Of stores that other processes share. */
    readonly presence?: Presence;
    /** Called once for each of the other processes that is gone. */
    readonly onGone?: () => void;
    readonly catalog: Catalog;
    readonly archiver: TickArchiver | null;
    readonly owner: string;
    readonly clock: Clock;
    readonly log: Log;
    readonly life: Life;
    readonly events: AggregatorEvents;
    /** From a tick's place in the buffer to its candle's in the warehouse. */
    readonly waits: WaitSketch;
  },
): SharedOwnership | null {
  const ownership = stores.shared
    ? shareOwnership({
      config,
      stores,
      presence,
      onGone,
      owner,
      clock,
      log,
      life,
    })
    : null;
  life.run(
    "aggregate",
    (signal) =>
      stores.layout.forEach(signal, (p) =>
        runAggregator({
          p,
          owner,
          ownership: ownership ?? undefined,
          buffer: stores.buffer,
          store: stores.aggregate,
          catalog,
          clock,
          log,
          archive: archiver
            ? (through, incarnation) =>
              archiver.keepThrough(p, through, incarnation)
            : undefined,
          settings: {
            book: {
              ...AGGREGATOR_DEFAULTS.book,
              latenessMs: config.latenessMs,
              graceMs: config.graceHours * 3_600_000,
            },
            firstShare: FIRST_SHARE,
            retentionMs: config.bufferKeepMinutes * 60_000,
            bufferBytesMax: TRIM_FROM * bufferBytes(config),
            ...stores.shared ? { trimEveryMs: SHARED_TRIM_MS } : SMALL_TURNS,
          },
          events,
          waits,
        }, signal)),
  );
  if (archiver) life.run("archive", (signal) => archiver.run(signal));
  return ownership;
}

/** Divides the partitions among the processes that share the stores. */
function shareOwnership(
  { config, stores, presence, onGone, owner, clock, log, life }: {
    readonly config: Config;
    readonly stores: OpenStores;
    readonly presence?: Presence;
    readonly onGone?: () => void;
    readonly owner: string;
    readonly clock: Clock;
    readonly log: Log;
    readonly life: Life;
  },
): SharedOwnership {
  const { leaseMs } = config;
  const ownership = new SharedOwnership({
    owner,
    layout: stores.layout,
    leaseMs,
    leases: stores.leases,
    presence,
    onGone,
    clock,
    log,
  });
  life.run("leases", (signal) => ownership.run(signal));
  return ownership;
}

export function bufferBytes({ bufferMaxMb }: Config): number {
  return bufferMaxMb * 1_048_576;
}
