import { type Interval, INTERVALS } from "../../pipeline/domain/interval.ts";

const WORDS: Readonly<Record<Interval, string>> = {
  "1s": "1S",
  "5s": "5S",
  "15s": "15S",
  "30s": "30S",
  "1m": "1",
  "3m": "3",
  "5m": "5",
  "15m": "15",
  "30m": "30",
  "1h": "60",
  "2h": "120",
  "4h": "240",
  "1d": "1D",
  "1w": "1W",
  "1M": "1M",
};

/** Resolutions as the protocol writes them, shortest first. */
export const RESOLUTIONS = INTERVALS.map((interval) => WORDS[interval]);

/** `60` and `1H` are an hour; `D`, `W` and `M` may stand without their 1. */
export function intervalOfResolution(text: string): Interval | null {
  const word = /^[DWMS]$/.test(text)
    ? `1${text}`
    : text.replace(/^(\d{1,2})H$/, (_, hours) => String(60 * Number(hours)));
  return INTERVALS.find((interval) => WORDS[interval] === word) ?? null;
}
