import assert from "node:assert/strict";
import { DEFAULT_SETTINGS } from "./browser/settings.ts";
import { settingChanges } from "./settings_words.ts";

Deno.test("settingChanges() tells what a link would change, and nothing else", () => {
  const link = {
    theme: "auto",
    palette: "colorblind",
    timeZone: "Asia/Kolkata",
    sound: true,
  } as const;
  assert.deepEqual(settingChanges(DEFAULT_SETTINGS, link), [
    { name: "palette", from: "teal and red", to: "blue and orange" },
    { name: "timeZone", from: "the exchange’s", to: "Asia/Kolkata" },
    { name: "sound", from: "off", to: "on" },
  ]);
});
