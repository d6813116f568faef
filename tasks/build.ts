/**
 * Writes the islands' code to `_build/`, for `edge.ts`, and what the bundler
 * that follows makes `_build/edge.js` of.
 */
import { readBuiltBundle, writeBundle } from "../fresh/bundle.ts";
import { listFiles } from "../fresh/list_files.ts";
import { isRouteFile, loadProject } from "../fresh/project.ts";
import {
  calendarsOf,
  parseCalendarSpec,
  readCalendars,
} from "../pipeline/calendars/load_markets.ts";
import { staticFile } from "../fresh/static_manifest.ts";
import { allPageStyles } from "../web/page_styles.ts";
import { edgeSource } from "./edge_source.ts";

const FOLDER = "_build";
const ISLANDS = "edge_islands.ts";

const began = performance.now();
await writeBundle(FOLDER);
const project = await loadProject();
const calendars = await readCalendars(`${project.root}markets/calendars`);
calendarsOf(calendars); // all of them can be used together
const staticFiles = new Map(project.staticFiles);
for (const [path, css] of await allPageStyles()) {
  staticFiles.set(path, await staticFile(path, new TextEncoder().encode(css)));
}
const { islands, entry } = edgeSource({
  project: { ...project, staticFiles },
  routeFiles: (await listFiles(`${project.root}routes`)).filter(isRouteFile),
  bundle: await readBuiltBundle(FOLDER),
  calendars: calendars.map(({ file, text }) => parseCalendarSpec(text, file)),
}, `./${ISLANDS}`);
await Deno.writeTextFile(`${FOLDER}/${ISLANDS}`, islands);
await Deno.writeTextFile(`${FOLDER}/edge_entry.ts`, entry);
const seconds = ((performance.now() - began) / 1_000).toFixed(1);
console.log(`Wrote the islands' code to ${FOLDER}/ in ${seconds} s`);
