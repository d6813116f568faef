import { shortHash, type StaticFile } from "./static_manifest.ts";

/**
 * The build id: one hash over all that reaches a browser from this project.
 *
 * That is the islands and what they import, by a scan for quoted relative
 * paths that finds rather too much than too little; the browser's side of
 * `fresh/`; the versions in deno.json and deno.lock; and `static/`.
 */
export async function hashSources(
  root: string,
  islands: readonly string[],
  staticFiles: ReadonlyMap<string, StaticFile>,
): Promise<string> {
  const lines: string[] = [];
  const { pathname } = new URL(".", import.meta.url);
  const own = decodeURIComponent(pathname);
  const configs = ["../deno.json", "../deno.lock"].map((name) => own + name);
  const entries = [
    ...configs,
    `${own}boot.ts`,
    `${own}runtime.ts`,
    `${own}bundle_worker.ts`,
    ...islands.map((path) => root + path),
  ];
  const seen = new Set<string>();
  for (const path of entries) await visit(path, seen, lines);
  for (const [path, { etag }] of staticFiles) lines.push(`${path} ${etag}`);
  return await shortHash(new TextEncoder().encode(lines.sort().join("\n")));
}

async function visit(
  path: string,
  seen: Set<string>,
  lines: string[],
): Promise<void> {
  if (seen.has(path)) return;
  seen.add(path);
  const bytes = await readIfThere(path);
  if (bytes === null) return;
  const name = path.split("/").slice(-2).join("/"); // same on every machine
  lines.push(`${name} ${await shortHash(bytes)}`);
  if (!/\.tsx?$/.test(path)) return;
  const text = new TextDecoder().decode(bytes);
  for (const [, specifier] of text.matchAll(/["'](\.\.?\/[^"'\n]+)["']/g)) {
    const next = new URL(specifier, "file://" + encodeURI(path));
    await visit(decodeURIComponent(next.pathname), seen, lines);
  }
}

async function readIfThere(
  path: string,
): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    // A quoted path that is no import may name anything.
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotCapable ||
      error instanceof Deno.errors.IsADirectory
    ) return null;
    throw error;
  }
}
