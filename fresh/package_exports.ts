type Target = string | null | Target[] | { [condition: string]: Target };

export interface PackageJson {
  exports?: Target;
  browser?: unknown;
  module?: string;
  main?: string;
}

const CONDITIONS = new Set(["browser", "import", "module", "default"]);

/**
 * The file of a package that an import of it means in a browser.
 *
 * @param subpath `.` or `./path`, as package.json writes it.
 * @returns A path relative to the package, or null if it exports no such thing.
 */
export function packageFile(
  json: PackageJson,
  subpath: string,
): string | null {
  if (json.exports === undefined) {
    if (subpath !== ".") return subpath;
    const browser = typeof json.browser === "string" ? json.browser : null;
    return browser ?? json.module ?? json.main ?? "./index.js";
  }
  const { exports } = json;
  if (!isMap(exports) || !Object.keys(exports)[0]?.startsWith(".")) {
    return subpath === "." ? pick(exports) : null;
  }
  if (subpath in exports) return pick(exports[subpath]);
  for (const [pattern, target] of Object.entries(exports)) {
    const [prefix, suffix] = pattern.split("*");
    if (suffix === undefined || !subpath.startsWith(prefix)) continue;
    if (!subpath.endsWith(suffix)) continue;
    const star = subpath.slice(prefix.length, subpath.length - suffix.length);
    return pick(target)?.replaceAll("*", star) ?? null;
  }
  return null;
}

/** The first condition that a browser meets, as Node does it. */
function pick(target: Target): string | null {
  if (target === null || typeof target === "string") return target;
  const targets = Array.isArray(target) ? target : Object.entries(target)
    .filter(([condition]) => CONDITIONS.has(condition))
    .map(([, each]) => each);
  for (const each of targets) {
    const found = pick(each);
    if (found !== null) return found;
  }
  return null;
}

function isMap(target: Target): target is Record<string, Target> {
  return typeof target === "object" && target !== null &&
    !Array.isArray(target);
}
