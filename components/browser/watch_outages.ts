import type { Outage, OutageHere } from "../outage.ts";

const EVERY_MS = 4_000;
/** A server that takes longer is not reached. */
const ANSWER_MS_MAX = 4_000;

type Listener = (outage: OutageHere) => void;

const listeners = new Set<Listener>();
let known: OutageHere = { reasons: [], warnings: [], unreachedSince: null };
let timer: ReturnType<typeof setTimeout> | undefined;
let asking = false;

/**
 * Asks the server what does not work, once for all islands of the page, and
 * says when it is not reached.
 *
 * @param first As the server rendered it.
 * @returns How to stop.
 */
export function watchOutages(listener: Listener, first: Outage): () => void {
  if (listeners.size === 0) {
    known = { ...first, unreachedSince: null };
    timer = setTimeout(ask, EVERY_MS);
    addEventListener("online", ask);
    addEventListener("offline", ask);
    document.addEventListener("visibilitychange", ask);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearTimeout(timer);
    removeEventListener("online", ask);
    removeEventListener("offline", ask);
    document.removeEventListener("visibilitychange", ask);
  };
}

async function ask(): Promise<void> {
  if (asking) return;
  clearTimeout(timer);
  if (!document.hidden) {
    asking = true;
    known = await answer();
    asking = false;
    for (const listener of listeners) listener(known);
  }
  if (listeners.size > 0) timer = setTimeout(ask, EVERY_MS);
}

async function answer(): Promise<OutageHere> {
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
