import { formatZone } from "./format_time.ts";

/** What can be taken from the chart, and whose time it shows. */
export function ChartTools({ symbol, interval, zone, now, onPng }: {
  readonly symbol: string;
  readonly interval: string;
  readonly zone: string;
  readonly now: number;
  /** Absent while there is no chart. */
  readonly onPng: (() => void) | null;
}) {
  const csv = new URLSearchParams({
    symbol,
    interval,
    limit: "10000",
    format: "csv",
  });
  return (
    <span class="tools">
      <span class="muted">{formatZone(now, zone)}</span>
      <a
        href={`/api/candles?${csv}`}
        download={fileName(symbol, interval, "csv")}
      >
        CSV
      </a>
      <button type="button" onClick={() => onPng?.()} hidden={onPng === null}>
        PNG
      </button>
    </span>
  );
}

/** Symbols may have characters that names of files may not. */
export function fileName(
  symbol: string,
  interval: string,
  type: string,
): string {
  return `${symbol.replaceAll(/[^\w.-]/g, "_")}-${interval}.${type}`;
}
