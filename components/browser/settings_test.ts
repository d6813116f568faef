import assert from "node:assert/strict";
import {
  DEFAULT_SETTINGS,
  parseSettings,
  type Settings,
  settingsFromQuery,
  settingsToQuery,
  zoneFor,
} from "./settings.ts";

const OTHERS: Settings = {
  theme: "dark",
  palette: "colorblind",
  timeZone: "Asia/Kolkata",
  interval: "5m",
  count: 300,
  sound: true,
  notifications: true,
};

Deno.test("settings survive being kept", () => {
  assert.deepEqual(parseSettings(JSON.stringify(OTHERS)), OTHERS);
});

Deno.test("a wrong setting becomes its default, and leaves the others", () => {
  const wrong: Readonly<Record<keyof Settings, readonly unknown[]>> = {
    theme: ["Dark", null, 1],
    palette: ["blue", false],
    timeZone: ["Mars/Olympus", "", 5],
    interval: ["7m", "1m ", 60],
    count: [19, 1_001, 100.5, "100", null],
    sound: ["true", 1],
    notifications: ["yes", {}],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      assert.deepEqual(
        parseSettings(JSON.stringify({ ...OTHERS, [name]: value })),
        { ...OTHERS, [name]: DEFAULT_SETTINGS[name as keyof Settings] },
        `${name}: ${value}`,
      );
    }
  }
});

Deno.test("what is no object of settings is the defaults", () => {
  for (const json of [null, "", "{", "[]", "null", "7", '{"x":1}']) {
    assert.deepEqual(parseSettings(json), DEFAULT_SETTINGS, String(json));
  }
});

Deno.test("a link carries every setting", () => {
  for (const settings of [DEFAULT_SETTINGS, OTHERS]) {
    const query = new URLSearchParams(settingsToQuery(settings));
    assert.deepEqual(settingsFromQuery(query), settings);
  }
});

Deno.test("what a link says wrongly is left out", () => {
  const query = new URLSearchParams(
    "theme=dark&palette=x&count=5&sound=1&interval=&other=1",
  );
  assert.deepEqual(settingsFromQuery(query), { theme: "dark" });
});

Deno.test("times are shown in the exchange's zone unless another is chosen", () => {
  assert.equal(zoneFor("exchange", "Asia/Kolkata"), "Asia/Kolkata");
  assert.equal(zoneFor("utc", "Asia/Kolkata"), "UTC");
  assert.equal(zoneFor("Europe/Berlin", "Asia/Kolkata"), "Europe/Berlin");
  assert.equal(
    zoneFor("browser", "Asia/Kolkata"),
    new Intl.DateTimeFormat().resolvedOptions().timeZone,
  );
});
