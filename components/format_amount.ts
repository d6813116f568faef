import { formatAge } from "./format_time.ts";
import { formatCount } from "./format_price.ts";

/** A wait, as in `0.4 ms`, `24 ms`, `1.24 s`, `5 min`. */
export function formatWait(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 100_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return formatAge(ms);
}

/** How often, as in `0`, `0.52`, `12.5`, `1,240`, `52.1K`. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return "0";
  if (perSecond < 1) return perSecond.toFixed(2);
  if (perSecond < 100) return perSecond.toFixed(1);
  return formatCount(Math.round(perSecond));
}

/** Bytes, as in `320 B`, `12.6 MB`. */
export function formatBytes(bytes: number): string {
  const steps = [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"]] as const;
  for (const [size, unit] of steps) {
    if (bytes >= size) {
      const value = bytes / size;
      return `${value >= 100 ? Math.round(value) : value.toFixed(1)} ${unit}`;
    }
  }
  return `${bytes} B`;
}

/** A number of things, as in `1 line`, `3 lines`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${formatCount(n)} ${n === 1 ? one : many}`;
}

/** Ascending numbers, as in `0–3, 7`. */
export function formatRanges(numbers: readonly number[]): string {
  const ranges: string[] = [];
  for (let i = 0; i < numbers.length; i++) {
    const from = numbers[i];
    while (numbers[i + 1] === numbers[i] + 1) i++;
    ranges.push(from === numbers[i] ? `${from}` : `${from}–${numbers[i]}`);
  }
  return ranges.join(", ");
}
