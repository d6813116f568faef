import { z } from "zod";
import type { SystemView } from "../components/system_view.ts";
import { VENUE_NAMES } from "../pipeline/domain/feed_endpoint.ts";

const count = z.int().nonnegative();
const amount = z.number().nonnegative();
/** Unix milliseconds. */
const time = z.int();

const waits = z.strictObject({
  n: count,
  p50: amount,
  p99: amount,
  max: amount,
}).nullable();

const store = {
  name: z.string(),
  place: z.string(),
  up: z.boolean(),
  down_since: time.nullable(),
};

const seqs = z.strictObject({ from: count, to: count });

/** Answer of `/api/system`: parts that could not be read are `null`. */
export const systemSchema: z.ZodType<SystemView> = z.strictObject({
  at: time,
  node: z.string(),
  roles: z.array(z.string()),
  started_at: time,
  simulated: z.boolean(),
  ready: z.boolean(),
  reasons: z.array(z.string()),
  warnings: z.array(z.string()),
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
      peers: z.array(z.string()),
      per_second: amount,
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
      away_since: time.nullable(),
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
    tick_to_buffered: waits,
    buffered_to_committed: waits,
    committed_to_browser: waits,
  }),
  buffer: z.strictObject({
    ...store,
    entries: count.nullable(),
    bytes: count.nullable(),
    bytes_max: count,
  }),
  warehouse: z.strictObject(store),
  commits: z.strictObject({
    per_second: amount,
    ticks_per_second: amount,
    last_at: time.nullable(),
    gap_ms_max: amount.nullable(),
  }),
  partitions: z.array(z.strictObject({
    p: count,
    owner: z.string().nullable(),
    lease_epoch: count,
    held: z.boolean(),
    position: z.string(),
    behind: z.boolean().nullable(),
  })).nullable(),
  processes: z.array(z.string()).nullable(),
  books: z.strictObject({
    balanced: z.boolean(),
    unaccounted: count,
    received: count,
    accepted: count,
    duplicates: count,
    rejected: count,
    applied: count,
    in_candles: count,
    in_quarantine: count,
  }).nullable(),
  quarantine: z.strictObject({
    counts: z.record(z.string(), count),
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
    to: time.nullable(),
    seq: seqs.nullable(),
  })).nullable(),
  revisions: z.strictObject({
    last_day: count,
    newest: z.array(z.strictObject({
      symbol: z.string(),
      interval: z.string(),
      t: time,
      rev: count,
      n: count,
      revised_at: time,
    })),
  }).nullable(),
  forecasts: z.strictObject({
    here: z.boolean(),
    owner: z.string().nullable(),
    edge: z.strictObject({
      t: time,
      nearest_ms: amount,
      all_ms: amount,
      stored: count,
      late: count,
      left_out: count,
      overdue: count,
      idle: count,
    }).nullable(),
    fits: count,
    fits_failed: count,
    fits_per_minute: amount,
    fits_waiting: count,
    workers: count,
    workers_replaced: count,
    scored: count,
    failures: z.array(z.strictObject({
      symbol: z.string(),
      model: z.string().nullable(),
      reason: z.string(),
    })),
  }).nullable(),
  streams: z.strictObject({ open: count, max: count }),
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
  clock: z.strictObject({ ahead_ms: z.number().nullable() }),
});
