import { useEffect, useState } from "preact/hooks";

const THEMES = ["auto", "dark", "light"] as const;
type Theme = typeof THEMES[number];

/** Chooses dark or light, and the colours of up and down; kept in this browser. */
export default function ThemeToggle() {
  const [theme, setTheme] = useState<Theme>("auto");
  const [blueOrange, setBlueOrange] = useState(false);
  const [ready, setReady] = useState(false);

  useEffect(() => {
    const { dataset } = document.documentElement;
    setTheme(THEMES.find((one) => one === dataset.theme) ?? "auto");
    setBlueOrange(dataset.palette === "blue-orange");
    setReady(true);
  }, []);

  const nextTheme = () => {
    const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    setTheme(next);
    keep("theme", next === "auto" ? null : next);
  };
  const nextPalette = () => {
    setBlueOrange(!blueOrange);
    keep("palette", blueOrange ? null : "blue-orange");
  };
  return (
    <span class="theme" hidden={!ready}>
      <button
        type="button"
        onClick={nextPalette}
        aria-pressed={blueOrange}
        aria-label="Blue and orange instead of teal and red"
        title="Blue and orange instead of teal and red"
      >
        <span class="swatch up" aria-hidden="true">▲</span>
        <span class="swatch down" aria-hidden="true">▼</span>
      </button>
      <button
        type="button"
        onClick={nextTheme}
        aria-label={`Theme: ${theme}`}
        title="Dark, light or as the system"
      >
        <span class="word">Theme:</span> {theme}
      </button>
    </span>
  );
}

/** `static/theme.js` reads it before the next page is painted. */
function keep(name: "theme" | "palette", value: string | null): void {
  const { dataset } = document.documentElement;
  if (value === null) delete dataset[name];
  else dataset[name] = value;
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // Storage may be forbidden; the choice then holds for this page only.
  }
}
