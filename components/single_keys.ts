/**
 * Does something when a key is pressed anywhere on the page, as long as nobody
 * types into a field or has a dialog open.
 *
 * @returns How to stop.
 */
export function onSingleKey(key: string, act: () => void): () => void {
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== key || isMeantOtherwise(event)) return;
    event.preventDefault();
    act();
  };
  addEventListener("keydown", pressed);
  return () => removeEventListener("keydown", pressed);
}

/** Whether a key is meant for a field, for a dialog, or for the browser. */
export function isMeantOtherwise(
  { target, ctrlKey, metaKey, altKey }: KeyboardEvent,
): boolean {
  return ctrlKey || metaKey || altKey ||
    (target instanceof HTMLElement &&
      (target.isContentEditable ||
        target.closest("input, select, textarea, dialog[open]") !== null));
}
