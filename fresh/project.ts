import { setBuildId } from "./build_id.ts";
import type { FileRoutes } from "./fs_routes.ts";
import { hashSources } from "./hash_sources.ts";
import { registerIslands } from "./islands.ts";
import { readStaticFiles, type StaticFile } from "./static_manifest.ts";
import { listFiles } from "./list_files.ts";

/** The files of the application, as they were when it started. */
export interface Project {
  readonly root: string;
  readonly buildId: string;
  readonly routes: FileRoutes;
  /** The islands' modules: file in the bundle -> path under the root. */
  readonly islands: ReadonlyMap<string, string>;
  /** Files under `static/` by the path that requests name them by. */
  readonly staticFiles: ReadonlyMap<string, StaticFile>;
}

type Module = Record<string, unknown>;

let root = new URL("../", import.meta.url);
let loading: Promise<Project> | null = null;

/** The folder of main.ts, as a path that ends in a slash. */
export function projectRoot(): string {
  return filePath(root);
}

/** Uses another folder than the one above `fresh/`: for tests. */
export function setProjectRoot(folder: URL): void {
  root = folder;
  loading = null;
}

/**
 * Reads and imports the files of the application, once.
 *
 * Handlers wait for it by themselves; call it before serving to fail early.
 */
export function loadProject(): Promise<Project> {
  return loading ??= load(root);
}

/** The application as a build has gathered it: all of it is in memory. */
export type BuiltProject = Pick<
  Project,
  "buildId" | "routes" | "staticFiles"
>;

/** Uses what a build has gathered: no file is read. */
export function useBuiltProject(built: BuiltProject): void {
  setBuildId(built.buildId);
  loading = Promise.resolve({ ...built, root: "", islands: new Map() });
}

async function load(root: URL): Promise<Project> {
  const folder = filePath(root);
  const [all, islandFiles, staticFiles] = await Promise.all([
    listFiles(folder + "routes"),
    listFiles(folder + "islands"),
    readStaticFiles(folder + "static"),
  ]);
  const routeFiles = all.filter(isModule);
  const islands = nameIslands([
    ...islandFiles.filter(isModule).map((file) => `islands/${file}`),
    ...routeFiles.filter(isLocalIsland).map((file) => `routes/${file}`),
  ]);
  const buildId = await hashSources(folder, [...islands.values()], staticFiles);
  setBuildId(buildId);
  // Islands before routes, whose modules may hold their elements.
  const modules = await importModules(root, [...islands.values()]);
  [...islands.keys()].forEach((name, i) => registerIslands(name, modules[i]));
  const pages = routeFiles.filter(isRouteFile);
  const found = await importModules(
    root,
    pages.map((file) => `routes/${file}`),
  );
  const routes = pages.map((file, i) => ({
    path: stem(file),
    module: found[i],
  }));
  return { root: folder, buildId, routes, islands, staticFiles };
}

/** Names the code of each island's module: one folder, so one plain name. */
function nameIslands(paths: readonly string[]): Map<string, string> {
  const islands = new Map<string, string>();
  for (const path of paths) {
    const name = stem(path).replace(/[^A-Za-z0-9-]+/g, "_") + ".js";
    const other = islands.get(name);
    if (other !== undefined) {
      throw new Error(`Cannot name the code of ${path} as ${other} is ${name}`);
    }
    islands.set(name, path);
  }
  return islands;
}

/** The modules of these files, in their order. */
async function importModules(
  root: URL,
  paths: readonly string[],
): Promise<readonly Module[]> {
  const urls = paths.map((path) =>
    new URL(path.split("/").map(encodeURIComponent).join("/"), root).href
  );
  // One module that names them all: Deno takes three times as long to import
  // them one by one.
  const code = urls.map((url, i) => `export * as m${i} from "${url}";`);
  try {
    const all = await import(
      `data:text/javascript,${encodeURIComponent(code.join(""))}`
    );
    return urls.map((_, i) => all[`m${i}`]);
  } catch {
    return await Promise.all(
      urls.map((url, i) => importModule(url, paths[i])),
    );
  }
}

/** One module, to say which one it is that cannot be imported. */
async function importModule(url: string, path: string): Promise<Module> {
  try {
    return await import(url);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot import ${path}: ${reason}`, { cause });
  }
}

/** Whether a file under `routes/` is a route, by its path there. */
export function isRouteFile(path: string): boolean {
  return isModule(path) && !isInternal(path);
}

const isModule = (path: string) =>
  /\.tsx?$/.test(path) && !/[._]test\.tsx?$/.test(path) &&
  !path.endsWith(".d.ts");
const isInternal = (path: string) => /(^|\/)\(_[^/]*\)\//.test(path);
const isLocalIsland = (path: string) => /(^|\/)\(_islands\)\//.test(path);
const stem = (path: string) => path.replace(/\.tsx?$/, "");
const filePath = (url: URL) => decodeURIComponent(url.pathname);
