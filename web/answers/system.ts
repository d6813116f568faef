import { z } from "zod";
import { REPLICA_FAULTS } from "../../pipeline/domain/replica_fault.ts";
import { VENUE_NAMES } from "../../pipeline/domain/feed_endpoint.ts";
import { amount, count, counts, seqs, time } from "./fields.ts";

const waits = z.strictObject({
  n: count,
  p50: amount,
  p99: amount,
  max: amount,
}).nullable().describe(
  "Milliseconds, of the last half to one minute",
);

const store = {
  name: z.string().describe("What people call it, such as Redis"),
  place: z.string().describe("Such as Redis at 127.0.0.1:6379"),
  up: z.boolean(),
  down_since: time.nullable().describe(
    "Since when it does not answer, as far as this process knows",
  ),
};

/** Answer of `/api/system`: parts that could not be read are `null`. */
export const systemAnswer = z.strictObject({
  at: time,
  node: z.string(),
  roles: z.array(z.string()),
  started_at: time,
  simulated: z.boolean(),
  ready: z.boolean(),
  reasons: z.array(z.string()).describe(
    "What keeps the program from its work, and what becomes of the data",
  ),
  warnings: z.array(z.string()).describe("What else a person should know"),
  feeds: z.strictObject({
    endpoints: z.array(z.strictObject({
      url: z.string(),
      format: z.enum(["ndjson", "csv", ...VENUE_NAMES]),
      state: z.enum(["listening", "connected", "away"]),
      since: time,
      error: z.string().nullable(),
    })),
    feeds: z.array(z.strictObject({
      feed: z.string(),
      epoch: count,
      delivery: z.enum(["acked", "best_effort"]),
      replay: z.boolean(),
      connections: count,
      peers: z.array(z.string()).describe("The other ends, as host:port"),
      per_second: amount.describe("Lines, over the last ten seconds"),
      received: count,
      accepted: count,
      duplicates: count,
      rejected: count,
      acked_seq: count.nullable(),
      missing: count,
      resends: count,
      lost: count,
      uncommitted_bytes: count,
      paused: z.boolean(),
      ended: z.boolean(),
      away_since: time.nullable().describe(
        "When its last connection went, unless it had ended",
      ),
      trouble: z.string().nullable(),
      last_received: time.nullable(),
    })),
    per_second: amount,
    connections: count,
  }).nullable(),
  instruments: z.strictObject({
    live: count,
    quiet: count,
    stale: count,
    down: count,
    closed: count,
  }),
  waits: z.strictObject({
    tick_to_buffered: waits.describe(
      "From the first line of a batch to its place in the buffer",
    ),
    buffered_to_committed: waits,
    tick_to_committed: waits.describe(
      "From the first line of a batch to the commit of its candles, as the " +
        "process that took it hears of it",
    ),
    committed_to_browser: waits,
  }),
  buffer: z.strictObject({
    ...store,
    entries: count.nullable(),
    bytes: count.nullable(),
    bytes_max: count,
  }),
  warehouse: z.strictObject(store),
  replica: z.strictObject({
    place: z.string().describe("Such as PostgreSQL at 127.0.0.1:5433"),
    fault: z.enum(REPLICA_FAULTS).nullable().describe(
      "Why the warehouse is read in its place; null while it is read",
    ),
    fault_since: time.nullable(),
    lag_ms: amount.nullable().describe("How old what it has is at most"),
  }).nullable().describe("What pages and the API read, as READ_URL says"),
  commits: z.strictObject({
    per_second: amount,
    ticks_per_second: amount,
    last_at: time.nullable(),
    gap_ms_max: amount.nullable().describe(
      "Longest time between two commits of a partition, of the last minutes",
    ),
  }),
  partitions: z.array(z.strictObject({
    p: count,
    owner: z.string().nullable().describe(
      "Name of the process that makes its candles, or did last",
    ),
    lease_epoch: count,
    held: z.boolean().describe("Somebody makes its candles now"),
    position: z.string(),
    behind: z.boolean().nullable().describe(
      "Entries wait for longer than they should",
    ),
    pinned: z.string().nullable().describe(
      "The instrument that has it for itself; null of one that is shared",
    ),
  })).nullable(),
  processes: z.array(z.strictObject({
    node: z.string(),
    roles: z.array(z.string()),
    started_at: time,
    partitions: count.describe("Of which it makes the candles"),
    tasks: z.array(z.string()).describe("That one process does at a time"),
    drained: z.boolean().describe("It is to have no work"),
  })).nullable().describe("Those that share the stores, of all roles"),
  books: z.strictObject({
    balanced: z.boolean(),
    unaccounted: count,
    received: count,
    accepted: count,
    duplicates: count,
    rejected: count,
    applied: count.describe("Ticks"),
    in_candles: count.describe("What the candles add up to"),
    in_quarantine: count,
  }).nullable(),
  quarantine: z.strictObject({
    counts,
    samples: z.array(z.strictObject({
      id: z.string(),
      feed: z.string(),
      symbol: z.string().nullable(),
      reason: z.string(),
      detail: z.string(),
      raw: z.string(),
      received_at: time,
    })),
  }).nullable(),
  gaps: z.array(z.strictObject({
    feed: z.string(),
    epoch: count,
    kind: z.enum(["missing", "outage"]),
    from: time,
    to: time.nullable().describe("Null while the feed is away"),
    seq: seqs.nullable(),
  })).nullable(),
  revisions: z.strictObject({
    last_day: count,
    newest: z.array(z.strictObject({
      symbol: z.string(),
      interval: z.string(),
      t: time,
      rev: count,
      n: count.describe("Ticks before the revision"),
      revised_at: time,
    })),
  }).nullable(),
  forecasts: z.strictObject({
    here: z.boolean().describe(
      "Fits and forecasts, or a part of them, are made by this process",
    ),
    owner: z.string().nullable().describe(
      "Name of a process that makes them, if it is known: this one if it does",
    ),
    owners: z.array(z.string()).describe(
      "Names of all processes that make them, each of other instruments",
    ),
    edge: z.strictObject({
      t: time,
      nearest_ms: amount,
      all_ms: amount,
      stored: count,
      late: count,
      left_out: count,
      overdue: count,
      idle: count,
      others: count.describe("Instruments that another process forecast"),
    }).nullable().describe(
      "The newest minute’s edge that is over; null before the first",
    ),
    fits: count,
    fits_failed: count,
    fits_per_minute: amount.describe(
      "Over the last ten minutes, or since the start",
    ),
    fits_waiting: count,
    workers: count,
    workers_replaced: count,
    scored: count,
    failures: z.array(z.strictObject({
      symbol: z.string(),
      model: z.string().nullable(),
      reason: z.string(),
    })).describe("Models that could not be fitted the last time"),
  }).nullable(),
  streams: z.strictObject({
    open: count,
    max: count,
    evicted: count.describe("Cut off as their client read too slowly"),
  }),
  process: z.strictObject({
    rss_mb: count,
    heap_mb: count,
    event_loop_lag_ms_max: amount,
  }),
  disk: z.strictObject({
    path: z.string(),
    free_bytes: count,
    total_bytes: count,
  }).nullable(),
  clock: z.strictObject({
    ahead_ms: z.number().nullable().describe(
      "Our clock less the warehouse’s; null where both are the same",
    ),
  }),
});
