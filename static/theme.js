// Shows the reader's choice before anything is painted, and when it changes:
// the only place that does. `components/browser/settings.ts` keeps it.
{
  const KEY = "tickhouse.settings";
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
  };
  addEventListener(KEY, (event) => show(event.detail));
  addEventListener("storage", ({ key }) => {
    if (key === KEY || key === null) show(read());
  });
  show(read());
}
