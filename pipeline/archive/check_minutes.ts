import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
} from "../domain/time.ts";
import type { MinuteStore, StoredMinute } from "../ports.ts";
import { foldTicks, type TickFold } from "./fold_ticks.ts";
import { readTicks, type TickSources } from "./read_ticks.ts";

/** Minutes that are checked against one snapshot. */
const WINDOW_MINUTES = 10;
/** Ticks of one window: what is held in memory at once. */
const WINDOW_TICKS_MAX = 2_000_000;
/** Differences that are told one by one. */
const TOLD_MAX = 100;

const FIELDS = [
  "open",
  "high",
  "low",
  "close",
  "volume",
  "notional",
  "n",
  "firstTs",
  "firstFeed",
  "firstSeq",
  "lastTs",
  "lastFeed",
  "lastSeq",
] as const;

/** A field of a minute that its ticks do not give. */
export interface MinuteDifference {
  readonly t: EpochMicros;
  /** `candle` if there is no row, or no tick of one. */
  readonly field: typeof FIELDS[number] | "candle";
  readonly stored: string | number | null;
  readonly rebuilt: string | number | null;
}

/** What a rebuild found; a minute is in one of the counts. */
export interface MinutesReport {
  readonly equal: number;
  readonly different: number;
  /** Made from ticks of which the archive has none (any more). */
  readonly withoutTicks: number;
  /** Imported as candles: no tick made them. */
  readonly imported: number;
  /** The first ones. */
  readonly differences: readonly MinuteDifference[];
}

/**
 * Makes the one-minute candles of [from, to) anew from their ticks, and
 * compares them digit by digit with the stored ones, forming ones too.
 *
 * @param range On whole minutes.
 * @returns `null` if the instrument is unknown.
 * @throws {TooManyTicksError} If ten minutes have more than two million ticks.
 */
export async function checkMinutes(
  sources: TickSources & { readonly minutes: MinuteStore },
  { symbol, from, to, signal }: {
    readonly symbol: string;
    readonly from: EpochMicros;
    readonly to: EpochMicros;
    readonly signal?: AbortSignal;
  },
): Promise<MinutesReport | null> {
  const counts = { equal: 0, different: 0, withoutTicks: 0, imported: 0 };
  const differences: MinuteDifference[] = [];
  const step = WINDOW_MINUTES * MICROS_PER_MINUTE;
  for (let start: number = from; start < to; start += step) {
    signal?.throwIfAborted();
    const window = {
      symbol,
      from: epochMicros(start),
      to: epochMicros(Math.min(start + step, to)),
    };
    const snapshot = await sources.minutes.minutes({
      ...window,
      limit: WINDOW_MINUTES,
      countFrom: "start",
    });
    if (snapshot === null) return null;
    const ticks = await readTicks(sources, {
      ...window,
      through: snapshot.position,
      incarnation: snapshot.incarnation,
      ticksMax: WINDOW_TICKS_MAX,
    });
    const stored = new Map(snapshot.minutes.map((row) => [row.t, row]));
    const rebuilt = new Map(
      foldTicks(ticks, MICROS_PER_MINUTE, snapshot).map((row) => [row.t, row]),
    );
    for (const t of new Set([...stored.keys(), ...rebuilt.keys()])) {
      const found = compare(t, stored.get(t), rebuilt.get(t));
      counts[found.kind]++;
      if (differences.length < TOLD_MAX) {
        differences.push(...found.differences);
      }
    }
  }
  return { ...counts, differences };
}

interface Compared {
  readonly kind: "equal" | "different" | "withoutTicks" | "imported";
  readonly differences: readonly MinuteDifference[];
}

function compare(
  t: EpochMicros,
  stored: StoredMinute | undefined,
  rebuilt: TickFold | undefined,
): Compared {
  if (stored === undefined || rebuilt === undefined) {
    if (stored?.origin === "import") {
      return { kind: "imported", differences: [] };
    }
    if (stored) return { kind: "withoutTicks", differences: [] };
    const n = rebuilt?.n ?? null;
    return {
      kind: "different",
      differences: [{ t, field: "candle", stored: null, rebuilt: n }],
    };
  }
  const differences = FIELDS.filter((field) => stored[field] !== rebuilt[field])
    .map((field) => ({
      t,
      field,
      stored: stored[field],
      rebuilt: rebuilt[field],
    }));
  return {
    kind: differences.length === 0 ? "equal" : "different",
    differences,
  };
}
