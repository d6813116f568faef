import { useEffect, useState } from "preact/hooks";
import { DEFAULT_SETTINGS, type Settings, watchSettings } from "./settings.ts";

/** The reader's settings; the defaults until the browser has told them. */
export function useSettings(): Settings {
  const [settings, setSettings] = useState(DEFAULT_SETTINGS);
  useEffect(() => watchSettings(setSettings), []);
  return settings;
}
