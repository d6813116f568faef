import type { Interval } from "../pipeline/domain/interval.ts";

/** One link an interval: a page without scripts, at once with them. */
export function IntervalLinks(
  { symbol, intervals, interval, loading, onChoose }: {
    readonly symbol: string;
    readonly intervals: readonly Interval[];
    readonly interval: Interval;
    readonly loading: Interval | null;
    readonly onChoose: (interval: Interval) => void;
  },
) {
  const path = `/instruments/${encodeURIComponent(symbol)}`;
  return (
    <nav class="intervals" aria-label="Interval">
      {intervals.map((one) => (
        <a
          key={one}
          href={`${path}?interval=${one}`}
          aria-current={one === interval ? "true" : undefined}
          aria-busy={one === loading}
          onClick={(event) => {
            if (!isPlainClick(event)) return;
            event.preventDefault();
            if (one !== interval) onChoose(one);
          }}
        >
          {one}
        </a>
      ))}
    </nav>
  );
}

/** Others open a tab, a window or a menu. */
function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey &&
    !event.shiftKey && !event.altKey;
}
