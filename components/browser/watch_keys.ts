import { isMeantOtherwise } from "../single_keys.ts";

/** What the keyboard does in the list of instruments, for the reader. */
export const WATCH_KEYS: readonly (readonly [string, string])[] = [
  ["/", "Search by symbol, name or exchange"],
  ["j or ↓", "Next instrument"],
  ["k or ↑", "The one before"],
  ["Home, End", "First and last instrument"],
  ["Enter", "Open it; in the search, the first one found"],
  ["f", "Pin it on top, or let it go"],
  ["Esc", "Empty the search, and leave it"],
  ["?", "These keys"],
];

/**
 * Moves through the list, searches and pins by single keys, as long as nobody
 * types into something else.
 *
 * @returns How to stop.
 */
export function listenToKeys(options: {
  readonly search: HTMLInputElement;
  /** Holds the rows, each with a link in its heading. */
  readonly list: HTMLElement;
  readonly onPin: (symbol: string) => void;
  /** The search is to be empty. */
  readonly onClear: () => void;
  readonly onHelp: () => void;
}): () => void {
  const { search, list, onPin, onClear, onHelp } = options;
  const links = () => [...list.querySelectorAll<HTMLElement>("tbody th a")];
  const focused = () =>
    document.activeElement?.closest("tr")?.querySelector<HTMLElement>(
      "th a",
    ) ?? null;

  const moveTo = (index: number, all = links()) => {
    if (index < 0) search.focus();
    else all[Math.min(index, all.length - 1)]?.focus();
  };
  const moveBy = (step: number) => {
    const all = links();
    const at = all.indexOf(focused()!);
    // From elsewhere either key comes to the first one.
    moveTo(at < 0 ? 0 : at + step, all);
  };
  const inList = () => list.contains(document.activeElement);

  const inSearch: Readonly<Record<string, () => void>> = {
    ArrowDown: () => moveTo(0),
    Enter: () => links()[0]?.click(),
    Escape: () => {
      onClear();
      search.blur();
    },
  };
  const anywhere: Readonly<Record<string, () => void>> = {
    "/": () => {
      search.focus();
      search.select();
    },
    "?": onHelp,
    j: () => moveBy(1),
    k: () => moveBy(-1),
  };
  const onRow: Readonly<Record<string, () => void>> = {
    ArrowDown: () => moveBy(1),
    ArrowUp: () => moveBy(-1),
    Home: () => moveTo(0),
    End: () => moveTo(Infinity),
    f: () => onPin(focused()?.textContent ?? ""),
  };

  const pressed = (event: KeyboardEvent) => {
    const { key, target } = event;
    const act = target === search && !event.ctrlKey && !event.metaKey &&
        !event.altKey
      ? inSearch[key]
      : isMeantOtherwise(event)
      ? undefined
      : (inList() ? onRow[key] : undefined) ?? anywhere[key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  addEventListener("keydown", pressed);
  return () => removeEventListener("keydown", pressed);
}
