import { isBuiltin } from "node:module";
import { packageFile } from "./package_exports.ts";

export type Imports = Readonly<Record<string, string>>;

/**
 * The path of the file that an import in browser code means.
 *
 * Relative paths, names of deno.json, and packages below `node_modules`, each
 * by its real path, so that a package reached in two ways is one.
 *
 * @throws {Error} If it means nothing that a browser can run.
 */
export async function resolveImport(
  specifier: string,
  importer: string,
  { imports, root }: { imports: Imports; root: string },
): Promise<string> {
  if (isBuiltin(specifier)) throw new Error("browsers have no such module");
  if (/^\.{1,2}(\/|$)/.test(specifier)) {
    return await existingFile(folderOf(importer) + specifier);
  }
  if (importer.includes("/node_modules/")) {
    return await packageImport(specifier, folderOf(importer));
  }
  const target = mapped(specifier, imports);
  if (target.startsWith("./")) return await existingFile(root + target);
  if (target.startsWith("npm:")) {
    return await packageImport(bareName(target), root);
  }
  throw new Error("it is neither a file, nor an npm package of deno.json");
}

/** deno.json's `"a": "npm:a@1"` also stands for `a/b`. */
function mapped(specifier: string, imports: Imports): string {
  if (Object.hasOwn(imports, specifier)) return imports[specifier];
  const name = Object.keys(imports)
    .filter((key) => specifier.startsWith(key.replace(/\/?$/, "/")))
    .sort((a, b) => b.length - a.length)[0];
  if (name === undefined) return specifier;
  return imports[name] + specifier.slice(name.length);
}

/** `npm:@a/b@1.2.3/c` -> `@a/b/c`. */
function bareName(target: string): string {
  const [, name, path] = /^npm:\/?(@?[^@]+)(?:@[^/]*)?(\/.*)?$/.exec(target)!;
  return name + (path ?? "");
}

async function packageImport(
  specifier: string,
  from: string,
): Promise<string> {
  const [, name, path] = /^((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(specifier) ?? [];
  if (name === undefined) throw new Error("it is no npm package");
  for (let folder = from; folder !== ""; folder = parentOf(folder)) {
    const candidate = `${folder}node_modules/${name}/`;
    const json = await readJson(candidate + "package.json");
    if (json === null) continue;
    const file = packageFile(json, path === undefined ? "." : "." + path);
    if (file === null) throw new Error(`${name} does not export it`);
    return await existingFile(candidate + file);
  }
  throw new Error(`${name} is not in node_modules`);
}

/** Packages may leave out an extension or name a folder. */
async function existingFile(path: string): Promise<string> {
  for (const ending of ["", ".js", ".mjs", "/index.js"]) {
    try {
      const info = await Deno.stat(path + ending);
      if (info.isFile) return await Deno.realPath(path + ending);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  throw new Error("there is no such file");
}

async function readJson(path: string) {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Above the project there may be nothing that we are allowed to read. */
function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.NotCapable;
}

const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/") + 1);
const parentOf = (folder: string) => folderOf(folder.slice(0, -1));
