import { formatCount } from "./format_price.ts";

/** The books, as `/api/audit` has them: every tick is accounted for. */
export interface Balance {
  readonly balanced: boolean;
  readonly unaccounted: number;
  readonly applied: number;
  readonly rejected: number;
}

export function Footer({ balance, stores, signedIn }: {
  readonly balance: Balance | null;
  readonly stores: string;
  /** With a cookie, which a browser may be asked to forget. */
  readonly signedIn: boolean;
}) {
  return (
    <footer class="foot">
      <p>
        {balance === null
          ? "The books are not available: the warehouse does not answer."
          : (
            <>
              <span class={balance.balanced ? "up" : "down"}>
                <span aria-hidden="true">{balance.balanced ? "✓" : "✕"}</span>
                {" "}
                {balance.balanced
                  ? "Books balance"
                  : `${balance.unaccounted} ticks unaccounted`}
              </span>
              : {formatCount(balance.applied)} ticks in candles,{" "}
              {formatCount(balance.rejected)} in quarantine,{" "}
              {formatCount(balance.unaccounted)} unaccounted.{" "}
              <a href="/api/audit">Audit</a>
            </>
          )}
      </p>
      <p class="muted">
        {stores} <a href="/healthz">Health</a> <a href="/docs">API</a>
      </p>
      {signedIn && (
        <form method="POST" action="/logout">
          <button type="submit">Sign out</button>
        </form>
      )}
    </footer>
  );
}
