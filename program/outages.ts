import {
  type EpochMicros,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
} from "../pipeline/domain/time.ts";
import type { ReplicaFault } from "../pipeline/domain/replica_fault.ts";
import type { ClockStep } from "./clock_watch.ts";
import type { DiskSpace } from "./disk_space.ts";

/** What was found out about the parts of the program. */
export interface Facts {
  readonly now: EpochMicros;
  readonly stopping: boolean;
  /** Somebody said that this process is to have no work. */
  readonly drained: boolean;
  /** What people call them, such as `PostgreSQL` and `Redis`. */
  readonly names: { readonly warehouse: string; readonly buffer: string };
  /** Since when a store does not answer; `null` if it does. */
  readonly warehouseDown: EpochMicros | null;
  readonly bufferDown: EpochMicros | null;
  /** Why the copy that is to be read is not; `null` if it is, or there is none. */
  readonly replica: {
    readonly fault: ReplicaFault;
    readonly since: EpochMicros;
  } | null;
  /** Partitions whose ticks cannot be archived, although the warehouse answers. */
  readonly unarchived: readonly {
    readonly p: number;
    readonly since: EpochMicros;
    readonly error: string;
  }[];
  /** Partitions that no process makes candles of, and since when. */
  readonly unowned: readonly number[];
  readonly unownedSince: EpochMicros | null;
  /** Partitions whose entries wait for longer than `behindMs`. */
  readonly behind: readonly number[];
  readonly behindMs: number;
  /** Feeds that are made to wait. */
  readonly paused: readonly {
    readonly feed: string;
    readonly uncommittedBytes: number;
  }[];
  /** Sources that we dial and that are not there. */
  readonly unreached: readonly {
    readonly url: string;
    readonly since: EpochMicros;
    readonly error: string | null;
  }[];
  /** Live feeds that went without saying that all was sent. */
  readonly away: readonly {
    readonly feed: string;
    readonly acked: boolean;
    readonly since: EpochMicros;
  }[];
  /** Feeds of which lines do not get into the buffer, although it answers. */
  readonly troubled: readonly {
    readonly feed: string;
    readonly trouble: string;
  }[];
  /** Instruments whose feed is there, their market open, and nothing current. */
  readonly stale: readonly string[];
  readonly forecasts: {
    /** Nobody makes them, although somebody should, since then. */
    readonly nobodySince: EpochMicros | null;
    /** The newest edge that is over, and what it lacks. */
    readonly edge: {
      readonly t: EpochMicros;
      readonly missed: number;
    } | null;
  };
  readonly clock: {
    readonly aheadMs: number | null;
    readonly step: ClockStep | null;
  };
  /** Of the folder that embedded stores are in; `null` if there are none. */
  readonly disk: DiskSpace | null;
}

/** What a person is told: each a sentence without its full stop. */
export interface Told {
  /** These keep the program from its work. */
  readonly reasons: readonly string[];
  /** The program does its work all the same. */
  readonly warnings: readonly string[];
}

/** A feed that went longer ago is over, as far as the head of a page goes. */
const AWAY_FOR = 12 * MICROS_PER_HOUR;
/** A source may take a moment to come back before it is told. */
const AWAY_FROM = 5_000_000;
/** Lost owners are replaced within a lease or two. */
const UNOWNED_FROM = 3_000_000;
/** What came of an edge is told for as long. */
const EDGE_FOR = 2 * MICROS_PER_MINUTE;
const CLOCK_OFF_MS = 1_000;
const DISK_LOW_BYTES = 1_073_741_824;
const DISK_LOW_SHARE = 0.02;
const NAMES_MAX = 5;

/** Says what does not work, and what becomes of the data meanwhile. */
export function describeOutages(facts: Facts): Told {
  return {
    reasons: [
      ...stopping(facts),
      ...drained(facts),
      ...warehouse(facts),
      ...buffer(facts),
      ...candles(facts),
      ...waiting(facts),
    ],
    warnings: [
      ...replica(facts),
      ...archive(facts),
      ...sources(facts),
      ...stale(facts),
      ...forecasts(facts),
      ...clock(facts),
      ...disk(facts),
    ],
  };
}

function stopping(facts: Facts): readonly string[] {
  return facts.stopping
    ? [
      "The program is stopping: what was read is committed first, and " +
      "feeds send again what was not acknowledged",
    ]
    : [];
}

function drained(facts: Facts): readonly string[] {
  return facts.drained && !facts.stopping
    ? [
      "This process is drained: it takes no feeds, and gives its partitions " +
      "and tasks to the others, until it is told to go on",
    ]
    : [];
}

function warehouse({ names, warehouseDown, bufferDown, now }: Facts) {
  if (warehouseDown === null) return [];
  const ticks = bufferDown === null
    ? `ticks wait in ${inWords(names.buffer)} and none is lost`
    : "ticks are not taken, feeds with acknowledgements keep theirs";
  return [
    `${names.warehouse} does not answer since ${time(warehouseDown, now)}: ` +
    `${ticks}; candles and pages stand still and catch up by themselves ` +
    "once it is back, minutes until then get no forecast",
  ];
}

function buffer({ names, bufferDown, now }: Facts) {
  if (bufferDown === null) return [];
  return [
    `${names.buffer} does not answer since ${time(bufferDown, now)}: nothing ` +
    "is read from feeds; those with acknowledgements keep their ticks and " +
    "send them again, those without may lose some; what is stored can be " +
    "looked at",
  ];
}

function candles(facts: Facts) {
  const { names, unowned, unownedSince, behind, behindMs, now } = facts;
  const told: string[] = [];
  const ownerless = unownedSince !== null &&
    now - unownedSince >= UNOWNED_FROM && unowned.length > 0;
  if (ownerless) {
    told.push(
      `No process makes candles of ${partitions(unowned)} since ` +
        `${time(unownedSince, now)}: ticks wait in ${inWords(names.buffer)} ` +
        "and none is lost; a process with ROLES=aggregate takes over by itself",
    );
  }
  const late = ownerless ? behind.filter((p) => !unowned.includes(p)) : behind;
  if (late.length > 0) {
    told.push(
      `Candles are more than ${behindMs / 1_000} s behind in ` +
        `${partitions(late)}: ticks wait in ${inWords(names.buffer)} and ` +
        "none is lost",
    );
  }
  return told;
}

function waiting({ paused, troubled, bufferDown }: Facts) {
  const told: string[] = [];
  if (paused.length > 0) {
    const each = paused.map(({ feed, uncommittedBytes }) =>
      `${feed} (${uncommittedBytes} bytes are not in candles yet)`
    );
    told.push(
      `Feeds are made to wait: ${each.join(", ")}; their sources hold back ` +
        "what they have not sent, and nothing is lost here",
    );
  }
  if (bufferDown === null) {
    for (const { feed, trouble } of troubled) {
      told.push(
        `Ticks of ${feed} do not get into the buffer (${trouble}): they are ` +
          "kept here and tried again, and not acknowledged before",
      );
    }
  }
  return told;
}

const FAULTS: Readonly<Record<ReplicaFault, string>> = {
  away: "does not answer",
  refuses: "refuses what it is asked",
  behind: "is more than 5 s behind",
  promoted: "is no replica any more",
  foreign: "is a copy of another database",
};

function replica({ replica, names, warehouseDown, now }: Facts) {
  if (replica === null || warehouseDown !== null) return [];
  const { fault, since } = replica;
  return [
    `The replica that READ_URL names ${FAULTS[fault]} since ` +
    `${time(since, now)}: pages and the API read ${names.warehouse} itself, ` +
    "and the replica again once it will do",
  ];
}

function archive({ unarchived, names, warehouseDown, now }: Facts) {
  if (warehouseDown !== null || unarchived.length === 0) return [];
  const [first] = unarchived.toSorted((a, b) => a.since - b.since);
  return [
    `Ticks of ${partitions(unarchived.map(({ p }) => p))} are not archived ` +
    `since ${time(first.since, now)} (${first.error}): they stay in ` +
    `${inWords(names.buffer)} and are archived once it works again; candles ` +
    "go on, those below a minute may not be had meanwhile",
  ];
}

function sources({ unreached, away, now }: Facts) {
  const told: string[] = [];
  for (const { url, since, error } of unreached) {
    if (now - since < AWAY_FROM) continue;
    told.push(
      `The feed at ${url} is not reached since ${time(since, now)}` +
        `${error === null ? "" : ` (${error})`}: it is dialled again and ` +
        "again; its instruments get no ticks, what is stored stays",
    );
  }
  for (const { feed, acked, since } of away) {
    if (now - since < AWAY_FROM || now - since > AWAY_FOR) continue;
    told.push(
      `Feed ${feed} is not connected since ${time(since, now)}: ` +
        (acked
          ? "it keeps its ticks and sends them when it is back, nothing is lost"
          : "it does not number its ticks, so what it sends meanwhile is lost"),
    );
  }
  return told;
}

function stale({ stale }: Facts) {
  if (stale.length === 0) return [];
  return [
    `Nothing current comes for ${some(stale)} although the market is open ` +
    "and the feed connected: prices shown are old, no minute is made up",
  ];
}

function forecasts({ forecasts: { nobodySince, edge }, now }: Facts) {
  const told: string[] = [];
  if (nobodySince !== null && now - nobodySince >= UNOWNED_FROM) {
    told.push(
      `No process makes forecasts since ${time(nobodySince, now)}: ticks and ` +
        "candles go on; a process with ROLES=forecast takes over by itself",
    );
  }
  if (edge !== null && edge.missed > 0 && now - edge.t < EDGE_FOR) {
    const many = edge.missed === 1 ? "instrument" : "instruments";
    told.push(
      `Forecasts are behind: at ${time(edge.t, now)} those of ` +
        `${edge.missed} ${many} were not ready within a second and are left ` +
        "out, as none is made after its minute began; candles are not touched",
    );
  }
  return told;
}

function clock({ clock: { aheadMs, step }, names, now }: Facts) {
  const told: string[] = [];
  if (aheadMs !== null && Math.abs(aheadMs) >= CLOCK_OFF_MS) {
    told.push(
      `The clock here is ${seconds(aheadMs)} ${direction(aheadMs)} that of ` +
        `${names.warehouse}: ages and waits are off by as much, and ticks may ` +
        "look too early; candles go by the market's time and are right; keep " +
        "both clocks by NTP",
    );
  }
  if (step !== null) {
    told.push(
      `The clock here was set ${step.ms > 0 ? "ahead" : "back"} by ` +
        `${seconds(step.ms)} at ${time(step.at, now)}, or the machine slept: ` +
        "candles go by the market's time and are right, ages may have been off",
    );
  }
  return told;
}

function disk({ disk }: Facts) {
  if (disk === null) return [];
  const { path, freeBytes, totalBytes } = disk;
  const low = Math.min(DISK_LOW_BYTES, DISK_LOW_SHARE * totalBytes);
  if (freeBytes >= low) return [];
  return [
    `The disk of ${path} has ${Math.round(freeBytes / 1_048_576)} MB left: ` +
    "when it is full ticks are no longer taken or acknowledged; what is " +
    "stored stays, and it goes on by itself once there is room",
  ];
}

function direction(ms: number): string {
  return ms > 0 ? "ahead of" : "behind";
}

function seconds(ms: number): string {
  const s = Math.abs(ms) / 1_000;
  return `${s < 100 ? s.toFixed(1) : Math.round(s)} s`;
}

function partitions(some: readonly number[]): string {
  return `${some.length === 1 ? "partition" : "partitions"} ${some.join(", ")}`;
}

function some(names: readonly string[]): string {
  const first = names.slice(0, NAMES_MAX).join(", ");
  const more = names.length - NAMES_MAX;
  return more > 0 ? `${first} and ${more} more` : first;
}

/** In the middle of a sentence. */
function inWords(name: string): string {
  return name.replace(/^The /, "the ");
}

/** A time of day in UTC, with the day if that is another one. */
function time(t: EpochMicros, now: EpochMicros): string {
  const iso = new Date(t / 1_000).toISOString();
  const day = (at: EpochMicros) => Math.floor(at / MICROS_PER_DAY);
  const clock = `${iso.slice(11, 19)} UTC`;
  return day(t) === day(now) ? clock : `${iso.slice(0, 10)} ${clock}`;
}
