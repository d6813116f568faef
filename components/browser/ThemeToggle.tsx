import { useEffect, useState } from "preact/hooks";
import {
  DEFAULT_SETTINGS,
  THEMES,
  watchSettings,
  writeSettings,
} from "./settings.ts";

/** Chooses dark or light, and the colours of up and down. */
export function ThemeToggle() {
  const [{ theme, palette }, setSettings] = useState(DEFAULT_SETTINGS);
  const [ready, setReady] = useState(false);

  useEffect(() => {
    setReady(true);
    return watchSettings(setSettings);
  }, []);

  const blueOrange = palette === "colorblind";
  return (
    <span class="theme" hidden={!ready}>
      <button
        type="button"
        onClick={() =>
          writeSettings({ palette: blueOrange ? "classic" : "colorblind" })}
        aria-pressed={blueOrange}
        aria-label="Blue and orange instead of teal and red"
        title="Blue and orange instead of teal and red"
      >
        <span class="swatch up" aria-hidden="true">▲</span>
        <span class="swatch down" aria-hidden="true">▼</span>
      </button>
      <button
        type="button"
        onClick={() =>
          writeSettings({
            theme: THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length],
          })}
        aria-label={`Theme: ${theme}`}
        title="Dark, light or as the system"
      >
        <span class="word">Theme:</span> {theme}
      </button>
    </span>
  );
}
