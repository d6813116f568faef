import assert from "node:assert/strict";
import { settings } from "../pipeline/config.ts";

const readme = await Deno.readTextFile(
  new URL("../README.md", import.meta.url),
);

/** The README's table of settings, as `deno fmt` lays it out less padding. */
function settingsTable(): readonly string[] {
  return settings.map(({ key, fallback, meaning, wanted }) =>
    `| \`${key}\` | ${fallback ? `\`${fallback}\`` : "unset"} | ${meaning}: ${
      wanted.replaceAll("|", "\\|")
    } |`
  );
}

Deno.test("the README has every setting, as the program reads it", () => {
  const rows = readme.split("\n").map((line) => line.replace(/\s+/g, " "));
  for (const row of settingsTable()) {
    assert(rows.includes(row.replace(/\s+/g, " ")), row);
  }
});

Deno.test("the README names every task that deno.json has", async () => {
  const { tasks } = JSON.parse(
    await Deno.readTextFile(new URL("../deno.json", import.meta.url)),
  );
  const changelog = await Deno.readTextFile(
    new URL("../CHANGELOG.md", import.meta.url),
  );
  for (const name of Object.keys(tasks)) {
    assert((readme + changelog).includes(name), name);
  }
});
