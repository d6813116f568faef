import { join } from "node:path";

/** Longest time by which a file's change may be stamped too early, in ms. */
const STAMP_SLACK_MS = 2_000;

/**
 * Asks the system to write every file of a folder to disk, and the folders
 * themselves, and waits until it has; files that did not change since the time
 * given (Unix ms) are left out.
 */
export async function syncFolder(
  dir: string,
  options: { readonly changedSince: number },
): Promise<void> {
  for await (const entry of Deno.readDir(dir)) {
    const path = join(dir, entry.name);
    if (entry.isDirectory) await syncFolder(path, options);
    else if (entry.isFile) await syncFile(path, options.changedSince);
  }
  await syncPath(dir);
}

async function syncFile(path: string, changedSince: number): Promise<void> {
  try {
    const { mtime } = await Deno.stat(path);
    const changed = mtime?.getTime() ?? Infinity;
    if (changed >= changedSince - STAMP_SLACK_MS) await syncPath(path);
  } catch (error) {
    // Files come and go under a running database; one that went needs no sync.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function syncPath(path: string): Promise<void> {
  using file = await Deno.open(path, { read: true });
  await file.sync();
}
