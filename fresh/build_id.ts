/** The query parameter that makes a static file's URL immutable. */
export const CACHE_KEY = "__frsh_c";

let current = "dev";

/** The name of this state of the browser's code and static files. */
export function buildId(): string {
  return current;
}

/** Set once: by the server from its files, in the browser from the page. */
export function setBuildId(id: string): void {
  current = id;
}

/**
 * The URL of a file under `static/` that may be cached for a year, as it
 * changes whenever any such file does. Other URLs are returned as they are.
 */
export function asset(path: string): string {
  if (!path.startsWith("/") || path.startsWith("//")) return path;
  const url = new URL(path, "http://localhost");
  if (url.searchParams.has(CACHE_KEY)) return path;
  url.searchParams.set(CACHE_KEY, buildId());
  return url.pathname + url.search + url.hash;
}
