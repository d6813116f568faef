import type { Outage, OutageHere } from "../outage.ts";

const EVERY_MS = 4_000;
/** A server that takes longer is not reached. */
const ANSWER_MS_MAX = 4_000;

/**
 * Asks the server what does not work, and says when it is not reached.
 *
 * @param first As the server rendered it.
 * @returns How to stop.
 */
export function watchOutages(
  callback: (outage: OutageHere) => void,
  first: Outage,
): () => void {
  const over = new AbortController();
  const { signal } = over;
  let known: OutageHere = { ...first, unreachedSince: null };
  let asking = false;
  const ask = async () => {
    if (asking) return;
    clearTimeout(timer);
    if (!document.hidden) {
      asking = true;
      known = await answerAfter(known);
      asking = false;
      if (signal.aborted) return;
      callback(known);
    }
    timer = setTimeout(ask, EVERY_MS);
  };
  let timer = setTimeout(ask, EVERY_MS);
  addEventListener("online", ask, { signal });
  addEventListener("offline", ask, { signal });
  document.addEventListener("visibilitychange", ask, { signal });
  return () => {
    over.abort();
    clearTimeout(timer);
  };
}

async function answerAfter(known: OutageHere): Promise<OutageHere> {
  try {
    // Not `/readyz`: its 503 would be an error in the browser's console.
    const response = await fetch("/healthz", {
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const { reasons, warnings } = await response.json();
    // An answer without them is of a server that starts, or asks for a token.
    return Array.isArray(reasons) && Array.isArray(warnings)
      ? { reasons, warnings, unreachedSince: null }
      : { ...known, unreachedSince: null };
  } catch {
    return { ...known, unreachedSince: known.unreachedSince ?? Date.now() };
  }
}
