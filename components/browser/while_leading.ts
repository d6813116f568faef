/**
 * Does something in one of this browser's tabs at a time, for as long as that
 * is open; another one then goes on.
 *
 * @param lead Begins, and returns how to end; `alone` is false where the
 * browser has no locks, so that every tab does it.
 * @returns How to stop.
 */
export function whileLeading(
  name: string,
  lead: (alone: boolean) => () => void,
): () => void {
  // Pages that are not on this machine and not over HTTPS have none.
  if (navigator.locks === undefined) return lead(false);
  const over = new AbortController();
  const { signal } = over;
  navigator.locks.request(name, { signal }, () => {
    const end = lead(true);
    return new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => {
        end();
        resolve();
      });
    });
  }).catch(() => {}); // the page was left while it waited
  return () => over.abort();
}
