import type { ComponentChildren } from "preact";

/** In place of a chart that has no candle yet: why, and what to do. */
export function EmptyChart({ symbol, children }: {
  readonly symbol: string;
  /** The next step. */
  readonly children: ComponentChildren;
}) {
  return (
    <div class="chart-empty">
      <p>
        <b>No tick of {symbol} has come yet.</b>{" "}
        The chart begins with the first one; forecasts follow when enough
        minutes have closed. <a href="/system">System</a>{" "}
        tells which feeds are connected.
      </p>
      {children}
    </div>
  );
}
