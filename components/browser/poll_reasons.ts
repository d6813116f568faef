const TROUBLE_EVERY_MS = 5_000;
const CALM_EVERY_MS = 15_000;

/**
 * Asks the server what does not work, more often while something does not.
 *
 * A server that is not reached changes nothing: the link's status tells that.
 *
 * @returns How to stop.
 */
export function pollReasons(
  onReasons: (reasons: readonly string[]) => void,
  first: readonly string[],
): () => void {
  let trouble = first.length > 0;
  let timer: ReturnType<typeof setTimeout>;
  let open = true;
  const again = () => {
    timer = setTimeout(ask, trouble ? TROUBLE_EVERY_MS : CALM_EVERY_MS);
  };
  const ask = async () => {
    if (!document.hidden) {
      try {
        // Not `/readyz`: its 503 would be an error in the browser's console.
        const { reasons } = await (await fetch("/healthz")).json();
        if (open && Array.isArray(reasons)) {
          trouble = reasons.length > 0;
          onReasons(reasons);
        }
      } catch {
        trouble = true;
      }
    }
    if (open) again();
  };
  again();
  return () => {
    open = false;
    clearTimeout(timer);
  };
}
