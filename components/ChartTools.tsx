import { formatZone } from "./format_time.ts";
import { KeysButton } from "./KeysButton.tsx";

/** What can be taken from the chart, and whose time it shows. */
export function ChartTools(
  { symbol, interval, zone, now, csv, onPng, onKeys }: {
    readonly symbol: string;
    readonly interval: string;
    readonly zone: string;
    readonly now: number;
    /** Address of the candles in sight by now. */
    readonly csv: () => string;
    /** Absent while there is no chart. */
    readonly onPng: (() => void) | null;
    readonly onKeys: () => void;
  },
) {
  // A chart that is panned does not render the tools again.
  const renew = ({ currentTarget }: { currentTarget: HTMLAnchorElement }) => {
    currentTarget.href = csv();
  };
  return (
    <span class="tools">
      <span class="muted">{formatZone(now, zone)}</span>
      <a
        href={csv()}
        download={fileName(symbol, interval, "csv")}
        title="The candles in sight"
        onPointerDown={renew}
        onClick={renew}
      >
        CSV
      </a>
      <button type="button" onClick={() => onPng?.()} hidden={onPng === null}>
        PNG
      </button>
      <KeysButton onClick={onKeys} hidden={onPng === null} />
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
