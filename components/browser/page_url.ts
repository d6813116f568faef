/** Changes parameters of the page's address; `null` takes one away. */
export function changeUrl(
  changes: Readonly<Record<string, string | null>>,
  how: "push" | "replace",
): void {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  if (url.href === location.href) return;
  if (how === "push") history.pushState(null, "", url);
  else history.replaceState(history.state, "", url);
}
