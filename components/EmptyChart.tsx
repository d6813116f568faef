import { listenerOf, tickLine } from "./first_lines.ts";

/** In place of a chart that has no candle yet: why, and what to do. */
export function EmptyChart({ symbol, feeds, simulated, token }: {
  readonly symbol: string;
  /** Addresses that feeds come from, or are dialled at. */
  readonly feeds: readonly string[];
  /** The warehouse is for simulated ticks only. */
  readonly simulated: boolean;
  /** Feeds must say hello with a secret. */
  readonly token: boolean;
}) {
  const listener = simulated ? null : listenerOf(feeds);
  const step = listener === null ? null : tickLine(listener, symbol, token);
  return (
    <div class="chart-empty">
      <p>
        <b>No tick of {symbol} has come yet.</b>{" "}
        The chart begins with the first one; forecasts follow when enough
        minutes have closed. <a href="/system">System</a>{" "}
        tells which feeds are connected.
      </p>
      {step !== null && (
        <>
          <p>{step.title}</p>
          <pre
            tabIndex={0}
            aria-label={step.title}
          ><code>{step.line}</code></pre>
        </>
      )}
    </div>
  );
}
