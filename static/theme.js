// Shows the reader's choice before anything is painted, and when it changes:
// the only place that does. `components/browser/settings.ts` keeps it.
{
  const KEY = "tickhouse.settings";
  const GROUNDS = { dark: "#0a0e12", light: "#f3f5f7" };
  const read = () => {
    try {
      return JSON.parse(localStorage.getItem(KEY)) ?? {};
    } catch {
      return {}; // storage may be forbidden: the system's preference holds
    }
  };
  const show = ({ theme, palette }) => {
    const { dataset } = document.documentElement;
    if (theme === "dark" || theme === "light") dataset.theme = theme;
    else delete dataset.theme;
    if (palette === "colorblind") dataset.palette = palette;
    else delete dataset.palette;
    // The browser's own bar around an installed page, or above it on a phone.
    for (const meta of document.querySelectorAll("meta[name=theme-color]")) {
      const system = meta.media.includes("dark") ? "dark" : "light";
      meta.content = GROUNDS[dataset.theme ?? system];
    }
  };
  addEventListener(KEY, (event) => show(event.detail));
  addEventListener("storage", ({ key }) => {
    if (key === KEY || key === null) show(read());
  });
  show(read());
}
