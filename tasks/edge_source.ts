import type { BundleBytes } from "../fresh/bundle.ts";
import type { Project } from "../fresh/project.ts";
import type { CalendarSpec } from "../pipeline/calendars/calendar_spec.ts";

/** The modules that a bundler makes one file of, by their names. */
export interface EdgeSource {
  /** Registers islands, before any page is imported. */
  readonly islands: string;
  /** Default-exports what a host calls. */
  readonly entry: string;
}

const HEAD = "// @ts-nocheck: written by `deno task build`\n";

/**
 * The pages of a project as modules that import all of it by name and hold its
 * files, so that a host needs neither a file system nor imports by path.
 *
 * @param routeFiles Paths under `routes/`, with their endings.
 * @param islandsName Where `islands` is to be, as seen from the entry.
 */
export function edgeSource({ project, routeFiles, bundle, calendars }: {
  readonly project: Project;
  readonly routeFiles: readonly string[];
  readonly bundle: BundleBytes;
  readonly calendars: readonly CalendarSpec[];
}, islandsName: string): EdgeSource {
  const islands = [...project.islands];
  const statics = [...project.staticFiles].map(([path, file]) => [
    path,
    { ...file, bytes: file.bytes.toBase64() },
  ]);
  const scripts = Object.entries(bundle).map(([name, bytes]) => [
    name,
    bytes.toBase64(),
  ]);
  return {
    islands: [
      HEAD,
      'import { registerIslands } from "../fresh/islands.ts";',
      ...islands.map(([, path], i) =>
        `import * as island${i} from ${text(`../${path}`)};`
      ),
      ...islands.map(([name], i) =>
        `registerIslands(${text(name)}, island${i});`
      ),
    ].join("\n") + "\n",
    entry: [
      HEAD,
      `import ${text(islandsName)};`,
      'import { useBundle } from "../fresh/bundle.ts";',
      'import { useBuiltProject } from "../fresh/project.ts";',
      'import { edgeHandler } from "../program/edge_handler.ts";',
      ...routeFiles.map((file, i) =>
        `import * as route${i} from ${text(`../routes/${file}`)};`
      ),
      "const bytes = (text) => Uint8Array.fromBase64(text);",
      "useBuiltProject({",
      `  buildId: ${text(project.buildId)},`,
      "  routes: [",
      ...routeFiles.map((file, i) =>
        `    { path: ${text(file.replace(/\.tsx?$/, ""))}, module: route${i} },`
      ),
      "  ],",
      `  staticFiles: new Map(${text(statics)}.map(([path, file]) => [`,
      "    path,",
      "    { ...file, bytes: bytes(file.bytes) },",
      "  ])),",
      "});",
      `await useBundle(() => Object.fromEntries(${text(scripts)}.map(`,
      "  ([name, text]) => [name, bytes(text)],",
      ")));",
      `export default await edgeHandler(${text(calendars)});`,
    ].join("\n") + "\n",
  };
}

/** JSON is JavaScript. */
const text = (value: unknown) => JSON.stringify(value);
