import { type Interval, INTERVALS } from "../../pipeline/domain/interval.ts";
import { Kept } from "./kept.ts";

export const THEMES = ["auto", "dark", "light"] as const;
export const PALETTES = ["classic", "colorblind"] as const;

/** What the reader chose; kept in this browser only. */
export interface Settings {
  readonly theme: typeof THEMES[number];
  /** Teal and red, or blue and orange. */
  readonly palette: typeof PALETTES[number];
  /** `exchange`, `browser`, `utc`, or an IANA name. */
  readonly timeZone: string;
  /** Interval that a chart opens with. */
  readonly interval: Interval;
  /** Candles that a chart shows at first. */
  readonly count: number;
  /** Whether alerts make a sound. */
  readonly sound: boolean;
  /** Whether alerts are shown by the browser too. */
  readonly notifications: boolean;
}

export const COUNT_MIN = 20;
export const COUNT_MAX = 1_000;

export const DEFAULT_SETTINGS: Settings = {
  theme: "auto",
  palette: "classic",
  timeZone: "exchange",
  interval: "1m",
  count: 150,
  sound: false,
  notifications: false,
};

type Read<T> = (value: unknown) => T | undefined;

const oneOf = <T extends string>(words: readonly T[]): Read<T> => (value) =>
  words.find((word) => word === value);
const flag: Read<boolean> = (value) =>
  typeof value === "boolean" ? value : undefined;

const READ: { readonly [Name in keyof Settings]: Read<Settings[Name]> } = {
  theme: oneOf(THEMES),
  palette: oneOf(PALETTES),
  timeZone: (value) =>
    typeof value === "string" && isTimeZone(value) ? value : undefined,
  interval: oneOf(INTERVALS),
  count: (value) =>
    Number.isInteger(value) && Number(value) >= COUNT_MIN &&
      Number(value) <= COUNT_MAX
      ? Number(value)
      : undefined,
  sound: flag,
  notifications: flag,
};
const NAMES = Object.keys(READ) as (keyof Settings)[];

/** Whether it can be chosen as a time zone. */
export function isTimeZone(name: string): boolean {
  if (name === "exchange" || name === "browser" || name === "utc") return true;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** The IANA name of the zone that times are shown in. */
export function zoneFor(timeZone: string, exchange: string): string {
  switch (timeZone) {
    case "exchange":
      return exchange;
    case "browser":
      return new Intl.DateTimeFormat().resolvedOptions().timeZone;
    case "utc":
      return "UTC";
    default:
      return timeZone;
  }
}

/** Settings from the JSON kept: a wrong value becomes its default. */
export function parseSettings(json: string | null): Settings {
  try {
    return { ...DEFAULT_SETTINGS, ...valid(JSON.parse(json ?? "{}")) };
  } catch {
    return DEFAULT_SETTINGS;
  }
}

/** The fields of an object that are settings with a possible value. */
function valid(given: unknown): Partial<Settings> {
  if (typeof given !== "object" || given === null) return {};
  const values = given as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    NAMES.map((name) => [name, READ[name](values[name])])
      .filter(([, value]) => value !== undefined),
  );
}

/** All settings as the query of a link. */
export function settingsToQuery(settings: Settings): string {
  return new URLSearchParams(
    NAMES.map((name) => [name, String(settings[name])]),
  ).toString();
}

/** The settings that a link's query names; wrong ones are left out. */
export function settingsFromQuery(query: URLSearchParams): Partial<Settings> {
  return valid(Object.fromEntries(
    [...query].map(([name, text]) => {
      const value = name === "count" && /^\d+$/.test(text)
        ? Number(text)
        : text === "true" || text === "false"
        ? text === "true"
        : text;
      return [name, value];
    }),
  ));
}

/** `static/theme.js` finds them there before the first paint. */
const kept = new Kept("tickhouse.settings", parseSettings);

/** Settings as they are now. */
export function readSettings(): Settings {
  return kept.read();
}

/** Changes some settings, here and in every open tab. */
export function writeSettings(patch: Partial<Settings>): void {
  kept.write({ ...readSettings(), ...valid(patch) });
}

/**
 * Tells the settings, now and whenever they change, in another tab too.
 *
 * @returns How to stop.
 */
export function watchSettings(
  callback: (settings: Settings) => void,
): () => void {
  return kept.watch(callback);
}
