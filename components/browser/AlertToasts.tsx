import { useEffect, useState } from "preact/hooks";
import type { FiredAlert } from "../alerts.ts";
import { watchAlerts, watchFired } from "./alerts.ts";

const SHOWN_MAX = 4;

/** Listens for alerts on every page, and tells of those that fire. */
export function AlertToasts() {
  const [toasts, setToasts] = useState<readonly FiredAlert[]>([]);

  useEffect(() => {
    let known: ReadonlySet<string> | null = null;
    const stopFired = watchFired((fired) => {
      const before = known;
      known = new Set(fired.map(({ key }) => key));
      if (before === null) return;
      const news = fired.filter(({ key }) => !before.has(key));
      if (news.length > 0) setToasts((shown) => [...news, ...shown]);
    });
    const stopListening = listenOnceSet();
    return () => {
      stopFired();
      stopListening();
    };
  }, []);

  const more = toasts.length - SHOWN_MAX;
  return (
    <div class="toasts" role="status">
      {toasts.slice(0, SHOWN_MAX).map(({ key, symbol, text }) => (
        <div key={key} class="toast">
          <a href={`/instruments/${encodeURIComponent(symbol)}`}>{text}</a>
          <button
            type="button"
            aria-label={`Dismiss: ${text}`}
            onClick={() =>
              setToasts((shown) =>
                shown.filter((one) =>
                  one.key !== key
                )
              )}
          >
            <span aria-hidden="true">×</span>
          </button>
        </div>
      ))}
      {more > 0 && (
        <div class="toast">
          <a href="/alerts">{more} more alerts fired</a>
          <button type="button" onClick={() => setToasts([])}>
            Dismiss all
          </button>
        </div>
      )}
    </div>
  );
}

/** The code that judges is loaded once there is an alert. */
function listenOnceSet(): () => void {
  let over = false;
  let loading = false;
  let stop = () => {};
  const stopWatching = watchAlerts((alerts) => {
    if (alerts.length === 0 || loading) return;
    loading = true;
    import("./listen_for_alerts.ts").then(
      ({ listenForAlerts }) => {
        if (!over) stop = listenForAlerts();
      },
      () => loading = false, // tried again as alerts change
    );
  });
  return () => {
    over = true;
    stopWatching();
    stop();
  };
}
