import { Buffer } from "node:buffer";
import { shortHash, type StaticFile } from "./static_manifest.ts";

/**
 * The build id: one hash over all that reaches a browser from this project.
 *
 * That is the islands and what they import, by a scan for quoted relative
 * paths that finds rather too much than too little; the browser's side of
 * `fresh/`; the versions in deno.json and deno.lock; and `static/`.
 *
 * A start waits for it, and to wait for each of the files would be as many
 * turns of a thread that is busy: they are read as they are come to.
 */
export async function hashSources(
  root: string,
  islands: readonly string[],
  staticFiles: ReadonlyMap<string, StaticFile>,
): Promise<string> {
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
  const sources = new Map<string, Uint8Array<ArrayBuffer>>();
  const seen = new Set<string>();
  for (const path of entries) visit(path, seen, sources);
  const lines = [...sources].map(([path, bytes]) => {
    const name = path.split("/").slice(-2).join("/"); // same on every machine
    return `${name} ${bytes.length}`;
  });
  for (const [path, { etag }] of staticFiles) lines.push(`${path} ${etag}`);
  const text = new TextEncoder().encode(lines.join("\n"));
  return await shortHash(Buffer.concat([text, ...sources.values()]));
}

function visit(
  path: string,
  seen: Set<string>,
  sources: Map<string, Uint8Array<ArrayBuffer>>,
): void {
  if (seen.has(path)) return;
  seen.add(path);
  const bytes = readIfThere(path);
  if (bytes === null) return;
  sources.set(path, bytes);
  if (!/\.tsx?$/.test(path)) return;
  const text = new TextDecoder().decode(bytes);
  for (const [, specifier] of text.matchAll(/["'](\.\.?\/[^"'\n]+)["']/g)) {
    const next = new URL(specifier, "file://" + encodeURI(path));
    visit(decodeURIComponent(next.pathname), seen, sources);
  }
}

function readIfThere(path: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Deno.readFileSync(path);
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
