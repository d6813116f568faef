import {
  readBundleFolder,
  readCachedBundle,
  saveCachedBundle,
  writeBundleFolder,
} from "./bundle_cache.ts";
import type { BundleReply, BundleRequest } from "./bundle_worker.ts";
import { loadProject, type Project } from "./project.ts";
import { type StaticFile, staticFile } from "./static_manifest.ts";

/** The files of the islands' code, by their names below `/_fresh/js/<id>/`. */
export type Bundle = ReadonlyMap<string, StaticFile>;

/** The same as plain bytes. */
export type BundleBytes = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

/** Seconds of a core, with room for a machine that is busy or stood still. */
const BUNDLE_TIME_MAX_MS = 180_000;

/** The bundler did not come to its end, which says nothing of the sources. */
export class LateBundleError extends Error {
  override name = "LateBundleError";

  constructor(ms: number) {
    super(`No bundle after ${ms} ms`);
  }
}

let current: {
  readonly project: Project;
  readonly bytes: () => BundleBytes | Promise<BundleBytes>;
  /** Made when it is asked for. */
  bundle: Promise<Bundle> | null;
} | null = null;

/**
 * The code of the islands: from the cache, or bundled now, once; again for who
 * asks after the bundler was late.
 *
 * Pages do not wait for it, requests for the code do. Call it before the first
 * of them to have it ready.
 *
 * @throws {LateBundleError} If the bundler takes too long.
 * @throws {Error} If an island cannot be bundled, naming it and the import.
 */
export async function islandBundle(): Promise<Bundle> {
  const project = await loadProject();
  if (current?.project !== project) {
    current = { project, bytes: () => makeBundle(project), bundle: null };
  }
  const made = current;
  made.bundle ??= Promise.resolve(made.bytes()).then(toFiles).catch((error) => {
    if (error instanceof LateBundleError) made.bundle = null;
    throw error;
  });
  return await made.bundle;
}

/** Bundles into a folder, for hosts that read it with `readBundle()`. */
export async function writeBundle(folder: string): Promise<void> {
  const project = await loadProject();
  await writeBundleFolder(folder, project.buildId, await bundle(project));
}

/**
 * Uses the code that `writeBundle()` wrote.
 *
 * @throws {Error} If it was made from other sources than those at hand.
 */
export async function readBundle(folder: string): Promise<void> {
  const bytes = await readBuiltBundle(folder);
  await useBundle(() => bytes);
}

/**
 * The code that `writeBundle()` wrote.
 *
 * @throws {Error} If it was made from other sources than those at hand.
 */
export async function readBuiltBundle(folder: string): Promise<BundleBytes> {
  const { buildId } = await loadProject();
  const bytes = await readBundleFolder(folder, buildId);
  if (bytes !== null) return bytes;
  throw new Error(
    `Cannot use the bundle in ${folder} as it must be of these sources, ` +
      `build ${buildId}: write it again`,
  );
}

/** Uses code that is in memory, once it is asked for. */
export async function useBundle(
  bytes: () => BundleBytes | Promise<BundleBytes>,
): Promise<void> {
  current = { project: await loadProject(), bytes, bundle: null };
}

async function makeBundle(project: Project): Promise<BundleBytes> {
  const cached = await readCachedBundle(project.buildId);
  if (cached !== null) return cached;
  const bytes = await bundle(project);
  await saveCachedBundle(project.buildId, bytes);
  return bytes;
}

/** One run of the bundler, in a Worker, as it keeps a thread busy. */
async function bundle(project: Project): Promise<BundleBytes> {
  const worker = new Worker(import.meta.resolve("./bundle_worker.ts"), {
    type: "module",
    name: "bundle",
  });
  const own = new URL(".", import.meta.url);
  const request: BundleRequest = {
    entries: {
      "boot.js": pathOf(new URL("boot.ts", own)),
      ...Object.fromEntries(
        [...project.islands].map(([name, path]) => [name, project.root + path]),
      ),
    },
    root: pathOf(new URL("../", own)),
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const reply = await new Promise<BundleReply>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`Cannot run the bundler: ${event.message}`));
      };
      timer = setTimeout(
        () => reject(new LateBundleError(BUNDLE_TIME_MAX_MS)),
        BUNDLE_TIME_MAX_MS,
      );
      worker.postMessage(request);
    });
    if (reply.kind === "failed") throw new Error(reply.reason);
    return reply.files;
  } finally {
    clearTimeout(timer);
    worker.terminate();
  }
}

async function toFiles(bytes: BundleBytes): Promise<Bundle> {
  const files = Object.entries(bytes).map(async ([name, content]) =>
    [name, await staticFile(name, content)] as const
  );
  return new Map(await Promise.all(files));
}

const pathOf = (url: URL) => decodeURIComponent(url.pathname);
