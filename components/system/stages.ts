import {
  counted,
  formatBytes,
  formatRate,
  formatWait,
} from "../format_amount.ts";
import { formatCount } from "../format_price.ts";
import type { Level } from "../outage.ts";
import type { SystemView, WaitView } from "../system_view.ts";

/** One box of the picture. */
export interface Stage {
  readonly name: string;
  /** What it does. */
  readonly what: string;
  readonly level: Level;
  /** The level in words. */
  readonly word: string;
  /** How long it takes to get here; `null` where that is not measured. */
  readonly arrives: {
    readonly label: string;
    readonly p50: string;
    readonly p99: string;
  } | null;
  readonly figures: readonly { readonly value: string; readonly of: string }[];
  /** How full it is, from 0 to 1. */
  readonly share: { readonly value: number; readonly label: string } | null;
}

/** A partition without a commit for longer stands still: marks come each second. */
const STILL_MS = 15_000;

/** The way of a tick, in order. */
export function stagesOf(view: SystemView): readonly Stage[] {
  return [
    feeds(view),
    clean(view),
    buffer(view),
    candles(view),
    warehouse(view),
    forecasts(view),
    dashboards(view),
  ];
}

function feeds({ feeds, instruments }: SystemView): Stage {
  const { live, stale, down } = instruments;
  const what = "bring ticks over TCP";
  const states = [
    {
      value: formatCount(live),
      of: live === 1 ? "instrument live" : "instruments live",
    },
    { value: formatCount(stale + down), of: "stale or without a feed" },
  ];
  if (feeds === null) {
    return stage("Feeds", what, "up", "in another process", states);
  }
  const away = feeds.endpoints.filter(({ state }) => state === "away");
  const waits = feeds.feeds.some(({ paused }) => paused);
  const gone = feeds.feeds.some(({ away_since, replay }) =>
    away_since !== null && !replay
  );
  const [level, word]: [Level, string] = away.length > 0
    ? ["warn", `${away.length} not reached`]
    : waits
    ? ["warn", "made to wait"]
    : feeds.connections > 0
    ? ["up", counted(feeds.connections, "connection")]
    : gone
    ? ["warn", "gone"]
    : ["up", "waiting for a feed"];
  return stage("Feeds", what, level, word, [
    { value: formatRate(feeds.per_second), of: "lines/s" },
    ...states,
  ]);
}

function clean({ books, quarantine }: SystemView): Stage {
  const what = "drop duplicates, refuse what cannot be";
  if (books === null) return stage("Clean", what, "up", "not known now", []);
  const { accepted, duplicates } = books;
  const reasons = Object.keys(quarantine?.counts ?? {}).length;
  return stage("Clean", what, "up", "cleaning", [
    { value: formatCount(accepted), of: "accepted" },
    { value: formatCount(duplicates), of: "duplicates" },
    {
      value: formatCount(books.in_quarantine),
      of: reasons === 0
        ? "in quarantine"
        : `in quarantine, ${counted(reasons, "reason")}`,
    },
  ]);
}

function buffer({ buffer, waits }: SystemView): Stage {
  const { entries, bytes, bytes_max: max, up } = buffer;
  const share = bytes === null ? null : Math.min(1, bytes / max);
  const [level, word]: [Level, string] = !up
    ? ["down", "does not answer"]
    : share !== null && share > 0.9
    ? ["warn", "nearly full"]
    : ["up", "answers"];
  return {
    ...stage(
      "Buffer",
      `${shortName(buffer.name)}, a log of ticks`,
      level,
      word,
      [
        { value: entries === null ? "–" : formatCount(entries), of: "entries" },
        {
          value: bytes === null ? "–" : formatBytes(bytes),
          of: `of ${formatBytes(max)}`,
        },
      ],
    ),
    arrives: arrival("tick in after", waits.tick_to_buffered),
    share: share === null ? null : {
      value: share,
      label: `The buffer is ${Math.round(share * 100)} % full`,
    },
  };
}

function candles({ partitions, commits, at, roles, waits }: SystemView): Stage {
  const what = "fold ticks, close and revise minutes";
  const all = partitions ?? [];
  const unowned = all.filter(({ held }) => !held).length;
  const behind = all.filter((one) => one.behind === true).length;
  const here = roles.includes("aggregate");
  const still = here && commits.last_at !== null &&
    at - commits.last_at > STILL_MS;
  const [level, word]: [Level, string] = unowned > 0
    ? ["down", `${counted(unowned, "partition")} without an owner`]
    : behind > 0
    ? ["warn", `${counted(behind, "partition")} behind`]
    : still
    ? ["down", "standing still"]
    : partitions === null
    ? ["warn", "not known now"]
    : ["up", here ? "up to date" : "in another process"];
  const { gap_ms_max: gap } = commits;
  return {
    ...stage("Candles", what, level, word, [
      { value: formatRate(commits.ticks_per_second), of: "ticks/s" },
      { value: formatRate(commits.per_second), of: "commits/s" },
      { value: gap === null ? "–" : formatWait(gap), of: "longest pause" },
    ]),
    arrives: arrival("committed after", waits.buffered_to_committed),
  };
}

function warehouse({ warehouse, books }: SystemView): Stage {
  const [level, word]: [Level, string] = !warehouse.up
    ? ["down", "does not answer"]
    : books !== null && !books.balanced
    ? ["down", "books do not balance"]
    : ["up", "answers"];
  return stage(
    "Warehouse",
    `${shortName(warehouse.name)}, candles and the position in one transaction`,
    level,
    word,
    books === null ? [] : [
      { value: formatCount(books.in_candles), of: "ticks in candles" },
      { value: formatCount(books.unaccounted), of: "unaccounted" },
    ],
  );
}

function forecasts({ forecasts }: SystemView): Stage {
  const what = "ARIMA for the next minutes, and their scores";
  if (forecasts === null) {
    return stage("Forecasts", what, "warn", "made by nobody", []);
  }
  const { edge, here, owners } = forecasts;
  if (!here) {
    return stage("Forecasts", what, "up", `made by ${owners.join(", ")}`, []);
  }
  const missed = edge === null ? 0 : edge.late + edge.overdue;
  const [level, word]: [Level, string] = missed > 0
    ? ["warn", `${counted(missed, "instrument")} late`]
    : ["up", edge === null ? "first minute to come" : "in time"];
  return stage("Forecasts", what, level, word, [
    {
      value: edge === null ? "–" : formatWait(edge.nearest_ms),
      of: "after the minute",
    },
    { value: formatRate(forecasts.fits_per_minute), of: "fits/min" },
    { value: formatCount(forecasts.failures.length), of: "models not fitted" },
  ]);
}

function dashboards({ streams, waits }: SystemView): Stage {
  const { open, max } = streams;
  const full = open >= max;
  return {
    ...stage(
      "Dashboards",
      "pages, API and live events",
      full ? "warn" : "up",
      full ? "as many as may be" : "open",
      [{
        value: formatCount(open),
        of: open === 1 ? "live page" : "live pages",
      }],
    ),
    arrives: arrival("event out after", waits.committed_to_browser),
  };
}

function stage(
  name: string,
  what: string,
  level: Level,
  word: string,
  figures: Stage["figures"],
): Stage {
  return { name, what, level, word, figures, arrives: null, share: null };
}

function arrival(label: string, waits: WaitView | null): Stage["arrives"] {
  return waits === null ? null : {
    label,
    p50: formatWait(waits.p50),
    p99: formatWait(waits.p99),
  };
}

/** As in the middle of a label: `embedded buffer`, `Redis`. */
function shortName(name: string): string {
  return name.replace(/^The /, "");
}
