/** What the reader chose, or what the system prefers. */
export interface ThemeChoice {
  readonly dark: boolean;
  /** Blue and orange instead of teal and red. */
  readonly colourBlind: boolean;
}

/**
 * Tells how the page looks, now and whenever that changes.
 *
 * @returns How to stop.
 */
export function watchTheme(callback: (theme: ThemeChoice) => void): () => void {
  const media = matchMedia("(prefers-color-scheme: dark)");
  const { dataset } = document.documentElement;
  const tell = () =>
    callback({
      dark: dataset.theme === "dark" ||
        (dataset.theme !== "light" && media.matches),
      colourBlind: dataset.palette === "colorblind",
    });
  const observer = new MutationObserver(tell);
  observer.observe(document.documentElement, {
    attributeFilter: ["data-theme", "data-palette"],
  });
  media.addEventListener("change", tell);
  tell();
  return () => {
    observer.disconnect();
    media.removeEventListener("change", tell);
  };
}
