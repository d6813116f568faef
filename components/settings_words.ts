import type { Settings } from "./browser/settings.ts";

/** What each setting is called, and what it does. */
export const SETTING_WORDS: Readonly<
  Record<keyof Settings, { readonly name: string; readonly about: string }>
> = {
  theme: {
    name: "Theme",
    about: "Dark, light, or as the system has it.",
  },
  palette: {
    name: "Colours of up and down",
    about: "Blue and orange differ for every common colour vision.",
  },
  timeZone: {
    name: "Time zone",
    about: "Times of candles, forecasts and signals. Each exchange's own, " +
      "unless another is chosen.",
  },
  interval: {
    name: "Interval",
    about: "Length of a candle when a chart opens.",
  },
  count: {
    name: "Candles shown",
    about: "How many a chart shows when it opens.",
  },
  sound: {
    name: "Sound",
    about: "Two short tones when an alert fires.",
  },
  notifications: {
    name: "Notifications",
    about: "The browser shows an alert that fires while its page is open, " +
      "also in a tab that is not in front. It asks for permission first.",
  },
};

const VALUE_WORDS: Readonly<Record<string, string>> = {
  auto: "as the system",
  dark: "dark",
  light: "light",
  classic: "teal and red",
  colorblind: "blue and orange",
  exchange: "the exchange’s",
  browser: "this browser’s",
  utc: "UTC",
  true: "on",
  false: "off",
};

/** A value of a setting, as in `blue and orange`. */
export function settingValue(value: Settings[keyof Settings]): string {
  return VALUE_WORDS[String(value)] ?? String(value);
}

/** A setting that a link would change. */
export interface SettingChange {
  readonly name: keyof Settings;
  readonly from: string;
  readonly to: string;
}

/** What settings differ in, in words. */
export function settingChanges(
  from: Settings,
  to: Partial<Settings>,
): readonly SettingChange[] {
  return (Object.keys(SETTING_WORDS) as (keyof Settings)[]).flatMap((name) => {
    const value = to[name];
    return value === undefined || value === from[name] ? [] : [{
      name,
      from: settingValue(from[name]),
      to: settingValue(value),
    }];
  });
}
