import type { SystemView, WaitView } from "../components/system_view.ts";

interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly Sample[];
}

type Sample = readonly [
  value: number | null | undefined,
  labels?: Readonly<Record<string, string | number>>,
];

/**
 * What Prometheus scrapes, in its text format 0.0.4: base units, and no label
 * that has as many values as there are instruments. What is not known is left
 * out.
 */
export function metricsText(view: SystemView): string {
  return metricsOf(view).map(({ name, type, help, samples }) => {
    const known = samples.filter(([value]) =>
      value !== null &&
      value !== undefined
    );
    if (known.length === 0) return "";
    const lines = known.map(([value, labels = {}]) =>
      `${name}${labelsText(labels)} ${value}`
    );
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n` +
      `${lines.join("\n")}\n`;
  }).join("");
}

function metricsOf(view: SystemView): readonly Metric[] {
  const { feeds, books, buffer, commits, forecasts, process } = view;
  const counter = (
    name: string,
    help: string,
    ...samples: readonly Sample[]
  ): Metric => ({ name: `tickhouse_${name}`, type: "counter", help, samples });
  const gauge = (
    name: string,
    help: string,
    ...samples: readonly Sample[]
  ): Metric => ({ name: `tickhouse_${name}`, type: "gauge", help, samples });
  const all = feeds?.feeds ?? [];
  const ofFeeds = (
    value: (feed: typeof all[number]) => number,
  ): readonly Sample[] =>
    all.map((one) => [value(one), { feed: one.feed, epoch: one.epoch }]);
  return [
    gauge("ready", "The program can do its work", [Number(view.ready)]),
    gauge(
      "start_time_seconds",
      "When the process started, Unix time",
      [view.started_at / 1_000],
    ),
    counter(
      "ticks_received_total",
      "Lines of a feed, since this process first saw it",
      ...ofFeeds(({ received }) => received),
    ),
    counter(
      "ticks_accepted_total",
      "Ticks of a feed that went into candles",
      ...ofFeeds(({ accepted }) => accepted),
    ),
    counter(
      "ticks_duplicate_total",
      "Ticks of a feed that had come before",
      ...ofFeeds(({ duplicates }) => duplicates),
    ),
    counter(
      "ticks_rejected_total",
      "Lines in quarantine, by reason",
      ...Object.entries(view.quarantine?.counts ?? {}).map((
        [reason, count],
      ): Sample => [count, { reason }]),
    ),
    gauge(
      "ticks_unaccounted",
      "Ticks that the books do not explain; must be 0",
      [books?.unaccounted],
    ),
    gauge(
      "books_balanced",
      "Received = accepted + duplicates + rejected, and each in a candle",
      [books && Number(books.balanced)],
    ),
    gauge(
      "feed_connections",
      "Connections of a feed",
      ...ofFeeds(({ connections }) => connections),
    ),
    gauge(
      "feed_gap_open",
      "Numbers of a feed that are missing",
      ...ofFeeds(({ missing }) => missing),
    ),
    gauge(
      "endpoint_up",
      "A way in listens, or its source is connected",
      ...(feeds?.endpoints ?? []).map(({ url, state }): Sample => [
        Number(state !== "away"),
        { url },
      ]),
    ),
    gauge(
      "instruments",
      "Instruments by the state of their feeds",
      ...Object
        .entries(view.instruments).map(([state, n]): Sample => [n, { state }]),
    ),
    waits("buffer_wait_seconds", "From a line to its place in the buffer", {
      of: view.waits.tick_to_buffered,
    }),
    waits("commit_wait_seconds", "From the buffer to the commit", {
      of: view.waits.buffered_to_committed,
    }),
    waits("tick_wait_seconds", "From a line to the commit of its candle", {
      of: view.waits.tick_to_committed,
    }),
    waits("publish_wait_seconds", "From the commit to a browser's stream", {
      of: view.waits.committed_to_browser,
    }),
    gauge("buffer_up", "The buffer answers", [Number(buffer.up)]),
    gauge("buffer_entries", "Entries in the buffer", [buffer.entries]),
    gauge("buffer_bytes", "Bytes of ticks in the buffer", [buffer.bytes]),
    gauge("buffer_bytes_max", "Budget of the buffer", [buffer.bytes_max]),
    gauge(
      "warehouse_up",
      "The warehouse answers",
      [Number(view.warehouse.up)],
    ),
    gauge("commits_per_second", "Commits of the last seconds", [
      commits.per_second,
    ]),
    gauge("commit_gap_seconds_max", "Longest time between two commits", [
      seconds(commits.gap_ms_max),
    ]),
    gauge(
      "lease_epoch",
      "Epoch of a partition's lease",
      ...(view.partitions ?? []).map(({ p, lease_epoch }): Sample => [
        lease_epoch,
        { p },
      ]),
    ),
    gauge(
      "partition_held",
      "Some process makes the partition's candles",
      ...(view.partitions ?? []).map(({ p, held }): Sample => [
        Number(held),
        { p },
      ]),
    ),
    counter("forecast_fits_total", "Models fitted", [forecasts?.fits]),
    counter("forecast_fits_failed_total", "Models that could not be fitted", [
      forecasts?.fits_failed,
    ]),
    gauge(
      "forecast_edge_seconds",
      "After the newest minute's edge, until every forecast was stored",
      [seconds(forecasts?.edge?.all_ms)],
    ),
    gauge("forecasts_late", "Forecasts of the newest edge that came late", [
      forecasts?.edge?.late,
    ]),
    gauge("sse_clients", "Open event streams", [view.streams.open]),
    counter(
      "sse_evicted_total",
      "Event streams cut off as their client is slow",
      [
        view.streams.evicted,
      ],
    ),
    gauge("process_resident_memory_bytes", "Resident memory", [
      Math.round(process.rss_mb * 1_048_576),
    ]),
    gauge("event_loop_lag_seconds_max", "Longest delay of a timer, lately", [
      seconds(process.event_loop_lag_ms_max),
    ]),
    gauge("disk_free_bytes", "Free on the disk of the data", [
      view.disk?.free_bytes,
    ]),
    gauge("clock_ahead_seconds", "Our clock less the warehouse's", [
      seconds(view.clock.ahead_ms),
    ]),
  ];
}

/** Quantiles as they are measured: a gauge each, as there is no sum. */
function waits(
  name: string,
  help: string,
  { of }: { readonly of: WaitView | null },
): Metric {
  return {
    name: `tickhouse_${name}`,
    type: "gauge",
    help: `${help}, of the last minute`,
    samples: of === null ? [] : [
      [seconds(of.p50), { quantile: "0.5" }],
      [seconds(of.p99), { quantile: "0.99" }],
      [seconds(of.max), { quantile: "1" }],
    ],
  };
}

function seconds(ms: number | null | undefined): number | null {
  return ms === null || ms === undefined ? null : ms / 1_000;
}

function labelsText(labels: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    const text = String(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"')
      .replaceAll("\n", "\\n");
    return `${name}="${text}"`;
  });
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
