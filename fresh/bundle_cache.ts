import type { BundleBytes } from "./bundle.ts";
import { shortHash } from "./static_manifest.ts";

/** What a folder with a bundle says of itself. */
interface Manifest {
  readonly buildId: string;
  /** Hashes of the files, so that a damaged bundle is not used. */
  readonly files: Readonly<Record<string, string>>;
}

let cacheDir: string | null = null;

/** Keeps bundles in a folder of their own; without it, in memory only. */
export function setBundleCacheDir(folder: string | null): void {
  cacheDir = folder;
}

export async function readCachedBundle(
  buildId: string,
): Promise<BundleBytes | null> {
  if (cacheDir === null) return null;
  return await readBundleFolder(`${cacheDir}/${buildId}`, buildId);
}

/** Saves a bundle and removes those of other builds; a failure is logged. */
export async function saveCachedBundle(
  buildId: string,
  bytes: BundleBytes,
): Promise<void> {
  if (cacheDir === null) return;
  try {
    await writeBundleFolder(`${cacheDir}/${buildId}`, buildId, bytes);
    for await (const { name } of Deno.readDir(cacheDir)) {
      if (name === buildId) continue;
      await Deno.remove(`${cacheDir}/${name}`, { recursive: true });
    }
  } catch (error) {
    console.error("Cannot cache the islands' code", error);
  }
}

/** Writes the manifest last: without one, there is no bundle in a folder. */
export async function writeBundleFolder(
  folder: string,
  buildId: string,
  bytes: BundleBytes,
): Promise<void> {
  await removeIfThere(folder);
  await Deno.mkdir(folder, { recursive: true });
  const files: Record<string, string> = {};
  for (const [name, content] of Object.entries(bytes)) {
    files[name] = await shortHash(content);
    await Deno.writeFile(`${folder}/${name}`, content);
  }
  const manifest: Manifest = { buildId, files };
  const text = JSON.stringify(manifest, null, 2);
  await Deno.writeTextFile(`${folder}/manifest.json`, text);
}

/** The bundle in a folder, or null if it is damaged or of another build. */
export async function readBundleFolder(
  folder: string,
  buildId: string,
): Promise<BundleBytes | null> {
  try {
    const text = await Deno.readTextFile(`${folder}/manifest.json`);
    const manifest: Manifest = JSON.parse(text);
    if (manifest.buildId !== buildId) return null;
    const bytes: Record<string, Uint8Array<ArrayBuffer>> = {};
    for (const [name, hash] of Object.entries(manifest.files)) {
      if (!/^[\w-]+\.js$/.test(name)) return null;
      bytes[name] = await Deno.readFile(`${folder}/${name}`);
      if (await shortHash(bytes[name]) !== hash) return null;
    }
    return bytes;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
